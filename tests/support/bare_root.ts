/** Roots with nothing but the C library of a Debian release, and what may be wrong with a host that ktriage is copied to. */
import { offlinePackage } from "./package.ts";
import { PRIVATE_MOUNTS } from "./private_mounts.ts";
import { quoted, runCommand } from "./vm_process.ts";

const FETCH = new URL("../../scripts/fetch-debian-root.sh", import.meta.url).pathname;
/** The kernel's own file systems, as a chroot has them. */
const AS_HERE = 'for of in proc sys dev; do mount --rbind "/$of" "$root/$of"; done';

export interface BareRootOptions {
  /** Of Debian: whose C library is there. None where it is undefined. */
  readonly release?: 11 | 12 | 13;
  /** Folders to make. */
  readonly folders?: readonly string[];
  /** A static busybox as these programs; without it there is no program at all. */
  readonly programs?: readonly string[];
  /** Where the package lies. Default `/ktriage`. */
  readonly file?: string;
  /** Lines of a shell that mount the kernel's file systems below `$root`. Default: those of this host. */
  readonly kernel?: string;
  /** What is done to `$root` after that, by the same shell. */
  readonly finally?: string;
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly umask?: string;
  /** Not root. */
  readonly uid?: number;
  /** It gets process ids of its own, as in a container. */
  readonly pid_namespace?: true;
}

/** A root on disk, for one test. */
export class BareRoot implements AsyncDisposable {
  readonly #options: BareRootOptions;
  readonly path: string;
  /** Files and folders that were there before anything ran. */
  readonly #at_first: ReadonlySet<string>;

  private constructor(path: string, options: BareRootOptions) {
    this.path = path;
    this.#options = options;
    this.#at_first = new Set(pathsBelow(path));
  }

  static async make(options: BareRootOptions): Promise<BareRoot> {
    const path = await Deno.makeTempDir({ prefix: "ktriage-root-" });
    await Deno.chmod(path, 0o755);
    const { release, folders = [], programs = [], file = "/ktriage" } = options;
    const land = release === undefined ? undefined : (await runCommand(FETCH, String(release))).trim();
    if (land !== undefined) await runCommand("cp", "-a", `${land}/.`, path);
    for (const name of ["proc", "sys", "dev"]) await Deno.mkdir(`${path}/${name}`, { recursive: true });
    for (const folder of folders) await Deno.mkdir(`${path}${folder}`, { recursive: true });
    if (programs.length > 0) {
      await runCommand("sh", "-c", 'cp "$(command -v busybox)" "$1"', "sh", `${path}/bin/busybox`);
      for (const name of programs) await Deno.symlink("busybox", `${path}/bin/${name}`);
    }
    await Deno.mkdir(`${path}${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(await offlinePackage(), `${path}${file}`);
    return new BareRoot(path, options);
  }

  /** The package as this root has it. */
  get file(): string {
    return this.#options.file ?? "/ktriage";
  }

  /** The start of a command line that runs its rest in this root, with mounts that nobody else sees. */
  get inside(): readonly string[] {
    const { kernel = AS_HERE, finally: last = "", env = {}, umask = "022", uid, pid_namespace } = this.#options;
    const variables = Object.entries(env).map(([name, value]) => quoted(`${name}=${value}`)).join(" ");
    const user = uid === undefined ? "" : `--userspec=${uid}:${uid}`;
    const script = [
      'set -e; root=$1; shift; chroot=$(PATH="$PATH:/usr/sbin:/sbin" command -v chroot)',
      'mount --bind "$root" "$root"',
      kernel,
      last,
      `umask ${umask}; exec env -i ${variables} "$chroot" ${user} "$root" "$@"`,
    ].join("\n");
    const namespaces = pid_namespace === undefined
      ? []
      : ["unshare", "--pid", "--ipc", "--uts", "--fork", "--kill-child"];
    return [...PRIVATE_MOUNTS, ...namespaces, "sh", "-c", script, "sh", this.path];
  }

  /** ktriage's own process, of the one that was started with {@link inside}. */
  ktriageOf(pid: number): number {
    if (this.#options.pid_namespace === undefined) return pid;
    return Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ")[0]);
  }

  /** Paths that were not there before, in order. */
  added(): string[] {
    return pathsBelow(this.path).filter((path) => !this.#at_first.has(path)).map((path) => path.slice(this.path.length))
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function pathsBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? [path, ...pathsBelow(path)] : [path];
  });
}

/** This host's files for a virtual machine, through virtiofs. */
import { exists } from "../../src/kernel/exists.ts";
import { PRIVATE_MOUNTS } from "./private_mounts.ts";
import { BoundProcess, quoted, runCommand } from "./vm_process.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname;

/** Debian 12 brings the one in C with QEMU, later releases have the one in Rust. */
const SERVERS = [
  {
    path: "/usr/libexec/virtiofsd",
    args: (socket: string, root: string) =>
      `--socket-path=${socket} --shared-dir=${root} --sandbox=chroot --cache=always --log-level=error`,
  },
  {
    path: "/usr/lib/qemu/virtiofsd",
    args: (socket: string, root: string) =>
      `-f --socket-path=${socket} -o source=${root} -o sandbox=chroot -o cache=always -o log_level=err`,
  },
];

/** What a machine finds at a path. */
export interface Mount {
  readonly at: string;
  /** This host's file or folder. */
  readonly of: string;
}

/** Whose files are served until it is disposed of. */
export interface FileServer extends AsyncDisposable {
  readonly socket: string;
}

/**
 * Serves a tree of files, read-only: mounts in order, from its root on.
 *
 * @param folder for the socket and the like
 * @throws {Error} the server does not start
 */
export async function serveFiles(folder: string, mounts: readonly Mount[]): Promise<FileServer> {
  const root = `${folder}/root`;
  const socket = `${folder}/socket`;
  const log = `${folder}/virtiofsd`;
  const server = SERVERS.find(({ path }) => exists(path));
  if (server === undefined) {
    throw new Error("Cannot start a virtual machine: virtiofsd is missing. Run scripts/setup --for test.");
  }
  await Deno.mkdir(root);
  const script = [
    // It holds a descriptor for every file that the machine knows.
    'ulimit -n "$(cat /proc/sys/fs/nr_open)" 2>/dev/null',
    "set -e",
    ...mounts.map(({ at, of }) => `mount --bind ${quoted(of)} ${quoted(root + at)}`),
    ...mounts.map(({ at }) => `mount -o remount,bind,ro ${quoted(root + at)}`),
    `exec ${server.path} ${server.args(quoted(socket), quoted(root))} `,
  ].join("\n");
  const process = new BoundProcess([...PRIVATE_MOUNTS, "sh", "-c", `exec >${quoted(log)} 2>&1\n${script}`], "null");
  let ended = false;
  process.ended.then(() => ended = true);
  while (!exists(socket) && !ended) await new Promise((done) => setTimeout(done, 10));
  if (ended) throw new Error(`Cannot serve files to a virtual machine:\n${await Deno.readTextFile(log)}`);
  return { socket, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** This host's root. Of what is mounted below it only that which Deno needs to run this checkout's tests. */
export async function hostFiles(): Promise<Mount[]> {
  const needed = [CHECKOUT, await denoDir(), Deno.execPath()];
  return ["/", ...new Set(needed.flatMap(mountPoints))].map((path) => ({ at: path, of: path }));
}

/** The root of an arm64 Debian (scripts/fetch-arm64-root.sh), and this checkout with what is built for arm64. */
export async function arm64Files(root: string): Promise<Mount[]> {
  const mounts = [
    { at: "/", of: root },
    ...[CHECKOUT, await denoDir()].map((path) => ({ at: path, of: path })),
    { at: `${CHECKOUT}build`, of: `${CHECKOUT}build/arm64` },
  ];
  for (const { at } of mounts) await Deno.mkdir(`${root}${at}`, { recursive: true });
  return mounts;
}

/** Where Deno keeps what it has fetched and compiled. */
export async function denoDir(): Promise<string> {
  return (JSON.parse(await runCommand(Deno.execPath(), "info", "--json")) as { denoDir: string }).denoDir;
}

/** The mounts that a path lies on, from the outermost on, without the root's. */
function mountPoints(path: string): string[] {
  const parents = path.split("/").slice(1).map((_, i, names) => `/${names.slice(0, i + 1).join("/")}`);
  return parents.filter((parent, i) => deviceOf(parent) !== deviceOf(parents[i - 1] ?? "/"));
}

function deviceOf(path: string): number {
  return Deno.statSync(path).dev;
}

/** What ktriage had in the kernel and on the host while it worked, looked for afterwards. */
import { ownGroups } from "../commands/sandbox/group.ts";
import { ownPrefix, TEMPORARY_ROOTS } from "../commands/sandbox/names.ts";
import { readProcesses } from "../commands/sandbox/subtree.ts";
import { SystemCalls } from "../ffi/confine.ts";
import { shownPid } from "../kernel/host/itself.ts";
import { must } from "./fault.ts";
import type { Done } from "./part.ts";

/** Commands of bpf(2) that open one by its id. */
const OPEN_BY_ID = { prog: 13, map: 14, link: 30 } as const;
const ATTR_BYTES = 12;
const ENOENT = 2;
/** The kernel frees them after a grace period. */
const GONE_MS = 5000, LOOK_MS = 20;

type Kind = keyof typeof OPEN_BY_ID;

/** Made before anything is started. */
export class Remains {
  readonly #descriptors = new Set(bpfDescriptors());
  /** Whoever became ktriage may have had some. */
  readonly #children = new Set(children());
  readonly #ids = new Map<string, { readonly kind: Kind; readonly id: number }>();

  /** Remembers the programs, maps and links that this process has now. */
  look(): void {
    for (const { name } of Deno.readDirSync("/proc/self/fdinfo")) {
      for (const [, kind, id] of readOrEmpty(`/proc/self/fdinfo/${name}`).matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm)) {
        this.#ids.set(`${kind} ${id}`, { kind: kind as Kind, id: Number(id) });
      }
    }
  }

  /**
   * When everything is disposed of.
   *
   * @throws {Fault} something is still there
   */
  async check(): Promise<Done> {
    const left = bpfDescriptors().filter((descriptor) => !this.#descriptors.has(descriptor));
    must(left.length === 0, () => `descriptors are still open: ${left.join(", ")}`);
    const { left: objects, untold } = await this.#objectsLeft();
    must(objects.length === 0, () => `the kernel still has ${objects.join(", ")}`);
    const processes = children().filter((pid) => !this.#children.has(pid));
    must(processes.length === 0, () => `processes still run: ${processes.join(", ")}`);
    const files = ownFiles();
    must(files.length === 0, () => `files are still there: ${files.join(", ")}`);
    const objects_gone = this.#ids.size === 0
      ? ""
      : untold
      ? "; whether programs, links and maps are gone only CAP_SYS_ADMIN may ask"
      : `; ${this.#ids.size} programs, links and maps were there and are gone, and with them every probe`;
    return { detail: `no descriptor, process or file is left${objects_gone}` };
  }

  /** A probe holds its program: when no program is left, no probe is. */
  async #objectsLeft(): Promise<{ readonly left: readonly string[]; readonly untold: boolean }> {
    using system = new SystemCalls();
    let untold = false;
    const is_there = ({ kind, id }: { readonly kind: Kind; readonly id: number }): boolean => {
      const attr = new Uint8Array(ATTR_BYTES);
      new DataView(attr.buffer).setUint32(0, id, true);
      const fd = system.attempt("bpf", OPEN_BY_ID[kind], attr, ATTR_BYTES);
      if (fd >= 0) system.attempt("close", fd);
      else if (fd !== -ENOENT) untold = true;
      return fd >= 0;
    };
    let left = [...this.#ids.values()];
    for (const until = performance.now() + GONE_MS; (left = left.filter(is_there)).length > 0;) {
      if (performance.now() > until) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return { left: left.map(({ kind, id }) => `${kind} ${id}`), untold };
  }
}

function bpfDescriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const target = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return /bpf|perf_event|tracing|seccomp/.test(target) ? [`${name} (${target})`] : [];
    } catch {
      return []; // the directory itself
    }
  });
}

function children(): number[] {
  const own = shownPid();
  return readProcesses().filter(({ parent }) => parent === own).map(({ pid }) => pid);
}

function ownFiles(): string[] {
  const prefix = ownPrefix();
  const made = TEMPORARY_ROOTS.flatMap((root) => {
    try {
      return [...Deno.readDirSync(root)].filter(({ name }) => name.startsWith(prefix)).map(({ name }) =>
        `${root}/${name}`
      );
    } catch {
      return []; // this host has no such place
    }
  });
  return [...made, ...ownGroups()];
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // closed, or ended, meanwhile
  }
}

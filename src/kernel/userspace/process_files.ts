/** The program and the libraries of a running process, as files that this process can open. */
import { parseProcessStat } from "../host/procfs.ts";
import { resolveBelow } from "./root_path.ts";
import type { NoUserFunction } from "./types.ts";

/** A line of `/proc/<pid>/maps` (proc(5)) with a file. */
export interface Mapping {
  /** `7f1200000000-7f1200020000`, its name in map_files. */
  readonly range: string;
  readonly executable: boolean;
  readonly path: string;
  /** The path leads to another file by now, or to none. */
  readonly is_deleted: boolean;
}

export interface LocatedFile {
  /** As the process itself would name it. */
  readonly shown: string;
  /** As this process can open it. */
  readonly path: string;
  /** What `shown` does not say: it is deleted, or another file than this process finds there. */
  readonly state: "here" | "elsewhere" | "deleted";
}

export interface ProcessFiles {
  readonly ok: true;
  /** The program first, then its libraries as they were loaded, the dynamic linker last. */
  readonly files: readonly LocatedFile[];
}

const DYNAMIC_LINKER = /\/ld(-linux|-musl|64|-\d)[^/]*$/;

/** Mappings of files; those of memory, and the kernel's own, are left out. */
export function parseMaps(text: string): readonly Mapping[] {
  return [...text.matchAll(/^([0-9a-f]+-[0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(\/.*)$/gm)].map(
    ([, range = "", permissions = "", file = ""]) => {
      const path = withoutMark(file);
      return {
        // map_files has no leading zeros
        range: range.replace(/(^|-)0+(?=.)/g, "$1"),
        executable: permissions[2] === "x",
        path: path.replaceAll("\\012", "\n"),
        is_deleted: path.length < file.length,
      };
    },
  );
}

/** The files whose code a process has mapped; never none. */
export function processFiles(pid: number): ProcessFiles | NoUserFunction {
  try {
    const program = Deno.readLinkSync(`/proc/${pid}/exe`);
    const code = parseMaps(Deno.readTextFileSync(`/proc/${pid}/maps`)).filter(({ executable }) => executable);
    if (code.length > 0) {
      const view = viewFrom(pid);
      const files = inLoadOrder(code, withoutMark(program)).map((mapping) => toFile(mapping, { pid, view }));
      return { ok: true, files };
    }
  } catch (error) {
    return whyNot(pid, error);
  }
  return whyNot(pid, undefined); // it was ending
}

/** Processes that this process sees in its /proc. */
export function* allProcesses(): Generator<number> {
  for (const { name } of Deno.readDirSync("/proc")) if (/^\d+$/.test(name)) yield Number(name);
}

/** What a path leads to for a process, whose root and mounts may be its own. */
export function fileOf(pid: number, shown: string): LocatedFile {
  return viewFrom(pid)(shown);
}

/** Which file it is, whatever its path; undefined when it cannot be reached. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/**
 * The kernel fills the address space from the top, so of two libraries the higher one was loaded first. The dynamic
 * linker is above them all, for the kernel maps it with the program.
 */
function inLoadOrder(mappings: readonly Mapping[], program: string): readonly Mapping[] {
  const files = new Map(mappings.toReversed().map((mapping) => [mapping.path, mapping]));
  const rank = ({ path }: Mapping): number => path === program ? 0 : DYNAMIC_LINKER.test(path) ? 2 : 1;
  return [...files.values()].sort((a, b) => rank(a) - rank(b));
}

/** What a path of a process leads to. */
type View = (shown: string) => LocatedFile;

function viewFrom(pid: number): View {
  const root = linkOf(`/proc/${pid}/root`);
  const mounts = linkOf(`/proc/${pid}/ns/mnt`);
  if (root === "/" && mounts === linkOf("/proc/self/ns/mnt")) return (shown) => ({ shown, path: shown, state: "here" });
  return (shown) => {
    // of a process in a chroot the kernel shows paths that begin outside of it
    const inside = root !== undefined && root !== "/" && shown.startsWith(`${root}/`)
      ? shown.slice(root.length)
      : shown;
    const there = `/proc/${pid}/root${resolveBelow(`/proc/${pid}/root`, inside)}`;
    const identity = identityOf(there);
    const is_here = identity !== undefined && identity === identityOf(shown);
    return is_here ? { shown, path: shown, state: "here" } : { shown, path: there, state: "elsewhere" };
  };
}

function toFile(
  { path: shown, range, is_deleted }: Mapping,
  { pid, view }: { readonly pid: number; readonly view: View },
): LocatedFile {
  const file = view(shown);
  const is_there = !is_deleted && (file.state === "here" || identityOf(file.path) !== undefined);
  return is_there ? file : { shown, path: `/proc/${pid}/map_files/${range}`, state: "deleted" };
}

function whyNot(pid: number, error: unknown): NoUserFunction {
  const cannot = `Cannot look into process ${pid}`;
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return { ok: false, error: `${cannot}: not permitted.`, hint: "Run ktriage as root (CAP_SYS_PTRACE)." };
  }
  const stat = statOf(pid);
  if (stat === undefined) {
    return {
      ok: false,
      error: `${cannot}: there is no such process.`,
      hint: "ps -e shows the processes that run now.",
    };
  }
  const why = /[ZX]/.test(stat.state) ? "it has ended" : "it is a thread of the kernel and has no program";
  return { ok: false, error: `${cannot} (${stat.process_name}): ${why}.`, hint: "Name a process that runs a program." };
}

function statOf(pid: number): ReturnType<typeof parseProcessStat> {
  try {
    return parseProcessStat(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return undefined; // it has just ended
  }
}

function linkOf(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined; // hidden, or it has just ended
  }
}

/** The kernel's mark behind a path that leads there no more. */
function withoutMark(path: string): string {
  return path.replace(/ \(deleted\)$/, "");
}

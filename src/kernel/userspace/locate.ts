/** Which files a target may mean, before anything is looked for in them. */
import { findLibraries, isLibrary, isPartOfLibc } from "./libraries.ts";
import { allProcesses, fileOf, identityOf, type LocatedFile, processFiles } from "./process_files.ts";
import type { FileWish } from "./target.ts";
import type { NoUserFunction } from "./types.ts";

export interface Location {
  readonly ok: true;
  /** In the order of the search, at least one. */
  readonly files: readonly LocatedFile[];
  /** The target named no path: whoever asked must hear which file it is. */
  readonly is_found: boolean;
  readonly note?: string;
}

/** Where programs of the system are, whatever PATH says. */
const PROGRAM_DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** Names in a hint. */
const HINT_NAMES = 8;

/**
 * Finds the files without opening one.
 *
 * @param pid the one process that is looked at: what it has mapped comes before what the host has
 */
export function locate(file: FileWish, pid: number | undefined): Location | NoUserFunction {
  if (pid !== undefined) return locateIn(pid, file);
  if (file.path !== undefined) return { ok: true, files: [here(absolute(file.path))], is_found: false };
  return locateByName(file.name ?? "");
}

function locateIn(pid: number, { path, name }: FileWish): Location | NoUserFunction {
  const process = processFiles(pid);
  if (!process.ok) return process;
  const { files } = process;
  if (path !== undefined) {
    const wanted = absolute(path);
    const mapped = files.find(({ shown }) => isSamePath(shown, wanted));
    return { ok: true, files: [mapped ?? fileOf(pid, wanted)], is_found: false };
  }
  if (name === undefined) return { ok: true, files, is_found: true };
  const named = namedFiles(files, name);
  if (named.length > 0) return { ok: true, files: named, is_found: true };
  const [installed] = findLibraries(name, { root: `/proc/${pid}/root` });
  if (installed !== undefined) {
    const note = `process ${pid} has not mapped it so far`;
    return { ok: true, files: [fileOf(pid, installed)], is_found: true, note };
  }
  const libraries = files.map(({ shown }) => fileName(shown));
  return {
    ok: false,
    error: `Cannot look for ${name} in process ${pid}: it has no such program or library.`,
    hint: `It has mapped: ${listed(libraries)}`,
  };
}

/** The program of a process by its name, or libraries; all of what is linked statically is in the program. */
function namedFiles(files: readonly LocatedFile[], name: string): readonly LocatedFile[] {
  const program = files.slice(0, 1).filter(({ shown }) => fileName(shown) === name);
  const libraries = files.filter(({ shown }) => isLibrary(fileName(shown), name));
  const libc = isPartOfLibc(name) ? files.filter(({ shown }) => isLibrary(fileName(shown), "libc")) : [];
  const found = [...new Set([...program, ...libraries, ...libc])];
  const is_static = !files.some(({ shown }) => /\.so\b/.test(fileName(shown)));
  return found.length === 0 && is_static ? files : found;
}

function locateByName(name: string): Location | NoUserFunction {
  const program = /^lib|\.so\b/.test(name) ? undefined : programInPath(name);
  if (program !== undefined) return inUse(name, [program]);
  const libraries = findLibraries(name);
  const [first, ...others] = libraries;
  if (isPartOfLibc(name)) {
    const files = [...libraries.slice(0, 1), ...findLibraries("libc").slice(0, 1)];
    if (files.length > 0) return inUse(name, files);
  }
  if (first === undefined) return amongProcesses(name);
  return inUse(name, [first], others.length === 0 ? undefined : `there is also ${listed(others)}`);
}

/** What this host has installed, which in containers and beside packages need not be what runs. */
function inUse(name: string, paths: readonly string[], note?: string): Location {
  const known = new Set(paths.map(identityOf));
  const others = [...filesOfProcesses(name)].filter(([identity]) => !known.has(identity));
  const pids = listed(others.map(([, { pid }]) => String(pid)));
  const used = `${
    others.length === 1 ? "another file" : `${others.length} other files`
  } of this name in use by: ${pids}`;
  const notes = [note, others.length === 0 ? undefined : used].filter((text) => text !== undefined);
  return {
    ok: true,
    files: paths.map(here),
    is_found: true,
    ...(notes.length === 0 ? {} : { note: notes.join("; ") }),
  };
}

/** Programs outside of PATH, and libraries that only one program or container has. */
function amongProcesses(name: string): Location | NoUserFunction {
  const found = filesOfProcesses(name);
  const [first, second] = found.values();
  if (first === undefined) {
    return {
      ok: false,
      error: `Cannot find ${name}: no program in PATH, no library and no running process has this name.`,
      hint: "Name the file by its path, or a process by its number.",
    };
  }
  if (second === undefined) return { ok: true, files: [first.file], is_found: true };
  const choice = [...found.values()].map(({ file, pid }) => `${pid}:${name} (${file.shown})`);
  return {
    ok: false,
    error: `Cannot tell which ${name} is meant: running processes have ${found.size} different files of this name.`,
    hint: `Name a process that has it: ${listed(choice)}`,
  };
}

interface UsedFile {
  readonly file: LocatedFile;
  /** One of the processes that have mapped it. */
  readonly pid: number;
}

/** Files with this name that run or are loaded, by what they are. */
function filesOfProcesses(name: string): ReadonlyMap<string, UsedFile> {
  const found = new Map<string, UsedFile>();
  for (const pid of allProcesses()) {
    const process = processFiles(pid);
    for (const file of process.ok ? process.files : []) {
      const is_named = fileName(file.shown) === name || isLibrary(fileName(file.shown), name);
      if (is_named) found.set(identityOf(file.path) ?? file.path, { file, pid });
    }
  }
  return found;
}

function programInPath(name: string): string | undefined {
  const path = (Deno.env.get("PATH") ?? "").split(":").filter((directory) => directory.startsWith("/"));
  return [...path, ...PROGRAM_DIRECTORIES].map((directory) => `${directory}/${name}`).find((candidate) => {
    try {
      const { isFile, mode } = Deno.statSync(candidate);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false; // not there
    }
  });
}

function here(path: string): LocatedFile {
  return { shown: path, path, state: "here" };
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

/** /lib and /usr/lib are one directory on most hosts, and the kernel shows the second. */
function isSamePath(a: string, b: string): boolean {
  return a.replace(/^\/usr(?=\/)/, "") === b.replace(/^\/usr(?=\/)/, "");
}

function fileName(path: string): string {
  return path.replace(/^.*\//, "");
}

function listed(names: readonly string[]): string {
  return names.slice(0, HINT_NAMES).join(", ") + (names.length > HINT_NAMES ? ", …" : "");
}

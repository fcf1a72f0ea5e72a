/** Libraries by their short names, in the places where the dynamic linker looks. */
import { type CachedLibrary, LIBRARY_FLAGS, parseLibraryCache } from "./library_cache.ts";
import { resolveBelow } from "./root_path.ts";

const CACHE = "/etc/ld.so.cache";
const TRIPLET = `${Deno.build.arch}-linux-gnu`;
const DIRECTORIES = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].flatMap((path) => [`${path}/${TRIPLET}`, path])
  .concat("/usr/local/lib");
/** Since glibc 2.34 these are empty, and all they had is in libc. */
const PARTS_OF_LIBC = new Set(["pthread", "dl", "rt", "util", "anl"]);

/**
 * Whether a file name is a library's: `libc.so.6`, `libc-2.31.so`, musl's `libc.musl-x86_64.so.1` and
 * `ld-musl-x86_64.so.1` for `libc` or `c`.
 */
export function isLibrary(file_name: string, name: string): boolean {
  if (file_name === name) return true;
  if (name.includes(".so")) return file_name.startsWith(`${name}.`);
  const stem = stemOf(name);
  if (stem === "c" && /^(libc\.musl-|ld-musl-)/.test(file_name)) return true;
  if (!file_name.startsWith(`lib${stem}`)) return false;
  return /^(-[\d.]+)?\.so(\.[\d.]+)*$/.test(file_name.slice(stem.length + 3));
}

/** Whether the C library may have what this library is asked for. */
export function isPartOfLibc(name: string): boolean {
  return PARTS_OF_LIBC.has(stemOf(name).replace(/\.so.*$/, ""));
}

/**
 * Paths of the different files with this name; the first is the one that most programs get.
 *
 * @param options.root the directory that is `/` for whoever loads the library; paths begin there. Default: ours
 */
export function findLibraries(name: string, { root = "" }: { readonly root?: string } = {}): readonly string[] {
  const cached = readCache(root).filter((library) =>
    library.flags === LIBRARY_FLAGS[Deno.build.arch] && !library.is_special && isLibrary(library.name, name)
  );
  const paths = cached.length > 0 ? cached.map(({ path }) => path) : inDirectories(name, root);
  const files = new Map(paths.toReversed().flatMap((path) => fileEntry(path, root)));
  return [...files.values()].toReversed();
}

function stemOf(name: string): string {
  return name.replace(/^lib(?=.)/, "");
}

function readCache(root: string): readonly CachedLibrary[] {
  try {
    return parseLibraryCache(Deno.readFileSync(`${root}${CACHE}`));
  } catch {
    return []; // musl has none; in a small container nobody ran ldconfig
  }
}

function inDirectories(name: string, root: string): string[] {
  return DIRECTORIES.flatMap((directory) => {
    try {
      return [...Deno.readDirSync(`${root}${directory}`)].map((entry) => entry.name).filter((file) =>
        isLibrary(file, name)
      )
        .sort().toReversed().map((file) => `${directory}/${file}`);
    } catch {
      return []; // not every host has every one of them
    }
  });
}

/** One file has many names. */
function fileEntry(path: string, root: string): [string, string][] {
  try {
    const { dev, ino, isFile } = Deno.statSync(`${root}${resolveBelow(root, path)}`);
    return isFile ? [[`${dev}:${ino}`, path]] : [];
  } catch {
    return []; // the cache is older than what is installed
  }
}

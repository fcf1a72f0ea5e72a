/** Which place in which file a user function is. */
import { ElfError } from "./elf_error.ts";
import { hintFor } from "./hints.ts";
import { locate, type Location } from "./locate.ts";
import type { LocatedFile } from "./process_files.ts";
import { Program } from "./program.ts";
import { findPlace, type Found, type Place, type Search } from "./search.ts";
import { parseUserTarget, type PlaceWish } from "./target.ts";
import type { NoUserFunction, ResolveOptions, UserFunction } from "./types.ts";

/**
 * Finds the function that a target means: `/path:symbol`, `/path:symbol+0x10`, `/path:0x1234` (an offset in the file),
 * `libc:malloc`, `c:malloc`, `nginx:main`, `<pid>:symbol`, `<pid>:libc:malloc`; with or without `uprobe:` before it, and
 * with a version if one is meant (`memcpy@GLIBC_2.2.5`). Of a process, the files are those that it has mapped.
 */
export async function resolveUserFunction(
  target: string,
  options: ResolveOptions = {},
): Promise<UserFunction | NoUserFunction> {
  const wish = parseUserTarget(target, options);
  if (wish === undefined) {
    return {
      ok: false,
      error: `Cannot trace the user function ${target.trim()}: it names no file, or nothing in it.`,
      hint: "Name both, for example /usr/sbin/nginx:main, libc:getaddrinfo or 4711:malloc (4711: a process).",
    };
  }
  const pid = wish.file.pid ?? options.pid;
  if (options.pid !== undefined && pid !== options.pid) {
    return {
      ok: false,
      error:
        `Cannot trace ${target.trim()}: the target is in process ${pid}, and the filter lets only ${options.pid} pass.`,
      hint: "Name the same process twice, or leave the filter out.",
    };
  }
  const location = locate(wish.file, pid);
  if (!location.ok) return location;
  const result = await searchAll(location, { ...wish.place, at: options.at ?? "entry" });
  return result.ok && pid !== undefined ? { ...result, pid } : result;
}

interface Hit {
  readonly file: LocatedFile;
  readonly place: Place;
}

/** The first file that has it; the others are named. */
async function searchAll(location: Location, wish: Search): Promise<UserFunction | NoUserFunction> {
  const hits: Hit[] = [];
  let is_imported = false;
  // an offset belongs to the program alone
  const files = wish.symbol === undefined ? location.files.slice(0, 1) : location.files;
  for (const [i, file] of files.entries()) {
    const found = await searchOne(file, wish);
    if ("ok" in found) {
      // what else a process has mapped need not be readable, or a program at all
      if (i === 0 && files.length === 1) return found;
    } else if (found.kind === "place") hits.push({ file, place: found });
    else if (found.kind === "refused" && hits.length === 0) return refusal(file, wish, found);
    else if (found.kind === "absent") is_imported ||= found.is_imported && i === 0;
  }
  const [first, ...others] = hits;
  if (first !== undefined) return toFunction(first, others, location);
  return await absence(files, wish, { is_imported });
}

async function searchOne(file: LocatedFile, wish: Search): Promise<Found | NoUserFunction> {
  try {
    using program = new Program(file.path);
    return await findPlace(program, wish);
  } catch (error) {
    if (error instanceof ElfError) return refusal(file, wish, { reason: error.message, hint: error.hint });
    throw error;
  }
}

function toFunction({ file, place }: Hit, others: readonly Hit[], location: Location): UserFunction {
  const notes = [
    whereIs(file, place, location),
    place.note,
    others.length > 0 ? `also in ${others.map((other) => other.file.shown).join(", ")}` : undefined,
    location.note,
  ].filter((note) => note !== undefined);
  return {
    ok: true,
    path: file.path,
    shown: file.shown,
    offset: BigInt(place.offset),
    symbol: place.symbol,
    size: place.size,
    ...(notes.length === 0 ? {} : { note: notes.join("; ") }),
  };
}

/** Undefined when the target has said it. */
function whereIs({ shown, path, state }: LocatedFile, { symbol }: Place, { is_found }: Location): string | undefined {
  if (state === "deleted") return `${symbol} in ${shown}, which was deleted or replaced since it was mapped (${path})`;
  if (state === "elsewhere") return `${symbol} in ${shown} of the process's own mount namespace (${path})`;
  return is_found ? `${symbol} in ${shown}` : undefined;
}

function refusal(
  file: LocatedFile,
  wish: PlaceWish,
  { reason, hint }: { readonly reason: string; readonly hint: string },
): NoUserFunction {
  const offset = `0x${wish.offset.toString(16)}`;
  const what = wish.symbol === undefined ? `offset ${offset}` : `${wish.symbol}${wish.offset > 0 ? `+${offset}` : ""}`;
  return { ok: false, error: `Cannot trace ${what} of ${file.shown}: ${reason}.`, hint };
}

async function absence(
  files: readonly LocatedFile[],
  wish: PlaceWish,
  { is_imported }: { readonly is_imported: boolean },
): Promise<NoUserFunction> {
  const name = wish.symbol ?? "";
  const [first, ...rest] = files.map(({ shown }) => shown);
  const where = rest.length < 2
    ? [first, ...rest].join(" or ")
    : `${first} or the ${rest.length} libraries that it has mapped`;
  const why = is_imported && rest.length === 0 ? "it comes from a library" : "there is no function of this name";
  return {
    ok: false,
    error: `Cannot trace ${name} of ${where}: ${why}.`,
    hint: await hintFor(files, name, { is_imported }),
  };
}

/** Files, directory entries and paths as names. */
import { PATH_SLOT_BYTES, type Slot } from "../capture.ts";
import { readText } from "../read.ts";
import { pathLayout } from "./layouts.ts";
import { follow, followed, readAt, type TypedPlace } from "./place.ts";
import type { Get, ReadList } from "./read_list.ts";
import { scalarGet, textIn } from "./scalars.ts";

/** Of a name that no directory has: `[eventfd]`, `memfd:…` */
const OWN_NAME_BYTES = 64;
/** include/uapi/linux/stat.h */
const S_IFMT = 0o170000, S_IFSOCK = 0o140000, S_IFIFO = 0o010000;

/** `struct path`: from the root of the mount namespace. */
export function pathGet(path: TypedPlace, list: ReadList): Get | undefined {
  return namesGet(path, list, "path");
}

/** `struct dentry`: from the root of its file system. */
export function dentryGet(dentry: TypedPlace, list: ReadList): Get | undefined {
  return namesGet(dentry, list, "dentry_path");
}

/** `struct file`: its path, or what /proc/<pid>/fd shows for a file that has none (`pipe:[4026]`). */
export function fileGet(file: TypedPlace, list: ReadList): Get | undefined {
  const path = follow(file, "f_path"), name = follow(file, "f_path.dentry.d_name.name");
  if (path === undefined || name === undefined) return undefined;
  const get = (chain: string): Get | undefined => {
    const place = follow(file, chain);
    return place && scalarGet(place, list);
  };
  const names = namesGet(path, list, "path");
  const own_name = list.whole(readAt(name, { path: followed(name), kind: "string", bytes: OWN_NAME_BYTES }), textIn);
  const mode = get("f_inode.i_mode"), inode = get("f_inode.i_ino");
  return (slots) => {
    const text = names?.(slots);
    const own = own_name(slots);
    if (text !== "/" || own === "/") return text;
    return nameWithoutPath({ name: `${own ?? ""}`, mode: `${mode?.(slots)}`, inode: inode?.(slots) });
  };
}

interface Pathless {
  readonly name: string;
  /** In octal. */
  readonly mode: string;
  readonly inode: unknown;
}

/** As the `d_dname` of sockets, pipes and anonymous inodes writes it. */
function nameWithoutPath({ name, mode, inode }: Pathless): string {
  const type = Number.parseInt(mode, 8) & S_IFMT;
  if (type === S_IFSOCK) return `socket:[${inode}]`;
  if (type === S_IFIFO) return `pipe:[${inode}]`;
  return name.startsWith("[") ? `anon_inode:${name}` : `/${name}`;
}

function namesGet(place: TypedPlace, list: ReadList, kind: "path" | "dentry_path"): Get | undefined {
  if (place.where.kind !== "memory" || pathLayout(place.btf) === undefined) return undefined;
  return list.whole(readAt(place, { path: place.where.path, kind, bytes: PATH_SLOT_BYTES }), pathText);
}

/** The program puts it in front of a path of which it has read as much as it may. */
const CUT = "…";

/** The slot has the innermost name first and an empty one behind the last. */
export function pathText({ view, at, bytes }: Slot): string {
  const names: string[] = [];
  for (let start = 0, end = 0; end < bytes; end++) {
    if (view.getUint8(at + end) !== 0) continue;
    if (end === start) break;
    names.push(readText(view, at + start, end - start));
    start = end + 1;
  }
  names.reverse();
  return (names[0] === CUT ? "" : "/") + names.join("/");
}

/** Structs whose address says nothing to a person, and what is shown of them instead. */
import { readIpv4, readIpv6 } from "../read.ts";
import { bioGet, requestGet } from "./known_block.ts";
import { dentryGet, fileGet, pathGet } from "./known_files.ts";
import { packetGet, socketAddressGet, socketGet, sockGet } from "./known_net.ts";
import { follow, readPlace, structAt, type TypedPlace } from "./place.ts";
import { type Get, type ReadList, recordOf } from "./read_list.ts";
import { isText, kernelText, scalarGet } from "./scalars.ts";
import { bareType, isCompound, members, pointedTo } from "./types.ts";

/** Of names of files, disks, devices: the longest usual ones. */
const NAME_BYTES = 128;
/** tcp_sock is 4 structs away from sock. */
const MAX_DEPTH = 8;

/** Prepares what is shown of the struct at a place; undefined where this kernel's struct lacks too much. */
type StructGet = (struct: TypedPlace, list: ReadList) => Get | undefined;

const SPECIAL: Readonly<Record<string, StructGet>> = {
  sock: sockGet,
  sock_common: sockGet,
  socket: socketGet,
  sk_buff: packetGet,
  sockaddr: socketAddressGet,
  sockaddr_unsized: socketAddressGet,
  sockaddr_in: socketAddressGet,
  sockaddr_in6: socketAddressGet,
  file: fileGet,
  dentry: dentryGet,
  path: pathGet,
  request: requestGet,
  bio: bioGet,
  in_addr: (place, list) => readPlace(place, list, { bytes: 4, decode: readIpv4 }),
  in6_addr: (place, list) =>
    place.where.kind === "memory" ? readPlace(place, list, { bytes: 16, decode: readIpv6 }) : undefined,
};

/** Shown as one of their fields. */
const AS_FIELD: Readonly<Record<string, string>> = {
  filename: "name",
  qstr: "name",
  linux_binprm: "filename",
  super_block: "s_id",
  file_system_type: "name",
  block_device: "bd_dev",
  gendisk: "disk_name",
  net_device: "name",
  net: "ns.inum",
  module: "name",
  kobject: "name",
  device: "kobj.name",
  cgroup: "kn.name",
  kernfs_node: "name",
  kiocb: "ki_filp",
};

/** Shown as some of their fields. */
const AS_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  task_struct: { pid: "tgid", tid: "pid", comm: "comm" },
  inode: { inode: "i_ino", mode: "i_mode", device: "i_sb.s_dev" },
  cred: { uid: "uid", gid: "gid", euid: "euid" },
  open_how: { flags: "flags", mode: "mode" },
  timespec64: { seconds: "tv_sec", nanoseconds: "tv_nsec" },
  kernel_clone_args: { flags: "flags", exit_signal: "exit_signal" },
  renamedata: { from: "old_dentry", to: "new_dentry" },
  msghdr: { bytes: "msg_iter.count" },
};

/** What is shown of the struct at a place, or of what its pointer points to; undefined for all other structs. */
export function knownGet(place: TypedPlace, list: ReadList): Get | undefined {
  const struct = structAt(place);
  if (struct === undefined) return undefined;
  const name = struct.btf.name(bareType(struct.btf, struct.type));
  const field = AS_FIELD[name], fields = AS_FIELDS[name];
  if (field !== undefined) return fieldGet(struct, field, list);
  if (fields !== undefined) {
    return recordOf(Object.entries(fields).map(([key, chain]) => [key, fieldGet(struct, chain, list)]));
  }
  const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined;
  if (special !== undefined) return special(struct, list);
  const sock = beginning(struct, "sock");
  return sock && sockGet(sock, list);
}

function fieldGet(struct: TypedPlace, chain: string, list: ReadList): Get | undefined {
  const place = follow(struct, chain);
  if (place === undefined) return undefined;
  const target = pointedTo(place.btf, place.type);
  return target !== undefined && isText(place.btf, target)
    ? kernelText(place, list, NAME_BYTES)
    : knownGet(place, list) ?? scalarGet(place, list);
}

/** The struct of this name that another one begins with, as `struct tcp_sock` begins with a `struct sock`. */
function beginning(struct: TypedPlace, name: string): TypedPlace | undefined {
  const { btf } = struct;
  let { type } = struct;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const bare = bareType(btf, type);
    if (!isCompound(btf, bare)) return undefined;
    if (btf.name(bare) === name) return { ...struct, type: bare };
    const [first] = members(btf, bare);
    if (first === undefined) return undefined;
    type = first.type;
  }
  return undefined;
}

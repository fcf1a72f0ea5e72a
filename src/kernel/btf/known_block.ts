/** Block I/O as people talk about it. */
import { type Btf, KIND } from "./image.ts";
import { enumNames } from "./numbers.ts";
import { follow, type TypedPlace } from "./place.ts";
import { type Get, type ReadList, recordOf } from "./read_list.ts";
import { scalarGet } from "./scalars.ts";

/** The operation in `cmd_flags` and `bi_opf` (include/linux/blk_types.h). */
const OPERATION_MASK = 0xff;

/** `struct request`: what a disk is to do. */
export function requestGet(request: TypedPlace, list: ReadList): Get {
  // the disk moved from the request to its queue in Linux 5.17
  const disk = follow(request, "q.disk") ?? follow(request, "rq_disk");
  return recordOf([
    ["device", disk && diskNumber(disk, list)],
    ["disk", chainGet(disk, list, "disk_name")],
    ["sector", chainGet(request, list, "__sector")],
    ["bytes", chainGet(request, list, "__data_len")],
    ["operation", operationGet(request.btf, chainGet(request, list, "cmd_flags"))],
  ]);
}

/** `struct bio`: a part of a disk or of a file system on it. */
export function bioGet(bio: TypedPlace, list: ReadList): Get {
  // until Linux 5.11 a bio names its disk, then its partition's block device
  const disk = follow(bio, "bi_disk");
  const device = chainGet(bio, list, "bi_bdev.bd_dev") ?? (disk && diskNumber(disk, list));
  return recordOf([
    ["device", device],
    ["sector", chainGet(bio, list, "bi_iter.bi_sector")],
    ["bytes", chainGet(bio, list, "bi_iter.bi_size")],
    ["operation", operationGet(bio.btf, chainGet(bio, list, "bi_opf"))],
  ]);
}

function diskNumber(disk: TypedPlace, list: ReadList): Get {
  const major = chainGet(disk, list, "major"), minor = chainGet(disk, list, "first_minor");
  return (slots) => {
    const value = major?.(slots);
    return value === undefined ? undefined : `${value}:${minor?.(slots)}`;
  };
}

/** `READ`, `WRITE`, …; their numbers changed between versions, so the kernel's own enumeration counts. */
function operationGet(btf: Btf, flags: Get | undefined): Get | undefined {
  const enumeration = btf.find("req_op", [KIND.enum]) ?? btf.find("req_opf", [KIND.enum]);
  if (flags === undefined) return undefined;
  const names = enumeration === undefined ? new Map() : enumNames(btf, enumeration);
  return (slots) => {
    const value = flags(slots);
    if (typeof value !== "number") return undefined;
    const operation = value & OPERATION_MASK;
    return names.get(operation)?.replace("REQ_OP_", "") ?? operation;
  };
}

function chainGet(place: TypedPlace | undefined, list: ReadList, chain: string): Get | undefined {
  const found = place && follow(place, chain);
  return found && scalarGet(found, list);
}

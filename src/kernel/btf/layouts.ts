/** Where the programs find a path's names and a packet's header, by this kernel's BTF. */
import type { PacketLayout, PathLayout } from "../capture.ts";
import { type Btf, KIND } from "./image.ts";
import { follow, type TypedPlace } from "./place.ts";

/** @returns undefined where BTF lacks a part of it */
export function pathLayout(btf: Btf): PathLayout | undefined {
  return layoutOf(btf, {
    dentry_parent: ["dentry", "d_parent"],
    dentry_name: ["dentry", "d_name.name"],
    path_mnt: ["path", "mnt"],
    path_dentry: ["path", "dentry"],
    vfsmount_root: ["vfsmount", "mnt_root"],
    mount_vfsmount: ["mount", "mnt"],
    mount_parent: ["mount", "mnt_parent"],
    mount_mountpoint: ["mount", "mnt_mountpoint"],
  });
}

/** @returns undefined where BTF lacks a part of it */
export function packetLayout(btf: Btf): PacketLayout | undefined {
  return layoutOf(btf, { skb_head: ["sk_buff", "head"], skb_network_header: ["sk_buff", "network_header"] });
}

/** A struct of the kernel at an address, to find its members; undefined where BTF does not have it. */
export function structPlace(btf: Btf, name: string): TypedPlace | undefined {
  const type = btf.find(name, [KIND.struct]);
  if (type === undefined) return undefined;
  return { btf, source: 0, type, name: "", where: { kind: "memory", path: [0] }, space: "kernel" };
}

function layoutOf<Name extends string>(
  btf: Btf,
  fields: Readonly<Record<Name, readonly [struct: string, chain: string]>>,
): Readonly<Record<Name, number>> | undefined {
  const layout: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(fields) as Name[]) {
    const [struct, chain] = fields[name];
    const at = structPlace(btf, struct), field = at && follow(at, chain);
    // more than one step would follow a pointer: no offset in the struct
    if (field?.where.kind !== "memory" || field.where.path.length !== 1) return undefined;
    layout[name] = field.where.path[0] ?? 0;
  }
  return layout as Record<Name, number>;
}

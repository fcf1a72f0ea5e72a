/**
 * Records what tests need of a kernel's BTF: chosen functions, and the chosen structs with all that lies in them. What
 * other structs pointers lead to is only declared. Beside it goes what bpftool says about the same structs.
 *
 *     deno run -A tests/support/record_btf.ts tests/data/btf 5.10=/boot/vmlinux-5.10 6.18=/sys/kernel/btf/vmlinux
 */
import { gzipSync } from "node:zlib";
import { type Btf, KIND } from "../../src/kernel/btf/image.ts";
import { openKernelBtf } from "../../src/kernel/btf/mod.ts";
import { bareType, isCompound, members } from "../../src/kernel/btf/types.ts";
import { bpftoolOffsets } from "./bpftool_offsets.ts";
import { writeBtf, type WrittenType } from "./btf_writer.ts";

const FUNCTIONS = new Set(
  ("kernel_clone schedule __schedule do_exit __alloc_pages_nodemask __alloc_pages __alloc_pages_noprof do_sys_openat2 " +
    "inet_bind inet_csk_accept wake_up_new_task blk_account_io_start __blk_account_io_start " +
    "blk_mq_start_request submit_bio ip_rcv begin_new_exec getname security_file_open kfree_skb kfree_skb_reason " +
    "sk_skb_reason_drop printk _printk do_tcp_setsockopt do_sock_setsockopt dev_hard_start_xmit finish_task_switch " +
    "commit_creds __x64_sys_openat security_socket_bind inet_addr_type").split(" "),
);
const EVENTS =
  "sched_process_fork sched_switch sched_process_exit block_rq_issue kfree_skb inet_sock_set_state sys_enter";
const FUNCTION = new RegExp(`^(tcp_v4_|tcp_send|tcp_connect$|vfs_|__traceiter_(${EVENTS.replaceAll(" ", "|")})$)`);
const TYPEDEFS = new Set(EVENTS.split(" ").map((event) => `btf_trace_${event}`));
const STRUCTS = new Set(
  ("sock_common sock tcp_sock socket file dentry path vfsmount mount qstr inode super_block task_struct request " +
    "request_queue gendisk bio block_device sk_buff net net_device filename linux_binprm cred kernel_clone_args " +
    "open_how renamedata kiocb msghdr pt_regs sockaddr sockaddr_unsized in6_addr file_system_type").split(" "),
);
const ENUMS = new Set(["req_op", "req_opf"]);

/** A struct's members as expectations: enough of them to see any shift. */
const EXPECTED = {
  sock_common: [
    "skc_daddr",
    "skc_rcv_saddr",
    "skc_dport",
    "skc_num",
    "skc_family",
    "skc_state",
    "skc_net",
    "skc_v6_daddr",
  ],
  sock: ["sk_protocol", "sk_rcvbuf", "sk_sndbuf", "sk_socket", "sk_err", "sk_no_check_tx"],
  socket: ["sk", "state", "type"],
  tcp_sock: ["snd_cwnd", "srtt_us", "snd_nxt"],
  task_struct: ["pid", "tgid", "comm", "state", "__state", "mm", "real_parent", "sched_reset_on_fork"],
  file: ["f_path", "f_inode", "f_flags", "f_pos"],
  dentry: ["d_parent", "d_name", "d_inode", "d_sb"],
  mount: ["mnt_parent", "mnt_mountpoint", "mnt"],
  inode: ["i_mode", "i_ino", "i_sb"],
  request: ["q", "rq_disk", "cmd_flags", "__sector", "__data_len", "tag"],
  request_queue: ["disk", "queuedata"],
  gendisk: ["major", "first_minor", "disk_name"],
  bio: ["bi_disk", "bi_bdev", "bi_opf", "bi_iter", "bi_status"],
  sk_buff: ["len", "head", "network_header", "protocol", "ip_summed", "cloned"],
  net: ["ns"],
  ns_common: ["inum"],
  qstr: ["name"],
  path: ["mnt", "dentry"],
  super_block: ["s_dev", "s_id"],
  block_device: ["bd_dev"],
  bvec_iter: ["bi_sector", "bi_size"],
  filename: ["name"],
  cred: ["uid", "gid", "euid"],
  net_device: ["name", "ifindex", "mtu"],
  linux_binprm: ["filename"],
};

class Recording {
  readonly #btf: Btf;
  readonly #whole = new Set<number>();
  readonly #ids = new Map<string, number>();
  readonly types: WrittenType[] = [];

  constructor(btf: Btf) {
    this.#btf = btf;
    const { struct, union, enum: enumeration, typedef, function: function_kind } = KIND;
    const named = (kind: typeof KIND[keyof typeof KIND], chosen: (name: string) => boolean): number[] =>
      [...btf.ids(kind)].filter((id) => chosen(btf.name(id)));
    const roots = [
      ...named(struct, (name) => STRUCTS.has(name)),
      ...named(enumeration, (name) => ENUMS.has(name)),
      ...named(typedef, (name) => TYPEDEFS.has(name)),
      ...named(function_kind, (name) => FUNCTIONS.has(name) || FUNCTION.test(name)),
    ];
    for (const id of roots) if (btf.kind(id) === struct || btf.kind(id) === union) this.#include(id);
    for (const id of roots) this.#add(id);
  }

  /** Structs that are part of others are whole as well. */
  #include(id: number): void {
    const bare = bareType(this.#btf, id);
    if (this.#btf.kind(bare) === KIND.array) return this.#include(this.#btf.extra(bare, 0));
    if (!isCompound(this.#btf, bare) || this.#whole.has(bare)) return;
    this.#whole.add(bare);
    for (const member of members(this.#btf, bare)) this.#include(member.type);
  }

  /** The id that a type has in the recording. */
  #add(id: number): number {
    if (id === 0) return 0;
    const btf = this.#btf, kind = btf.kind(id);
    const is_declared = isCompound(btf, id) && btf.name(id) !== "" && !this.#whole.has(id);
    const key = is_declared ? `forward ${kind} ${btf.name(id)}` : `${id}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const at = this.types.length;
    this.#ids.set(key, at + 1);
    this.types.push({ kind: KIND.forward }); // keeps the place: what it refers to may refer back to it
    this.types[at] = is_declared
      ? { kind: KIND.forward, name: btf.name(id), kind_flag: kind === KIND.union }
      : this.#copy(id);
    return at + 1;
  }

  #copy(id: number): WrittenType {
    const btf = this.#btf, kind = btf.kind(id), vlen = btf.memberCount(id);
    const common = { name: btf.name(id), kind, vlen, kind_flag: btf.kindFlag(id), size_or_type: btf.sizeOrType(id) };
    const extra = (count: number): number[] => Array.from({ length: count }, (_, i) => btf.extra(id, i));
    const named = (words: readonly number[], each: number): (number | string)[] =>
      words.map((word, i) => i % each === 0 ? btf.text(word) : word);
    switch (kind) {
      case KIND.int:
        return { ...common, extra: extra(1) };
      case KIND.float:
      case KIND.forward:
        return common;
      case KIND.enum:
        return { ...common, extra: named(extra(2 * vlen), 2) };
      case KIND.enum64:
        return { ...common, extra: named(extra(3 * vlen), 3) };
      case KIND.array:
        return { ...common, extra: [this.#add(btf.extra(id, 0)), this.#add(btf.extra(id, 1)), btf.extra(id, 2)] };
      case KIND.struct:
      case KIND.union:
        return { ...common, extra: this.#references(named(extra(3 * vlen), 3), 3) };
      case KIND.prototype: {
        const size_or_type = this.#add(btf.sizeOrType(id));
        return { ...common, size_or_type, extra: this.#references(named(extra(2 * vlen), 2), 2) };
      }
      default:
        return { ...common, size_or_type: this.#add(btf.sizeOrType(id)) };
    }
  }

  #references(words: readonly (number | string)[], each: number): (number | string)[] {
    return words.map((word, i) => i % each === 1 ? this.#add(Number(word)) : word);
  }
}

const [folder = "tests/data/btf", ...kernels] = Deno.args;
for (const kernel of kernels) {
  const [name, file = ""] = kernel.split("=");
  const found = openKernelBtf({ file });
  if (!found.ok) throw new Error(found.error);
  const { types } = new Recording(found.btf.types);
  const path = `${folder}/${name}.btf.gz`;
  Deno.writeFileSync(path, gzipSync(writeBtf(types), { level: 9 }));
  const offsets = await bpftoolOffsets(file, EXPECTED);
  const lines = Object.entries(offsets).map((entry) => entry.map((part) => JSON.stringify(part)).join(": "));
  Deno.writeTextFileSync(`${folder}/${name}.offsets.json`, `{\n${lines.join(",\n")}\n}\n`);
}

import assert from "node:assert/strict";
import { argumentCaptures, packetLayout, pathLayout, returnCapture } from "../../../src/kernel/btf/mod.ts";
import { MAX_READS, MAX_STEPS } from "../../../src/kernel/capture.ts";
import { KIND } from "../../../src/kernel/btf/image.ts";
import { signatureOf } from "../../../src/kernel/btf/signature.ts";
import { type CallValues, Memory, u16, u32, u64, u8 } from "./memory.ts";
import {
  RECORDED,
  type RecordedBtf,
  recordedBtf,
  recordedKernelBtf,
  recordedOffsets,
  recordedSignature,
} from "./recorded.ts";

const IPV6 = new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/** All arguments of a call, as an event shows them. */
function shown(kernel: RecordedBtf, name: string, memory: Memory, values: CallValues): Record<string, unknown> {
  const captures = argumentCaptures(recordedSignature(kernel, name));
  return Object.fromEntries(captures.map((capture) => [capture.name, memory.capture(capture, values)]));
}

function ret(kernel: RecordedBtf, name: string, value: number | bigint): unknown {
  const capture = returnCapture(recordedSignature(kernel, name));
  assert.ok(capture);
  assert.equal(capture.name, "ret");
  return new Memory(recordedOffsets(kernel)).capture(capture, { ret: value });
}

function onEveryKernel(what: string, test: (kernel: RecordedBtf, memory: Memory) => void): void {
  for (const kernel of RECORDED) {
    Deno.test(`${what}: Linux ${kernel}`, () => test(kernel, new Memory(recordedOffsets(kernel))));
  }
}

/** A TCP socket over IPv4: 10.0.0.1:40000 to 192.168.7.9:443. */
function tcpSocket(memory: Memory, more: Record<string, ReturnType<typeof u8>> = {}): number {
  const net = memory.struct("net", { "ns/ns_common.inum": u32(4026531840) });
  return memory.struct("sock", {
    sk_protocol: u16(6),
    ...Object.fromEntries(
      Object.entries({
        skc_family: u16(2),
        skc_state: u8(2),
        skc_num: u16(40000),
        skc_dport: new Uint8Array([443 >> 8, 443 & 255]),
        skc_rcv_saddr: new Uint8Array([10, 0, 0, 1]),
        skc_daddr: new Uint8Array([192, 168, 7, 9]),
        skc_net: u64(net),
        ...more,
      }).map(([name, content]) => [`sock_common.${name}`, content]),
    ),
  });
}

onEveryKernel("argumentCaptures() shows a socket's ends, state and namespace", (kernel, memory) => {
  assert.deepEqual(shown(kernel, "tcp_connect", memory, { arguments: [tcpSocket(memory)] }), {
    sk: {
      family: "AF_INET",
      protocol: "IPPROTO_TCP",
      local: { address: "10.0.0.1", port: 40000 },
      remote: { address: "192.168.7.9", port: 443 },
      state: "TCP_SYN_SENT",
      netns: 4026531840,
    },
  });
});

onEveryKernel("argumentCaptures() shows a struct socket by its struct sock, and an address", (kernel, memory) => {
  const sk = tcpSocket(memory, { skc_family: u16(10), skc_v6_daddr: IPV6, skc_state: u8(10) });
  const socket = memory.struct("socket", { sk: u64(sk) });
  const uaddr = memory.bytes(new Uint8Array([2, 0, 0, 80, 127, 0, 0, 1]));
  const { sock, uaddr: address, addr_len } = shown(kernel, "inet_bind", memory, { arguments: [socket, uaddr, 16] });
  assert.deepEqual(sock, {
    family: "AF_INET6",
    protocol: "IPPROTO_TCP",
    local: { address: "::", port: 40000 },
    remote: { address: "2001:db8::1", port: 443 },
    state: "TCP_LISTEN",
    netns: 4026531840,
  });
  assert.deepEqual([address, addr_len], [{ family: "AF_INET", address: "127.0.0.1", port: 80 }, 16]);
});

onEveryKernel("argumentCaptures() reads no more of a socket in TIME_WAIT than it has", (kernel, memory) => {
  const sk = tcpSocket(memory, { skc_state: u8(6) });
  memory.put(sk + memory.offset("sock", "sk_protocol"), u16(17)); // other memory
  const { sk: shown_sk } = shown(kernel, "tcp_connect", memory, { arguments: [sk] });
  assert.equal((shown_sk as Record<string, unknown>)["protocol"], "IPPROTO_TCP");
});

onEveryKernel("argumentCaptures() shows null for what cannot be read", (kernel, memory) => {
  assert.deepEqual(shown(kernel, "tcp_connect", memory, { arguments: [0] }), { sk: null });
});

onEveryKernel(
  "argumentCaptures() shows a file's path, integers, and of a buffer, where secrets may be, only the address",
  (kernel, memory) => {
    const dentry = memory.struct("dentry", { "d_name/qstr.name": u64(memory.text("passwd")) });
    const inode = memory.struct("inode", { i_mode: u16(0o100644) });
    const file = memory.struct("file", { f_inode: u64(inode), "f_path/path.dentry": u64(dentry) });
    memory.found(file + memory.offset("file", "f_path"), ["passwd", "etc"]);
    const secret = memory.userText("what was read");
    assert.deepEqual(shown(kernel, "vfs_read", memory, { arguments: [file, secret, 4096, 0n] }), {
      file: "/etc/passwd",
      buf: `0x${secret.toString(16)}`,
      count: 4096,
      pos: "0x0",
    });
  },
);

onEveryKernel("argumentCaptures() names files without a path as /proc/<pid>/fd does", (kernel, memory) => {
  const of = (mode: number, own_name: string): unknown => {
    const dentry = memory.struct("dentry", { "d_name/qstr.name": u64(memory.text(own_name)) });
    const inode = memory.struct("inode", { i_mode: u16(mode), i_ino: u64(4026) });
    const file = memory.struct("file", { f_inode: u64(inode), "f_path/path.dentry": u64(dentry) });
    memory.found(file + memory.offset("file", "f_path"), []);
    return shown(kernel, "vfs_read", memory, { arguments: [file, 0, 0, 0] })["file"];
  };
  assert.deepEqual(
    [of(0o140777, ""), of(0o010600, ""), of(0o600, "[eventfd]"), of(0o100777, "memfd:x"), of(0o040755, "/")],
    ["socket:[4026]", "pipe:[4026]", "anon_inode:[eventfd]", "/memfd:x", "/"],
  );
});

onEveryKernel("argumentCaptures() shows a path that was too long for its slot from its end", (kernel, memory) => {
  const path = memory.struct("path", {});
  memory.found(path, ["c", "b", "…"]);
  const file = memory.struct("file", {});
  const { path: text } = shown(kernel, "vfs_open", memory, { arguments: [path, file] });
  assert.equal(text, "…/b/c");
});

onEveryKernel("argumentCaptures() shows dentries and inodes", (kernel, memory) => {
  const super_block = memory.struct("super_block", { s_dev: u32(8 << 20 | 1) });
  const inode = memory.struct("inode", { i_mode: u16(0o040755), i_ino: u64(77), i_sb: u64(super_block) });
  const dentry = memory.struct("dentry", {});
  memory.found(dentry, ["old", "tmp"]);
  const { parameters } = recordedSignature(kernel, "vfs_rmdir");
  const values: number[] = parameters.map(({ name }) => name === "dir" ? inode : name === "dentry" ? dentry : 0);
  const { dir, dentry: name } = shown(kernel, "vfs_rmdir", memory, { arguments: values });
  assert.deepEqual([dir, name], [{ inode: 77, mode: "040755", device: "8:1" }, "/tmp/old"]);
});

onEveryKernel("argumentCaptures() shows a task as process, thread and name", (kernel, memory) => {
  const task = memory.struct("task_struct", { tgid: u32(100), pid: u32(101), comm: "worker" });
  assert.deepEqual(shown(kernel, "wake_up_new_task", memory, { arguments: [task] }), {
    p: { pid: 100, tid: 101, comm: "worker" },
  });
});

onEveryKernel("argumentCaptures() shows a request's disk, place, size and operation", (kernel, memory) => {
  const disk = memory.struct("gendisk", { major: u32(8), first_minor: u32(16), disk_name: "sdb" });
  const queue = memory.has("request_queue", "disk") ? { disk: u64(disk) } : {};
  const request = memory.struct("request", {
    q: u64(memory.struct("request_queue", queue)),
    ...(memory.has("request", "rq_disk") ? { rq_disk: u64(disk) } : {}),
    __sector: u64(2048),
    __data_len: u32(4096),
    cmd_flags: u32(1 | 1 << 11), // with REQ_SYNC
  });
  assert.deepEqual(shown(kernel, "blk_mq_start_request", memory, { arguments: [request] }), {
    rq: { device: "8:16", disk: "sdb", sector: 2048, bytes: 4096, operation: "WRITE" },
  });
});

onEveryKernel("argumentCaptures() shows a bio", (kernel, memory) => {
  const disk = memory.struct("gendisk", { major: u32(8), first_minor: u32(16) });
  const bio = memory.struct("bio", {
    ...(memory.has("bio", "bi_disk")
      ? { bi_disk: u64(disk) }
      : { bi_bdev: u64(memory.struct("block_device", { bd_dev: u32(8 << 20 | 16) })) }),
    "bi_iter/bvec_iter.bi_sector": u64(99),
    "bi_iter/bvec_iter.bi_size": u32(512),
    bi_opf: u32(3),
  });
  assert.deepEqual(shown(kernel, "submit_bio", memory, { arguments: [bio] }), {
    bio: { device: "8:16", sector: 99, bytes: 512, operation: "DISCARD" },
  });
});

onEveryKernel(
  "argumentCaptures() shows a packet, with its ends where the network header is written",
  (kernel, memory) => {
    const skb = memory.struct("sk_buff", { len: u32(60), protocol: new Uint8Array([0x08, 0x00]) });
    const device = memory.struct("net_device", { name: "eth0" });
    const header = new Uint8Array(40);
    header.set([0x45]);
    header.set([6], 9);
    header.set([10, 1, 2, 3, 10, 9, 8, 7], 12);
    memory.found(skb, header);
    const values = { arguments: [skb, device, 0, device] };
    const { skb: packet, dev } = shown(kernel, "ip_rcv", memory, values);
    assert.deepEqual([packet, dev], [{
      protocol: "IPv4",
      length: 60,
      source: "10.1.2.3",
      destination: "10.9.8.7",
      transport: "IPPROTO_TCP",
    }, "eth0"]);
    memory.put(skb + memory.offset("sk_buff", "protocol"), new Uint8Array([0x08, 0x06])); // not what the header says
    assert.deepEqual(shown(kernel, "ip_rcv", memory, values)["skb"], { protocol: "ARP", length: 60 });
  },
);

onEveryKernel("argumentCaptures() shows what is executed, and credentials", (kernel, memory) => {
  const bprm = memory.struct("linux_binprm", { filename: u64(memory.text("/usr/bin/true")) });
  assert.deepEqual(shown(kernel, "begin_new_exec", memory, { arguments: [bprm] }), { bprm: "/usr/bin/true" });
  const cred = memory.struct("cred", { uid: u32(1000), gid: u32(100), euid: u32(0) });
  assert.deepEqual(shown(kernel, "commit_creds", memory, { arguments: [cred] }), {
    new: { uid: 1000, gid: 100, euid: 0 },
  });
});

Deno.test("argumentCaptures() names enumerators, and the second half of a struct takes an argument", () => {
  const memory = new Memory(recordedOffsets("6.12"));
  const values = { arguments: [0, 0, 3] };
  assert.equal(shown("6.12", "sk_skb_reason_drop", memory, values)["reason"], "SKB_DROP_REASON_NO_SOCKET");
  assert.equal(shown("6.12", "sk_skb_reason_drop", memory, { arguments: [0, 0, 0x7fff] })["reason"], 0x7fff);
  const sockopt = recordedSignature("6.12", "do_tcp_setsockopt");
  assert.deepEqual(sockopt.parameters.map(({ slot, slots }) => [slot, slots]), [[0, 1], [1, 1], [2, 1], [3, 2], [
    5,
    1,
  ]]);
  const optlen = argumentCaptures(sockopt).find(({ name }) => name === "optlen");
  assert.deepEqual(optlen?.reads.map(({ source }) => source), [5]);
});

Deno.test("argumentCaptures() cuts no integer wrong: signed, unsigned, bool", () => {
  const memory = new Memory(recordedOffsets("6.1"));
  const garbage = 0xabcd_ef01n << 32n;
  const values = { arguments: [garbage | 0xffff_ff9cn, 0n, 0n] };
  assert.equal(shown("6.1", "do_sys_openat2", memory, values)["dfd"], -100);
  const capture = argumentCaptures(recordedSignature("6.12", "do_sock_setsockopt")).find(({ name }) =>
    name === "compat"
  );
  assert.ok(capture);
  assert.equal(memory.capture(capture, { arguments: [0, garbage | 1n] }), true);
  assert.equal(memory.capture(capture, { arguments: [0, garbage] }), false);
});

onEveryKernel("returnCapture() shows integers with their sign, errors behind pointers, no void", (kernel) => {
  assert.equal(ret(kernel, "tcp_connect", 0xffff_ff91n), -111);
  assert.equal(ret(kernel, "vfs_read", -11n), -11);
  assert.equal(ret(kernel, "vfs_read", 70_000), 70_000);
  assert.equal(ret(kernel, "inet_csk_accept", 0xffff_8880_1234_5678n), "0xffff888012345678");
  assert.equal(ret(kernel, "inet_csk_accept", 0n), "0x0");
  assert.equal(ret(kernel, "inet_csk_accept", -11n), -11);
  assert.equal(ret(kernel, "inet_addr_type", 0xffff_ffff_0000_0001n), 1);
  assert.equal(returnCapture(recordedSignature(kernel, "wake_up_new_task")), undefined);
});

onEveryKernel("argumentCaptures() stays within what one program reads, whatever the function", (kernel) => {
  const btf = recordedBtf(kernel);
  for (const id of btf.ids(KIND.function)) {
    const signature = signatureOf(btf, id);
    const captures = argumentCaptures(signature);
    const reads = captures.flatMap((capture) => capture.reads);
    assert.ok(reads.length <= MAX_READS, signature.text);
    for (const { path, bytes, kind } of reads) {
      assert.ok(path.length <= MAX_STEPS && bytes > 0 && (bytes <= 256 || kind.endsWith("path")), signature.text);
    }
    assert.equal(captures.length, signature.parameters.filter(({ slots }) => slots > 0).length, signature.text);
  }
});

Deno.test("argumentCaptures() shows the last of too many arguments as addresses", () => {
  const signature = recordedSignature("6.12", "vfs_read");
  const [file] = signature.parameters;
  assert.ok(file);
  const parameters = Array.from({ length: 10 }, (_, slot) => ({ ...file, name: `file${slot}`, slot }));
  const captures = argumentCaptures({ ...signature, parameters });
  const kinds = captures.map(({ reads }) => reads.some(({ kind }) => kind === "path") ? "path" : reads[0]?.kind);
  assert.deepEqual(kinds, [...Array(7).fill("path"), ...Array(3).fill("value")]);
});

onEveryKernel("a socket is read with three reads", (kernel) => {
  const [sk] = argumentCaptures(recordedSignature(kernel, "tcp_connect"));
  assert.equal(sk?.reads.length, 3);
});

onEveryKernel("pathLayout() and packetLayout() say what bpftool says", (kernel, memory) => {
  const btf = recordedBtf(kernel);
  assert.deepEqual(pathLayout(btf), {
    dentry_parent: memory.offset("dentry", "d_parent"),
    dentry_name: memory.offset("dentry", "d_name/qstr.name"),
    path_mnt: memory.offset("path", "mnt"),
    path_dentry: memory.offset("path", "dentry"),
    vfsmount_root: 0, // the first member, of which bpftool says the same
    mount_vfsmount: memory.offset("mount", "mnt"),
    mount_parent: memory.offset("mount", "mnt_parent"),
    mount_mountpoint: memory.offset("mount", "mnt_mountpoint"),
  });
  assert.deepEqual(packetLayout(btf), {
    skb_head: memory.offset("sk_buff", "head"),
    skb_network_header: memory.offset("sk_buff", "network_header"),
  });
});

onEveryKernel("rawTracepoint() gives a probe's arguments with their names", (kernel, memory) => {
  const signature = recordedKernelBtf(kernel).rawTracepoint("sched_process_fork");
  assert.ok(signature);
  assert.deepEqual(signature.parameters.map(({ name, type }) => `${type}${name}`), [
    "struct task_struct *parent",
    "struct task_struct *child",
  ]);
  const child = memory.struct("task_struct", { tgid: u32(7), pid: u32(7), comm: "sh" });
  const capture = argumentCaptures(signature)[1];
  assert.ok(capture);
  assert.deepEqual(memory.capture(capture, { arguments: [0, child] }), { pid: 7, tid: 7, comm: "sh" });
  assert.equal(recordedKernelBtf(kernel).rawTracepoint("no_such_event"), undefined);
});

import assert from "node:assert/strict";
import { captureOf, plainCaptureOf, plainCaptures, plainReturnCapture } from "../../../src/kernel/btf/mod.ts";
import type { Capture, Read } from "../../../src/kernel/capture.ts";
import { type CallValues, Memory, u16, u32, u64, u8 } from "./memory.ts";
import { RECORDED, type RecordedBtf, recordedOffsets, recordedSignature } from "./recorded.ts";

function captured(kernel: RecordedBtf, name: string, text: string): Capture {
  const result = captureOf(text, recordedSignature(kernel, name));
  assert.ok(result.ok, result.ok ? "" : `${result.error}: ${result.hint}`);
  return result.capture;
}

function readsOf(kernel: RecordedBtf, name: string, text: string): string[] {
  return captured(kernel, name, text).reads.map(readText);
}

function readText({ source, path, kind, bytes, space }: Read): string {
  return `${source}${path.map((step) => `+${step}`).join("→")} ${kind} ${bytes}${space === "user" ? " user" : ""}`;
}

function refused(kernel: RecordedBtf, name: string, text: string): readonly [error: string, hint: string] {
  const result = captureOf(text, recordedSignature(kernel, name));
  assert.ok(!result.ok, text);
  return [result.error, result.hint];
}

for (const kernel of RECORDED) {
  const memory = new Memory(recordedOffsets(kernel));

  Deno.test(`captureOf() follows members and pointers to where bpftool says they are: Linux ${kernel}`, () => {
    const dport = memory.offset("sock_common", "skc_dport");
    assert.deepEqual(readsOf(kernel, "tcp_connect", "sk.__sk_common.skc_dport:be16"), [`0+${dport} memory 2`]);
    assert.deepEqual(readsOf(kernel, "tcp_connect", "sk->__sk_common.skc_dport"), [`0+${dport} memory 2`]);
    const name = `0+${memory.offset("file", "f_path/path.dentry")}→+${memory.offset("dentry", "d_name/qstr.name")}→+0`;
    assert.deepEqual(readsOf(kernel, "vfs_read", "file.f_path.dentry.d_name.name:str"), [
      `${name} string 256`,
      `${name.replace("→+0", "")} memory 8`, // the address, for when nothing is there
    ]);
    const sector = memory.offset("request", "__sector");
    assert.deepEqual(readsOf(kernel, "blk_mq_start_request", "rq.__sector"), [`0+${sector} memory 8`]);
    const cwnd = memory.offset("tcp_sock", "snd_cwnd");
    for (const cast of ["(struct tcp_sock *)sk.snd_cwnd", "((struct tcp_sock *) sk)->snd_cwnd"]) {
      assert.deepEqual(readsOf(kernel, "tcp_connect", cast), [`0+${cwnd} memory 4`]);
    }
  });

  Deno.test(`captureOf() reads values as their types and formats say: Linux ${kernel}`, () => {
    const sk = memory.struct("sock", {
      "sock_common.skc_dport": new Uint8Array([0x1f, 0x90]),
      "sock_common.skc_daddr": new Uint8Array([10, 0, 0, 9]),
      "sock_common.skc_state": u8(200),
      sk_rcvbuf: u32(-5),
      sk_no_check_tx: u8(0xff),
    });
    const value = (text: string): unknown => memory.capture(captured(kernel, "tcp_connect", text), { arguments: [sk] });
    assert.equal(value("sk.__sk_common.skc_dport"), 8080);
    assert.equal(value("sk.__sk_common.skc_dport:u16"), 0x901f);
    assert.equal(value("sk.__sk_common.skc_dport:hex"), "0x901f");
    assert.equal(value("sk.__sk_common.skc_daddr"), "10.0.0.9");
    assert.equal(value("sk.__sk_common.skc_daddr:be32"), 0x0a000009);
    assert.equal(value("sk.__sk_common.skc_state:s8"), -56);
    assert.equal(value("sk.__sk_common.skc_state:u8"), 200);
    assert.equal(value("sk.sk_rcvbuf"), -5);
    assert.equal(value("sk.sk_rcvbuf:u32"), 0xffff_fffb);
    assert.equal(value("sk.sk_rcvbuf:hex"), "0xfffffffb");
    assert.equal(value("arg0.__sk_common.skc_dport"), 8080);
    assert.equal(value("sk+12:be16"), 8080); // skc_dport has been there ever since
    assert.equal(value("sk:hex"), `0x${sk.toString(16)}`);
  });

  Deno.test(`captureOf() reads bit fields alone: Linux ${kernel}`, () => {
    const of = (bytes: Uint8Array): unknown => {
      const skb = memory.struct("sk_buff", {});
      const at = recordedOffsets(kernel)["sk_buff"]?.["ip_summed"]?.[0] ?? 0;
      memory.put(skb + (at >> 3), bytes);
      return memory.capture(captured(kernel, "ip_rcv", "skb.ip_summed"), { arguments: [skb] });
    };
    const [bit = 0, bits = 0] = recordedOffsets(kernel)["sk_buff"]?.["ip_summed"] ?? [];
    assert.equal(bits, 2);
    assert.equal(of(new Uint8Array([0b10 << bit % 8])), 2);
    assert.equal(of(new Uint8Array([~(0b11 << bit % 8) & 0xff])), 0);
    assert.equal(captured(kernel, "ip_rcv", "skb.ip_summed").reads[0]?.bytes, 1);
  });

  Deno.test(`captureOf() shows texts, arrays, known structs behind fields: Linux ${kernel}`, () => {
    const task = memory.struct("task_struct", { comm: "worker", tgid: u32(9), pid: u32(10) });
    memory.put(task + memory.offset("task_struct", "real_parent"), u64(task));
    const value = (text: string): unknown =>
      memory.capture(captured(kernel, "wake_up_new_task", text), { arguments: [task] });
    assert.equal(value("p.comm"), "worker");
    assert.equal(value("p.comm:str"), "worker");
    assert.equal(value("p.comm[0]:u8"), "w".charCodeAt(0));
    assert.equal(value("p.comm:hex"), "776f726b6572" + "00".repeat(10));
    assert.deepEqual(value("p.real_parent"), { pid: 9, tid: 10, comm: "worker" });
    assert.equal(value("p.real_parent.real_parent.tgid"), 9);
    assert.equal(value("p.mm"), "0x0");
  });

  Deno.test(`captureOf() follows what a function gives back: Linux ${kernel}`, () => {
    const sk = memory.struct("sock", { "sock_common.skc_family": u16(10) });
    const values = { ret: sk };
    assert.equal(memory.capture(captured(kernel, "inet_csk_accept", "ret.__sk_common.skc_family"), values), 10);
    const failed = memory.capture(captured(kernel, "inet_csk_accept", "ret.__sk_common.skc_family"), { ret: -11n });
    assert.equal(failed, null);
  });

  Deno.test(`captureOf() reads registers of the process as its memory: Linux ${kernel}`, () => {
    const [first, second] = captured(kernel, "__x64_sys_openat", "regs.si:str").reads;
    assert.deepEqual([first?.space, second?.space], ["kernel", "user"]);
    assert.equal(first?.path.length, 2);
  });
}

Deno.test("captureOf() takes `ret` and pointers' targets", () => {
  const memory = new Memory({});
  const value = (name: string, text: string, values: CallValues): unknown =>
    memory.capture(captured("6.12", name, text), values);
  assert.equal(value("vfs_read", "ret", { ret: -5n }), -5);
  assert.equal(value("inet_csk_accept", "ret", { ret: -11n }), -11);
  const pos = memory.bytes(new Uint8Array([0, 16, 0, 0, 0, 0, 0, 0, 7]));
  assert.equal(value("vfs_read", "*pos", { arguments: [0, 0, 0, pos] }), 4096);
  assert.equal(value("vfs_read", "pos[1]:u8", { arguments: [0, 0, 0, pos] }), 7);
  assert.equal(value("vfs_read", "pos", { arguments: [0, 0, 0, pos] }), `0x${pos.toString(16)}`);
  const long_text = memory.text("x".repeat(300));
  assert.equal(value("vfs_read", "buf:str", { arguments: [0, long_text] }), `${"x".repeat(255)}…`);
  assert.equal(captured("6.12", "vfs_read", "buf:str").name, "buf");
});

Deno.test("captureOf() finds a field within a struct by value", () => {
  const { reads } = captured("6.12", "do_tcp_setsockopt", "optval.is_kernel");
  assert.deepEqual(reads.map(readText), ["4 value 8"]);
  assert.deepEqual(captured("6.12", "do_tcp_setsockopt", "optval.user").reads.map(readText), ["3 value 8"]);
});

Deno.test("captureOf() refuses a wrong field with those that exist, the nearest first", () => {
  const [error, hint] = refused("6.12", "tcp_connect", "sk.__sk_common.skc_dprt:be16");
  assert.equal(error, 'Cannot capture "sk.__sk_common.skc_dprt": struct sock_common has no field skc_dprt');
  assert.match(hint, /^struct sock_common has skc_dport, /);
  assert.match(hint, / and \d+ more$/);
  assert.match(refused("6.12", "vfs_read", "file.f_path.dentry.d_nam")[1], /^struct dentry has d_name, /);
});

Deno.test("captureOf() refuses a wrong argument with those that exist", () => {
  assert.deepEqual(refused("6.12", "vfs_read", "fil.f_path"), [
    'Cannot capture "fil": vfs_read has no such argument',
    "nearest: file; it is ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)",
  ]);
  assert.match(refused("6.12", "vfs_read", "arg4")[0], /vfs_read has no such argument/);
  assert.deepEqual(refused("6.12", "wake_up_new_task", "ret"), [
    'Cannot capture "ret": wake_up_new_task returns nothing',
    "it is void wake_up_new_task(struct task_struct *p)",
  ]);
});

Deno.test("captureOf() refuses what has no fields, no elements, no one value, no such format", () => {
  const error = (text: string): string => refused("6.12", "tcp_connect", text)[0];
  assert.equal(error("sk.sk_protocol.x"), 'Cannot capture "sk.sk_protocol.x": u16 has no fields');
  assert.equal(error("sk.sk_user_data.x"), 'Cannot capture "sk.sk_user_data.x": void * has no fields');
  assert.match(refused("6.12", "tcp_connect", "sk.sk_user_data.x")[1], /a cast says what it points to/);
  assert.equal(error("sk.sk_rcvbuf[1]"), 'Cannot capture "sk.sk_rcvbuf[1]": int has no elements');
  assert.equal(error("sk.sk_lock"), 'Cannot capture "sk.sk_lock": socket_lock_t is not one value');
  assert.equal(
    error("sk.__sk_common.skc_v6_daddr:path"),
    'Cannot capture "sk.__sk_common.skc_v6_daddr:path": struct in6_addr is not shown as path',
  );
  assert.equal(error("sk:strr"), 'Cannot capture "sk:strr": no format is called strr');
  assert.match(refused("6.12", "tcp_connect", "sk:strr")[1], /^nearest: str; /);
  assert.equal(
    error("(struct zork *)sk.x"),
    `Cannot capture "(struct zork *)sk.x": this kernel's BTF has no struct zork`,
  );
  assert.match(refused("6.12", "wake_up_new_task", "p.comm[16]")[0], /the array ends before it/);
  assert.match(refused("6.12", "wake_up_new_task", "p.mm.pgd")[0], /BTF does not say what struct mm_struct has/);
  assert.match(refused("6.12", "wake_up_new_task", `p${".real_parent".repeat(6)}.tgid`)[0], /it follows 6 pointers/);
});

Deno.test("captureOf() refuses what it cannot understand, with examples", () => {
  for (
    const text of [
      "",
      "sk..x",
      "sk.",
      "sk x",
      "1sk",
      "sk[",
      "sk[-1]",
      "sk.x()",
      "a".repeat(5000) + "!",
      "sk+",
      "(struct x)sk",
    ]
  ) {
    const [error, hint] = refused("6.12", "tcp_connect", text);
    assert.match(error, /Cannot (understand the capture|capture) "/);
    assert.ok(hint.length > 0);
  }
  assert.match(refused("6.12", "tcp_connect", "sk..x")[1], /sk\.__sk_common\.skc_dport:be16/);
});

function plain(text: string, space: "kernel" | "user" = "user"): Capture {
  const result = plainCaptureOf(text, { space });
  assert.ok(result.ok, text);
  return result.capture;
}

Deno.test("plainCaptureOf() reads arguments without types: numbers, text, what is behind an offset", () => {
  assert.deepEqual(plain("arg0:str").reads.map(readText), ["0+0 string 256 user", "0 value 8"]);
  assert.deepEqual(plain("arg0:str", "kernel").reads.map(readText), [
    "0+0 string 256",
    "0+0 string 256 user",
    "0 value 8",
  ]);
  assert.deepEqual(plain("arg1:u32").reads.map(readText), ["1 value 8"]);
  assert.deepEqual(plain("arg0+16:u64").reads.map(readText), ["0+16 memory 8 user"]);
  assert.deepEqual(plain("arg0+0x10:str").reads.map(readText), ["0+16 string 256 user", "0 value 8"]);
  assert.deepEqual(plain("arg0+8+24:be16").reads.map(readText), ["0+8→+24 memory 2 user"]);
  assert.deepEqual(plain("ret:str").reads.map(readText), ["ret+0 string 256 user", "ret value 8"]);
  assert.deepEqual(plain("arg0:ipv6").reads.map(readText), ["0+0 memory 16 user"]);
  const memory = new Memory({});
  assert.equal(memory.capture(plain("arg1:s32"), { arguments: [0, 0xffff_ffffn] }), -1);
  assert.equal(memory.capture(plain("ret"), { ret: 0x7fff_1234_5678n }), "0x7fff12345678");
  assert.equal(memory.capture(plain("ret"), { ret: -2n }), -2);
  assert.equal(memory.capture(plain("arg0:str"), { arguments: [memory.userText("example.org")] }), "example.org");
  assert.equal(memory.capture(plain("arg0:ipv4"), { arguments: [0x0100007f] }), "127.0.0.1");
});

Deno.test("plainCaptureOf() refuses names and what needs types", () => {
  const error = (text: string): string => {
    const result = plainCaptureOf(text, { space: "kernel" });
    assert.ok(!result.ok, text);
    assert.ok(result.hint.length > 0);
    return result.error;
  };
  assert.equal(
    error("sk.__sk_common.skc_dport"),
    'Cannot capture "sk.__sk_common.skc_dport": the names of arguments are not known here',
  );
  assert.equal(error("arg0.x"), 'Cannot capture "arg0.x": nothing is known of the types here');
  assert.equal(error("arg6"), 'Cannot capture "arg6": the names of arguments are not known here');
  assert.equal(error("arg0:path"), `Cannot capture "arg0:path": paths need the kernel's BTF`);
  assert.equal(
    error("(struct sock *)arg0"),
    'Cannot capture "(struct sock *)arg0": nothing is known of the types here',
  );
  assert.match(error("arg0+1+2+3+4+5+6+7:u8"), /a program follows 5 pointers/);
});

Deno.test("plainCaptures() shows arguments and result as numbers, or as addresses", () => {
  const memory = new Memory({});
  const captures = [...plainCaptures(2), plainReturnCapture()];
  const values = { arguments: [7, 0xffff_8880_0000_1000n], ret: -22n };
  assert.deepEqual(captures.map((capture) => [capture.name, memory.capture(capture, values)]), [
    ["arg0", 7],
    ["arg1", "0xffff888000001000"],
    ["ret", -22],
  ]);
  assert.equal(plainCaptures(12).length, 6);
});

Deno.test("plainReturnCapture() takes what fills half of the register for an int, which may be negative", () => {
  const ret = (value: number | bigint): unknown => new Memory({}).capture(plainReturnCapture(), { ret: value });
  assert.deepEqual([ret(0xffff_ffffn), ret(0xffff_fff5n), ret(0x8000_0000n)], [-1, -11, -(2 ** 31)]);
  assert.deepEqual([ret(0x7fff_ffffn), ret(-1n), ret(0x1_0000_0000n)], [2 ** 31 - 1, -1, "0x100000000"]);
  const argument = new Memory({}).capture(plain("arg0"), { arguments: [0xffff_ffffn] });
  assert.equal(argument, 0xffff_ffff, "flags are no results");
});

Deno.test("text that is not in memory is told from a NULL pointer, of programs and of the kernel", () => {
  const memory = new Memory({ s: { name: [64, 0] } });
  const value = (capture: Capture, pointer: number): unknown =>
    memory.capture(capture, { arguments: [pointer, pointer] });
  const nowhere = "(not in memory: 0xdead0000)";
  for (const capture of [plain("arg0:str"), plain("arg0:str", "kernel"), captured("6.12", "vfs_read", "buf:str")]) {
    assert.deepEqual([value(capture, 0xdead0000), value(capture, 0)], [nowhere, null]);
    assert.equal(value(capture, memory.userText("here")), "here");
  }
  assert.equal(value(plain("arg0+0x10:str"), 0xdead0000), "(not in memory: 0xdead0010)");
  const struct = memory.bytes(new Uint8Array(new BigUint64Array([0n, 0xdead0000n]).buffer));
  assert.equal(value(plain("arg0+8+0:str", "kernel"), struct), nowhere, "behind a pointer in memory");
  assert.equal(value(plain("arg0+0+0:str", "kernel"), struct), null);
});

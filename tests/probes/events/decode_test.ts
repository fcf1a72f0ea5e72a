import assert from "node:assert/strict";
import type { TraceEvent } from "../../../src/protocol/mod.ts";
import { parseFormat } from "../../../src/kernel/tracing/format.ts";
import { Decoder, errorOf } from "../../../src/probes/events/decode.ts";
import { type Plan, planTracepoint } from "../../../src/probes/plan/tracepoint.ts";
import { KERNELS, recordedFormat, type RecordedKernel } from "../../kernel/recorded_formats.ts";
import {
  cText,
  Dynamic,
  type Extra,
  type FieldValue,
  hitAt,
  type HitOptions,
  inet6Address,
  inetAddress,
  returnAt,
  type ReturnOptions,
  slots,
  traceRecord,
  unixAddress,
} from "../../support/records.ts";
import { recordedTracefs } from "../../support/recorded_tracefs.ts";

const EPOCH_NS = 1_700_000_000_000_000_000n;
/** Where the record lies in the reader's buffer: never at its start. */
const AT = 24;

type Values = Readonly<Record<string, FieldValue>>;

/** One event of a recorded kernel, by the same plan that a real session follows. */
function decode(
  kernel: RecordedKernel,
  event: string,
  { values = {}, cut = 0, ...hit }: { values?: Values; cut?: number } & Partial<HitOptions> = {},
): { event: TraceEvent; data: Record<string, unknown>; returned: (options: ReturnOptions) => Record<string, unknown> } {
  const tracefs = recordedTracefs(kernel);
  const plan = planTracepoint(event, tracefs);
  assert.ok(!("error" in plan));
  const decoder = new Decoder(plan, EPOCH_NS);
  const whole = traceRecord(recordedFormat(kernel, event), values);
  const record = whole.subarray(0, whole.length - cut);
  const decoded = decoder.event(hitAt(AT, { record, ...hit }), AT);
  return {
    event: decoded,
    data: decoded.data,
    returned: (options) => {
      decoder.completeCall(decoded, returnAt(AT, options), AT);
      return decoded.data;
    },
  };
}

const HEAD = `name: made_up
ID: 9
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

`;

/** One event of a format made up for a test: `[type name, size, signed]` from offset 8 on. */
function decodeMadeUp(
  fields: readonly (readonly [declaration: string, size: number, signed?: 1])[],
  values: Values,
  cut = 0,
): Record<string, unknown> {
  let offset = 8;
  const lines = fields.map(([declaration, size, signed = 0]) => {
    const line = `\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:${signed};\n`;
    offset += size;
    return line;
  });
  const format = parseFormat(`${HEAD}${lines.join("")}\nprint fmt: ""\n`);
  const plan = { event: "made:up", shown: format.fields.map((field) => ({ field })), familyName: String };
  const whole = traceRecord(format, values);
  return new Decoder(plan, 0n).event(hitAt(AT, { record: whole.subarray(0, whole.length - cut) }), AT).data;
}

Deno.test("Decoder.event() says who, when and what", () => {
  const { event } = decode("6.12", "sched:sched_process_exit", {
    tgid: 4_194_304,
    tid: 4_194_305,
    uid: 4_294_967_294,
    time_ns: 123n,
    comm: "nginx\0old",
  });
  const { data: _, ...head } = event;
  assert.deepEqual(head, {
    timestamp: EPOCH_NS + 123n,
    process_id: 4_194_304,
    thread_id: 4_194_305,
    user_id: 4_294_967_294,
    process_name: "nginx",
    event_type: "sched:sched_process_exit",
  });
});

Deno.test("Decoder.event() reads integers of every size, signed and unsigned, exact beyond 2^53", () => {
  const fields = [1, 2, 4, 8].flatMap((bytes) =>
    [
      [`s${bytes * 8} s${bytes}`, bytes, 1],
      [`u${bytes * 8} u${bytes}`, bytes],
    ] as const
  );
  const all = Object.fromEntries(fields.map(([declaration]) => [declaration.split(" ")[1]!, -1n]));
  assert.deepEqual(decodeMadeUp(fields, all), {
    s1: -1,
    u1: 255,
    s2: -1,
    u2: 65535,
    s4: -1,
    u4: 4294967295,
    s8: -1,
    u8: 2n ** 64n - 1n,
  });
  assert.deepEqual(decodeMadeUp(fields, { s8: -(2n ** 60n), u8: 2n ** 53n + 1n, s4: -(2 ** 31), u2: 7 }), {
    s1: 0,
    u1: 0,
    s2: 0,
    u2: 7,
    s4: -2147483648,
    u4: 0,
    s8: -(2n ** 60n),
    u8: 2n ** 53n + 1n,
  });
});

Deno.test("Decoder.event() reads bools, pointers, texts of fixed length and arrays", () => {
  const numbers = new Uint8Array(new Int32Array([1, -2, 3]).buffer);
  const fields = [
    ["bool on", 1],
    ["bool off", 1],
    ["char name[6]", 6],
    ["int numbers[3]", 12, 1],
    ["u8 raw[4]", 4],
    ["void * at", 8],
  ] as const;
  const values = {
    on: 1,
    name: "filled",
    numbers,
    raw: Uint8Array.from([0, 1, 0xfe, 0xff]),
    at: 0xffff_8880_0000_1000n,
  };
  assert.deepEqual(decodeMadeUp(fields, values), {
    on: true,
    off: false,
    name: "filled",
    numbers: [1, -2, 3],
    raw: "0001feff",
    at: "0xffff888000001000",
  });
});

for (const prefix of ["__data_loc", "__rel_loc"]) {
  Deno.test(`Decoder.event() follows ${prefix} to texts and arrays behind the fixed part`, () => {
    const fields = [
      ["u32 before", 4],
      [`${prefix} char[] first`, 4],
      [`${prefix} u64[] numbers`, 4],
      [`${prefix} u8[] raw`, 4],
      [`${prefix} char[] last`, 4],
    ] as const;
    const values = {
      before: 9,
      first: new Dynamic(cText("größe")),
      numbers: new Dynamic(new Uint8Array(new BigUint64Array([1n, 2n ** 63n]).buffer)),
      raw: new Dynamic(Uint8Array.from([1, 255])),
      last: new Dynamic(cText("end")),
    };
    const whole = { before: 9, first: "größe", numbers: [1, 2n ** 63n], raw: "01ff", last: "end" };
    assert.deepEqual(decodeMadeUp(fields, values), whole);
    // what lies beyond the bytes that were copied is not made up
    assert.deepEqual(decodeMadeUp(fields, values, 1), { ...whole, last: null });
    assert.deepEqual(decodeMadeUp(fields, values, 5), { ...whole, last: null, raw: null });
    const empty = decodeMadeUp(fields, { ...values, first: new Dynamic(new Uint8Array()) });
    assert.equal(empty["first"], "");
  });
}

for (const kernel of KERNELS) {
  Deno.test(`Decoder.event() of a record of Linux ${kernel}: exec, switch, allocation, socket, retransmission`, () => {
    const exec = decode(kernel, "sched:sched_process_exec", {
      values: { filename: new Dynamic(cText("/usr/bin/true")), pid: 7, old_pid: 7 },
    });
    assert.deepEqual(exec.data, { filename: "/usr/bin/true", pid: 7, old_pid: 7 });

    const { data: sw } = decode(kernel, "sched:sched_switch", {
      values: { prev_comm: "swapper/0", prev_state: 1, next_comm: "exactly16bytes!!", next_pid: 44, next_prio: -1 },
    });
    assert.equal(sw["prev_comm"], "swapper/0");
    assert.equal(sw["next_comm"], "exactly16bytes!!");
    assert.equal(sw["prev_state"], "S");
    assert.equal(sw["next_prio"], -1);

    const { data: kmalloc } = decode(kernel, "kmem:kmalloc", {
      values: { gfp_flags: kernel === "5.10" ? 0xcc0 : 0xcc0, bytes_req: 2n ** 40n, ptr: 0xffff_8880_0000_0000n },
    });
    assert.equal(kmalloc["gfp_flags"], "GFP_KERNEL");
    assert.equal(kmalloc["bytes_req"], 2 ** 40);
    assert.equal(kmalloc["ptr"], "0xffff888000000000");

    const { data: socket } = decode(kernel, "sock:inet_sock_set_state", {
      values: {
        oldstate: 2,
        newstate: 7,
        dport: 5432,
        family: 2,
        protocol: 6,
        saddr: Uint8Array.from([127, 0, 0, 1]),
        daddr: Uint8Array.from([192, 0, 2, 1]),
        daddr_v6: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]),
      },
    });
    assert.equal(socket["oldstate"], "TCP_SYN_SENT");
    assert.equal(socket["newstate"], "TCP_CLOSE");
    assert.equal(socket["family"], "AF_INET");
    assert.equal(socket["protocol"], "IPPROTO_TCP");
    assert.equal(socket["dport"], 5432);
    assert.equal(socket["saddr"], "127.0.0.1");
    assert.equal(socket["daddr"], "192.0.2.1");
    assert.equal(socket["daddr_v6"], "::ffff:192.0.2.1");
    assert.equal(socket["saddr_v6"], "::");

    const { data: signal } = decode(kernel, "signal:signal_generate", {
      values: { sig: 11, errno: 0, code: 1, comm: "victim", pid: 5 },
    });
    assert.equal(signal["sig"], "SIGSEGV");
    assert.equal(signal["comm"], "victim");
    const unnamed = decode(kernel, "signal:signal_generate", { values: { sig: 4000 } });
    assert.equal(unnamed.data["sig"], 4000);
  });

  Deno.test(`Decoder.event() of openat of Linux ${kernel}: what the pointer points to, flags by name, and nothing else`, () => {
    const values = { dfd: 0xffff_ff9cn, filename: 0x7fff_0000n, flags: 0o2000000, mode: 0 };
    const extras = [{ directive: 0, bytes: cText("/etc/größe") }];
    const { data, returned } = decode(kernel, "syscalls:sys_enter_openat", { values, extras });
    assert.deepEqual(data, { dfd: "AT_FDCWD", filename: "/etc/größe", flags: "O_RDONLY|O_CLOEXEC", mode: "00" });
    assert.deepEqual(returned({ ret: -2n, latency_ns: 1500n }), {
      ...data,
      ret: -2,
      error: "ENOENT",
      latency_ns: 1500,
    });
  });

  Deno.test(`Decoder.event() of connect of Linux ${kernel} takes the address apart`, () => {
    const values = { fd: 3, uservaddr: 0x7fff_0000n, addrlen: 16 };
    const addressed = (bytes: Uint8Array): unknown =>
      decode(kernel, "syscalls:sys_enter_connect", { values, extras: [{ directive: 0, bytes }] }).data["uservaddr"];
    assert.deepEqual(addressed(inetAddress([192, 0, 2, 1], 5432)), {
      family: "AF_INET",
      address: "192.0.2.1",
      port: 5432,
    });
    const v6 = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 9]);
    assert.deepEqual(addressed(inet6Address(v6, 53)), { family: "AF_INET6", address: "2001:db8::9", port: 53 });
    assert.deepEqual(addressed(unixAddress("/run/db.sock\0")), { family: "AF_UNIX", path: "/run/db.sock" });
    assert.deepEqual(addressed(unixAddress("\0abstract")), { family: "AF_UNIX", path: "@abstract" });
    assert.deepEqual(addressed(Uint8Array.from([16, 0, 0, 0])), { family: "AF_NETLINK" });
    assert.deepEqual(addressed(Uint8Array.from([17, 0])), { family: "AF_PACKET" });
    assert.deepEqual(addressed(Uint8Array.from([0xe7, 3])), { family: "AF_999" });
  });
}

/** openat whose filename came along like this. */
function opened(extra?: Omit<Extra, "directive">): ReturnType<typeof decode> {
  return decode("6.12", "syscalls:sys_enter_openat", {
    values: { filename: 0x1000 },
    extras: extra === undefined ? [] : [{ directive: 0, ...extra }],
  });
}

Deno.test("Decoder shows a null pointer as null, and memory that could not be read as null until the return brings it", () => {
  assert.equal(opened().data["filename"], null);
  const { data, returned } = opened({ fault: true });
  assert.equal(data["filename"], null);
  returned({ ret: 3n, extras: [{ directive: 0, bytes: cText("/etc/hosts") }] });
  assert.equal(data["filename"], "/etc/hosts");
  assert.equal(data["ret"], 3);
  assert.equal("error" in data, false);
});

Deno.test("Decoder.completeCall() leaves fields alone that the return brings nothing better for", () => {
  const still = opened({ fault: true });
  assert.equal(still.returned({ ret: -14n, extras: [{ directive: 0, fault: true }] })["filename"], null);
  const read = opened({ bytes: cText("/etc/hosts") });
  assert.equal(read.returned({ ret: 3n })["filename"], "/etc/hosts");
  // execve that succeeded: the memory of the call is gone when it returns
  const exec = decode("6.12", "syscalls:sys_enter_execve", {
    values: { filename: 1, argv: 2 },
    extras: [{ directive: 0, bytes: cText("/bin/sh") }, { directive: 1, bytes: slots("sh"), fault: true }],
  });
  exec.returned({ ret: 0n, extras: [{ directive: 1, fault: true }] });
  assert.deepEqual(exec.data["argv"], ["sh", "…"]);
});

Deno.test("Decoder marks what goes on in the traced process with an ellipsis", () => {
  assert.equal(opened({ bytes: cText("/long"), truncated: true }).data["filename"], "/long…");
  assert.equal(opened({ bytes: cText("/whole") }).data["filename"], "/whole");
  const argv = (extra: Omit<Extra, "directive">): unknown =>
    decode("5.10", "syscalls:sys_enter_execve", {
      values: { filename: 1, argv: 2 },
      extras: [{ directive: 0, bytes: cText("/bin/sh") }, { directive: 1, ...extra }],
    }).data["argv"];
  assert.deepEqual(argv({ bytes: slots("sh", "-c", "exit 1") }), ["sh", "-c", "exit 1"]);
  assert.deepEqual(argv({ bytes: slots("sh", "-c"), truncated: true }), ["sh", "-c", "…"]);
  assert.deepEqual(argv({ bytes: slots("sh", "x".repeat(127)) }), ["sh", `${"x".repeat(127)}…`]);
  assert.deepEqual(argv({}), []);
});

Deno.test("Decoder keeps nothing of one event for the next", () => {
  const tracefs = recordedTracefs("6.12");
  const plan = planTracepoint("syscalls/sys_enter_openat", tracefs) as Plan;
  const decoder = new Decoder(plan, 0n);
  const record = traceRecord(recordedFormat("6.12", "syscalls:sys_enter_openat"), { filename: 1 });
  const first = decoder.event(hitAt(0, { record, extras: [{ directive: 0, bytes: cText("/first") }] }), 0);
  const second = decoder.event(hitAt(0, { record }), 0);
  assert.equal(first.data["filename"], "/first");
  assert.equal(second.data["filename"], null);
});

Deno.test("Decoder shows arguments narrower than their slot by their own type", () => {
  const values = { fd: 0xdead_beef_ffff_ffffn, addrlen: 0xffff_ffff_0000_0010n, uservaddr: 0 };
  const { data } = decode("6.12", "syscalls:sys_enter_connect", { values });
  assert.deepEqual(data, { fd: -1, addrlen: 16, uservaddr: null });
});

Deno.test("Decoder of raw_syscalls names the call, and leaves an unknown number a number", () => {
  const id = (value: number): unknown => decode("7.3", "raw_syscalls:sys_enter", { values: { id: value } }).data["id"];
  assert.equal(id(Deno.build.arch === "x86_64" ? 257 : 56), "openat");
  assert.equal(id(9999), 9999);
  const exit = decode("7.3", "raw_syscalls:sys_exit", { values: { id: 0, ret: -11n } });
  assert.equal(exit.data["ret"], "EAGAIN");
  assert.equal(decode("7.3", "raw_syscalls:sys_exit", { values: { ret: 17 } }).data["ret"], 17);
});

Deno.test("Decoder.completeCall() keeps results that are no errors as numbers, every digit", () => {
  for (
    const [ret, shown, error] of [
      [0n, 0, undefined],
      [-4095n, -4095, undefined],
      [-4096n, -4096, undefined],
      [0x7fff_ffff_f000n, 0x7fff_ffff_f000, undefined],
      [2n ** 62n, 2n ** 62n, undefined],
      [-110n, -110, "ETIMEDOUT"],
    ] as const
  ) {
    const data = opened().returned({ ret });
    assert.equal(data["ret"], shown);
    assert.equal(data["error"], error);
  }
});

Deno.test("errorOf() names errors of system calls and nothing else", () => {
  assert.equal(errorOf(-1), "EPERM");
  assert.equal(errorOf(-111), "ECONNREFUSED");
  assert.equal(errorOf(-512), "ERESTARTSYS");
  for (const ret of [0, 1, 111, -4096, -(2n ** 40n), 2n ** 63n - 1n]) assert.equal(errorOf(ret), undefined);
});

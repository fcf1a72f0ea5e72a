import assert from "node:assert/strict";
import { describer } from "../../../src/kernel/tracing/describe.ts";
import type { Format } from "../../../src/kernel/tracing/format.ts";
import { type FieldPresentation, parsePrintFmt } from "../../../src/kernel/tracing/print_fmt.ts";
import { KERNELS, recordedFormat, type RecordedKernel, recordedTexts } from "../recorded_formats.ts";

function describe(format: Format, field: string, value: number | bigint): string | number | bigint {
  const presentation = parsePrintFmt(format).get(field);
  assert.equal(presentation?.kind, "named", `${format.name}.${field}`);
  return describer(presentation as FieldPresentation & { kind: "named" })(value);
}

function kindOf(kernel: RecordedKernel, event: string, field: string): string | undefined {
  return parsePrintFmt(recordedFormat(kernel, event)).get(field)?.kind;
}

/** An event with one field `x`, printed by an expression. */
function printed(expression: string, { type = "unsigned long", signed = false, conversion = "%s" } = {}): Format {
  const field = { type, offset: 8, size: 8, signed, array: undefined, element_bytes: 8, kind: "integer" } as const;
  const print_fmt = `"x=${conversion}", ${expression}`;
  return {
    name: "e",
    id: 1,
    common: [],
    record_bytes: 16,
    print_fmt,
    fields: [{ ...field, name: "x" }, { ...field, name: "y" }],
  };
}

for (const kernel of KERNELS) {
  Deno.test(`parsePrintFmt() names allocation flags as Linux ${kernel} does`, () => {
    const kmalloc = recordedFormat(kernel, "kmem:kmalloc");
    const page = recordedFormat(kernel, "kmem:mm_page_alloc");
    const GFP_KERNEL = 0xcc0;
    for (const format of [kmalloc, page]) {
      assert.equal(describe(format, "gfp_flags", GFP_KERNEL), "GFP_KERNEL");
      assert.equal(describe(format, "gfp_flags", GFP_KERNEL | 0x100), "GFP_KERNEL|__GFP_ZERO");
      assert.equal(describe(format, "gfp_flags", 0), "none");
    }
  });

  Deno.test(`parsePrintFmt() names TCP states and address families of Linux ${kernel}`, () => {
    const format = recordedFormat(kernel, "sock:inet_sock_set_state");
    assert.equal(describe(format, "newstate", 2), "TCP_SYN_SENT");
    assert.equal(describe(format, "oldstate", 7), "TCP_CLOSE");
    assert.equal(describe(format, "family", 10), "AF_INET6");
    assert.equal(describe(format, "protocol", 6), "IPPROTO_TCP");
    assert.equal(describe(format, "newstate", 99), 99, "no name: the number");
    assert.equal(kindOf(kernel, "sock:inet_sock_set_state", "saddr"), "ip4");
    assert.equal(kindOf(kernel, "sock:inet_sock_set_state", "daddr_v6"), "ip6");
    assert.equal(kindOf(kernel, "tcp:tcp_probe", "saddr"), "sockaddr");
    assert.equal(describe(recordedFormat(kernel, "tcp:tcp_retransmit_skb"), "state", 1), "TCP_ESTABLISHED");
  });

  Deno.test(`parsePrintFmt() shows task states of sched_switch as Linux ${kernel} does`, () => {
    const format = recordedFormat(kernel, "sched:sched_switch");
    assert.equal(describe(format, "prev_state", 0), "R");
    assert.equal(describe(format, "prev_state", 1), "S");
    assert.equal(describe(format, "prev_state", 2), "D");
    assert.equal(describe(format, "prev_state", 0x100), "R+", "preempted while it could run");
  });

  Deno.test(`parsePrintFmt() knows devices, block priorities and softirqs of Linux ${kernel}`, () => {
    assert.equal(kindOf(kernel, "block:block_rq_issue", "dev"), "device");
    assert.equal(describe(recordedFormat(kernel, "irq:softirq_entry"), "vec", 3), "NET_RX");
    assert.equal(describe(recordedFormat(kernel, "irq:irq_handler_exit"), "ret", 1), "handled");
    assert.equal(describe(recordedFormat(kernel, "irq:irq_handler_exit"), "ret", 0), "unhandled");
  });

  Deno.test(`parsePrintFmt() throws for no format of Linux ${kernel}, whole or cut off anywhere`, () => {
    for (const event of recordedTexts(kernel).keys()) {
      const format = recordedFormat(kernel, event);
      const step = Math.ceil(format.print_fmt.length / 25);
      for (let end = format.print_fmt.length; end >= 0; end -= step) {
        parsePrintFmt({ ...format, print_fmt: format.print_fmt.slice(0, end) });
      }
    }
  });
}

Deno.test("parsePrintFmt() names the reasons of dropped packets, each kernel by its own table", () => {
  for (const [kernel, reason] of [["6.1", 2], ["6.12", 3], ["7.3", 3]] as const) {
    assert.equal(describe(recordedFormat(kernel, "skb:kfree_skb"), "reason", reason), "NO_SOCKET", kernel);
  }
  assert.equal(parsePrintFmt(recordedFormat("5.10", "skb:kfree_skb")).get("reason"), undefined, "came with 5.17");
});

Deno.test("parsePrintFmt() keeps shift and mask of a part of a field", () => {
  const format = recordedFormat("6.12", "block:block_rq_issue");
  assert.equal(describe(format, "ioprio", 2 << 13 | 4), "be");
});

Deno.test("parsePrintFmt() says nothing about system call arguments printed in hex", () => {
  assert.equal(parsePrintFmt(recordedFormat("6.12", "syscalls:sys_enter_openat")).size, 0);
});

Deno.test("parsePrintFmt() computes constants: shifts, masks, casts, characters, octal, comparisons", () => {
  const table = (value: string): Format => printed(`__print_symbolic(REC->x, { ${value}, "HIT" })`);
  assert.equal(describe(table("((((1UL))) << (10)) | 0x3u"), "x", 1027), "HIT");
  assert.equal(describe(table("(( gfp_t)0x400u) & ~(0x0fU)"), "x", 0x400), "HIT");
  assert.equal(describe(table("(u8)~0"), "x", 255), "HIT");
  assert.equal(describe(table("'a' + 1"), "x", 98), "HIT");
  assert.equal(describe(table("0777"), "x", 511), "HIT");
  assert.equal(describe(table("(3 > 2) ? 40 : 50"), "x", 40), "HIT");
  assert.equal(describe(table("-6ULL"), "x", 2n ** 64n - 6n), "HIT");
  assert.equal(describe(table("((1ULL) << 63)"), "x", 2n ** 63n), "HIT");
  assert.equal(describe(table("1 << 2 + 1"), "x", 8), "HIT", "C's precedence");
});

Deno.test("parsePrintFmt() extends a table's negative values to a signed field", () => {
  const format = printed('__print_symbolic(REC->x, { -1, "NONE" }, { 0, "FIRST" })', { signed: true, type: "long" });
  assert.equal(describe(format, "x", -1), "NONE");
});

Deno.test("parsePrintFmt() adds what is left of flags in hex and joins by the kernel's delimiter", () => {
  const format = printed('__print_flags(REC->x, " | ", { 3, "BOTH" }, { 1, "ONE" }, { 0x10, "SIXTEEN" })');
  assert.equal(describe(format, "x", 0x13), "BOTH | SIXTEEN");
  assert.equal(describe(format, "x", 0x41), "ONE | 0x40");
  assert.equal(describe(format, "x", 0x40), 0x40);
  assert.equal(describe(format, "x", 0), 0);
});

Deno.test("parsePrintFmt() reads chains of comparisons as names", () => {
  const format = printed('REC->x == 0 ? "none" : REC->x == 1 ? "one" : "many"');
  assert.deepEqual([0, 1, 7].map((value) => describe(format, "x", value)), ["none", "one", "many"]);
});

Deno.test("parsePrintFmt() lets the text of one bit not hide the others", () => {
  assert.equal(parsePrintFmt(printed('(REC->x & 0x400) ? "true" : "false"')).get("x"), undefined);
});

Deno.test("parsePrintFmt() asks for constants that it does not know, and drops entries without value", () => {
  const format = printed('__print_symbolic(REC->x, { NEW_STATE, "new" }, { OTHER, "other" }, { 5, "five" })');
  const presentation = parsePrintFmt(format, { constants: (name) => name === "NEW_STATE" ? 4n : undefined }).get("x");
  const say = describer(presentation as FieldPresentation & { kind: "named" });
  assert.deepEqual([say(4), say(5), say(6)], ["new", "five", 6]);
});

Deno.test("parsePrintFmt() goes on behind an argument that it does not understand", () => {
  const format = { ...printed(""), print_fmt: '"%s %s %.*s %x", ({ u8 q = 1; q; }), *(REC->y), 4, foo, REC->x' };
  assert.equal(parsePrintFmt(format).get("x")?.kind, "hex");
});

Deno.test("parsePrintFmt() survives hostile text: depth, huge shifts, division by zero", () => {
  const deep = "(".repeat(5000) + "1" + ")".repeat(5000);
  const minus = `${"-".repeat(5000)}1`;
  for (const value of [deep, minus, "1 << 999999999", "1 / 0", "1 % 0", "((((", "{{{{", '"'.repeat(99)]) {
    parsePrintFmt(printed(`__print_symbolic(REC->x, { ${value}, "A" })`));
  }
});

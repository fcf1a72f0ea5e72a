import assert from "node:assert/strict";
import { plainReturnCapture } from "../../../src/kernel/btf/mod.ts";
import type { Capture } from "../../../src/kernel/capture.ts";
import { readInt64 } from "../../../src/kernel/read.ts";
import { placeReads } from "../../../src/probes/engine/function_config.ts";
import { FunctionDecoder } from "../../../src/probes/events/function_decode.ts";
import type { Attachment, FunctionPlan } from "../../../src/probes/plan/function_plan.ts";
import { EVENT, EVENT_FLAG, FUNCTION_EVENT } from "../../../src/probes/engine/layout.ts";

const KERNEL: Attachment = { kind: "kretprobe", function_name: "f" };
const PROGRAM: Attachment = { kind: "uretprobe", path: "/bin/x", offset: 1n };

function valueOf(source: number | "ret", name: string): Capture {
  return {
    name,
    type: "long",
    reads: [{ source, path: [], kind: "value", bytes: 8, space: "kernel" }],
    decode: ([slot]) => slot === undefined ? null : readInt64(slot.view, slot.at),
  };
}

interface Recorded {
  readonly attachment?: Attachment;
  readonly captures?: readonly Capture[];
  readonly on?: "entry" | "return";
  readonly ret?: bigint;
  readonly slots?: readonly bigint[];
  readonly faults?: bigint;
  readonly flags?: number;
}

/** The event of a record as bpf/function.bpf.c writes it, behind 8 bytes of another one. */
function decode(recorded: Recorded): Record<string, unknown> {
  const { attachment = KERNEL, captures = [], on = "return", ret = 0n, slots = [], faults = 0n, flags = 0 } = recorded;
  const plan: FunctionPlan = {
    kind: "function",
    event: "f",
    attachment,
    argument_count: 2,
    has_return: on === "return",
    captures,
  };
  const at = 8, view = new DataView(new ArrayBuffer(at + FUNCTION_EVENT.bytes + 8 * slots.length));
  view.setBigUint64(at + EVENT.time_ns, 5n, true);
  view.setUint32(at + EVENT.tgid, 7, true);
  view.setUint8(at + EVENT.flags, flags);
  view.setBigUint64(at + FUNCTION_EVENT.faults, faults, true);
  view.setBigInt64(at + FUNCTION_EVENT.ret, ret, true);
  view.setBigUint64(at + FUNCTION_EVENT.latency_ns, 1234n, true);
  slots.forEach((slot, i) => view.setBigUint64(at + FUNCTION_EVENT.bytes + 8 * i, slot, true));
  const event = new FunctionDecoder(plan, placeReads(plan), { epoch_offset_ns: 100n, on }).event(view, at);
  assert.deepEqual([event.timestamp, event.process_id, event.event_type], [105n, 7, "f"]);
  return event.data;
}

Deno.test("FunctionDecoder shows captures by name, the result and the latency of a return", () => {
  const captures = [valueOf(0, "size"), valueOf(1, "flags")];
  assert.deepEqual(decode({ captures, slots: [4n, 6n], ret: 3n }), { size: 4, flags: 6, ret: 3, latency_ns: 1234 });
  assert.deepEqual(decode({ captures, slots: [4n, 6n], on: "entry" }), { size: 4, flags: 6 });
});

Deno.test("FunctionDecoder gives no slot to a capture whose memory could not be read", () => {
  const captures = [valueOf(0, "size"), valueOf(1, "flags")];
  assert.deepEqual(decode({ captures, slots: [4n, 6n], faults: 2n, on: "entry" }), { size: 4, flags: null });
});

Deno.test("FunctionDecoder knows neither arguments nor latency of a call whose entry was not seen", () => {
  const captures = [valueOf(0, "size"), valueOf("ret", "ret")];
  assert.deepEqual(decode({ captures, slots: [4n, 9n], flags: EVENT_FLAG.no_entry, ret: 9n }), { size: null, ret: 9 });
});

Deno.test("FunctionDecoder names errors of the kernel's functions, of an int as of a long, and not those of programs", () => {
  const shown = (ret: bigint, attachment: Attachment = KERNEL): unknown[] => {
    const data = decode({ ret, attachment });
    return [data["ret"], data["error"]];
  };
  assert.deepEqual(shown(-2n), [-2, "ENOENT"]);
  assert.deepEqual(shown(0xffff_fffen), [-2, "ENOENT"]); // an int, in the lower half of the register
  assert.deepEqual(shown(0xffff_0000n), [-0x1_0000, undefined]);
  assert.deepEqual(shown(-5000n), [-5000, undefined]);
  assert.deepEqual(shown(-2n, PROGRAM), [-2, undefined]);
  const captures = [plainReturnCapture()]; // what is planned where no type is known
  for (const [attachment, error] of [[KERNEL, "ENOENT"], [PROGRAM, undefined]] as const) {
    const data = decode({ captures, slots: [0xffff_fffen], ret: 0xffff_fffen, attachment });
    assert.deepEqual([data["ret"], data["error"]], [-2, error]);
  }
});

Deno.test("FunctionDecoder leaves the result to a capture that knows its type", () => {
  const bool: Capture = { ...valueOf("ret", "ret"), decode: ([slot]) => slot !== undefined };
  assert.deepEqual(decode({ captures: [bool], slots: [1n], ret: 1n }), { ret: true, latency_ns: 1234 });
  const nothing: Capture = { ...bool, decode: () => null };
  assert.equal(decode({ captures: [nothing], slots: [1n], ret: 1n })["ret"], null);
});

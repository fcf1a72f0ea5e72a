import assert from "node:assert/strict";
import type { Capture, Read } from "../../../src/kernel/capture.ts";
import { functionConfig, placeReads } from "../../../src/probes/engine/function_config.ts";
import type { Attachment, FunctionPlan } from "../../../src/probes/plan/function_plan.ts";
import { FUNCTION_CONFIG, PATH_LAYOUT, READ, READ_FLAG, READ_KIND } from "../../../src/probes/engine/layout.ts";

const VALUE: Read = { source: 0, path: [], kind: "value", bytes: 8, space: "kernel" };
const PATHS = {
  dentry_parent: 24,
  dentry_name: 40,
  path_mnt: 0,
  path_dentry: 8,
  vfsmount_root: 0,
  mount_vfsmount: 32,
  mount_parent: 16,
  mount_mountpoint: 24,
};

function captureOf(reads: readonly Read[]): Capture {
  return { name: "x", type: "int", reads, decode: () => null };
}

function planOf(captures: readonly (readonly Read[])[], rest: Partial<FunctionPlan> = {}): FunctionPlan {
  const attachment: Attachment = { kind: "kprobe", function_name: "f" };
  return {
    kind: "function",
    event: "kprobe:f",
    attachment,
    argument_count: 3,
    has_return: true,
    captures: captures.map(captureOf),
    ...rest,
  };
}

function config(plan: FunctionPlan): DataView<ArrayBuffer> {
  return new DataView(functionConfig(plan, placeReads(plan), { index: 0, filters: {}, rate_per_s: 0 }).buffer);
}

Deno.test("placeReads() gives each read a slot of its own, 8-aligned, and equal reads one", () => {
  const text: Read = { ...VALUE, kind: "string", bytes: 13 };
  const { placed, by_capture, slot_bytes } = placeReads(
    planOf([[VALUE, text], [{ ...text }], [{ ...VALUE, source: 1 }]]),
  );
  assert.deepEqual(placed.map(({ index, at, bytes }) => [index, at, bytes]), [[0, 0, 8], [1, 8, 13], [2, 24, 8]]);
  assert.deepEqual(by_capture.map((reads) => reads.map(({ index }) => index)), [[0, 1], [1], [2]]);
  assert.equal(slot_bytes, 32);
});

Deno.test("placeReads() gives values, packets and paths the room that their kind has", () => {
  const kinds = (["value", "packet", "path", "dentry_path"] as const).map((kind): Read => ({
    ...VALUE,
    kind,
    bytes: 1,
  }));
  const { placed } = placeReads(
    planOf([kinds], { path_layout: PATHS, packet_layout: { skb_head: 0, skb_network_header: 8 } }),
  );
  assert.deepEqual(placed.map(({ bytes }) => bytes), [8, 40, 1024, 1024]);
});

Deno.test("placeReads() refuses what one program cannot read, in words that say how much it can", () => {
  const refused = (read: Partial<Read>, rest: Partial<FunctionPlan> = {}): string => {
    try {
      placeReads(planOf([[{ ...VALUE, ...read }]], rest));
    } catch (error) {
      assert.ok(error instanceof RangeError);
      return error.message;
    }
    return "";
  };
  const many = Array.from({ length: 25 }, (_, i): Read => ({ ...VALUE, path: [i] }));
  assert.throws(() => placeReads(planOf([many])), /kprobe:f: 25 reads, a program does 24/);
  const large = many.slice(0, 8).map((read): Read => ({ ...read, kind: "path" }));
  assert.throws(() => placeReads(planOf([[VALUE, ...large]], { path_layout: PATHS })), /8200 bytes/);
  assert.match(refused({ path: [0, 0, 0, 0, 0, 0, 0] }), /7 pointers in a row, a program follows 6/);
  assert.match(refused({ source: 3 }), /there is no argument 3/);
  assert.match(refused({ kind: "path" }), /where paths are is not known/);
  assert.match(refused({ kind: "packet" }), /where packets are is not known/);
  assert.equal(refused({ source: "ret" }), "");
});

Deno.test("functionConfig() writes each read where the program looks for it", () => {
  const name: Read = { source: 1, path: [8, -16, 4], kind: "string", bytes: 16, space: "user" };
  const view = config(planOf([[VALUE], [name], [{ ...VALUE, source: "ret" }]], { path_layout: PATHS }));
  const read = (i: number, field: keyof typeof READ): number => {
    const at = FUNCTION_CONFIG.reads + i * READ.bytes + READ[field];
    return field === "at" || field === "bytes_read" ? view.getUint16(at, true) : view.getUint8(at);
  };
  const fields = ["kind", "source", "step_count", "flags", "at", "bytes_read"] as const;
  const written = (i: number): number[] => fields.map((field) => read(i, field));
  assert.deepEqual(written(0), [READ_KIND.value, 0, 0, 0, 0, 8]);
  assert.deepEqual(written(1), [READ_KIND.string, 1, 3, READ_FLAG.user, 8, 16]);
  assert.deepEqual(written(2), [READ_KIND.value, 12, 0, 0, 24, 8]);
  assert.deepEqual(written(3), [0, 0, 0, 0, 0, 0]);
  const steps = FUNCTION_CONFIG.reads + READ.bytes + READ.steps;
  assert.deepEqual([0, 4, 8, 12].map((at) => view.getInt32(steps + at, true)), [8, -16, 4, 0]);
  assert.equal(view.getUint32(FUNCTION_CONFIG.slot_bytes, true), 32);
  assert.equal(view.getUint32(FUNCTION_CONFIG.argument_count, true), 3);
  assert.equal(view.getUint32(FUNCTION_CONFIG.path + PATH_LAYOUT.mount_vfsmount, true), 32);
});

Deno.test("functionConfig() follows pointers in the memory of whom the function belongs to", () => {
  const read: Read = { ...VALUE, path: [0], kind: "memory", space: "kernel" };
  const attachment: Attachment = { kind: "uprobe", path: "/bin/x", offset: 1n };
  const flags = (plan: FunctionPlan): number => config(plan).getUint8(FUNCTION_CONFIG.reads + READ.flags);
  assert.equal(flags(planOf([[read]])), 0);
  assert.equal(flags(planOf([[{ ...read, space: "user" }]], { attachment })), READ_FLAG.user | READ_FLAG.follow_user);
  assert.equal(config(planOf([], { attachment })).getUint32(FUNCTION_CONFIG.user_function, true), 1);
  assert.equal(config(planOf([])).getUint32(FUNCTION_CONFIG.user_function, true), 0);
});

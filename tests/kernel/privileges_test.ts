import assert from "node:assert/strict";
import { isBefore, isReady } from "../../src/kernel/capabilities.ts";
import { capabilityNames, missingForTracing } from "../../src/kernel/privileges.ts";

Deno.test("capabilityNames() decodes bits, also those newer than its list", () => {
  assert.deepEqual([...capabilityNames(0n)], []);
  assert.deepEqual([...capabilityNames(1n << 38n | 1n << 39n | 1n << 21n)], [
    "CAP_SYS_ADMIN",
    "CAP_PERFMON",
    "CAP_BPF",
  ]);
  assert.deepEqual([...capabilityNames(1n << 45n | 1n)], ["CAP_CHOWN", "CAP_45"]);
});

Deno.test("capabilityNames() leaves out the one capability that a root without CAP_SYS_RESOURCE lacks", () => {
  const names = capabilityNames(0x1fffeffffffn);
  assert.equal(names.size, 40);
  assert.equal(names.has("CAP_SYS_RESOURCE"), false);
});

Deno.test("missingForTracing() names the least that suffices", () => {
  const missing = (user_id: number, ...names: string[]) => missingForTracing({ user_id, capabilities: new Set(names) });
  assert.deepEqual(missing(1000), ["CAP_BPF", "CAP_PERFMON", "CAP_DAC_READ_SEARCH"]);
  assert.deepEqual(missing(1000, "CAP_BPF", "CAP_PERFMON", "CAP_DAC_READ_SEARCH"), []);
  assert.deepEqual(missing(1000, "CAP_SYS_ADMIN"), ["CAP_DAC_READ_SEARCH"]);
  assert.deepEqual(missing(0, "CAP_SYS_ADMIN"), []);
  assert.deepEqual(missing(0), ["CAP_BPF", "CAP_PERFMON"]);
});

Deno.test("isBefore() compares versions as numbers and takes any suffix", () => {
  assert.equal(isBefore("5.4.0-150-generic", [5, 11]), true);
  assert.equal(isBefore("5.11.0", [5, 11]), false);
  assert.equal(isBefore("4.18.0-553.el8", [5, 11]), true);
  assert.equal(isBefore("6.1.0-9-amd64", [5, 11]), false);
  assert.equal(isBefore("odd", [5, 11]), false);
});

Deno.test("isReady() wants all that a generic tracepoint program stands on, and no more", () => {
  const all = ["btf", "ring_buffer", "tracefs", "kernel_memory", "tracepoint"]
    .map((id) => ({ id, available: true, detail: "" }));
  assert.equal(isReady([...all, { id: "kprobe", available: false, detail: "" }]), true);
  for (const { id } of all) {
    const without = all.map((capability) => ({ ...capability, available: capability.id !== id }));
    assert.equal(isReady(without), false, id);
  }
  assert.equal(isReady([]), false);
});

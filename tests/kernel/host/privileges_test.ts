import assert from "node:assert/strict";
import { isReady } from "../../../src/kernel/host/capabilities.ts";
import { capabilityNames } from "../../../src/kernel/host/privileges.ts";

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

Deno.test("isReady() wants all that a generic tracepoint program stands on, and no more", () => {
  const all = ["ring_buffer", "tracefs", "kernel_memory", "tracepoint"]
    .map((id) => ({ id, available: true, detail: "" }));
  assert.equal(isReady([...all, ...["btf", "kprobe"].map((id) => ({ id, available: false, detail: "" }))]), true);
  for (const { id } of all) {
    const without = all.map((capability) => ({ ...capability, available: capability.id !== id }));
    assert.equal(isReady(without), false, id);
  }
  assert.equal(isReady([]), false);
});

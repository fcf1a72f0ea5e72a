import assert from "node:assert/strict";
import { Absent, Fault } from "../../src/selftest/fault.ts";
import { type Circumstances, type Done, runPart } from "../../src/selftest/part.ts";
import type { SelfTestItem } from "../../src/protocol/mod.ts";

const CIRCUMSTANCES: Circumstances = {
  capabilities: [
    { id: "kprobe", available: false, detail: "this kernel has no kprobe events", fix: "CONFIG_KPROBES=y" },
    { id: "uprobe", available: true, detail: "attached and detached" },
  ],
  signal: new AbortController().signal,
};

async function ran(
  run: () => Promise<Done>,
  needs: readonly string[] = ["uprobe"],
  circumstances = CIRCUMSTANCES,
): Promise<Omit<SelfTestItem, "duration_ms">> {
  const { duration_ms, ...item } = await runPart({ id: "part", needs, run }, undefined, circumstances);
  assert.ok(duration_ms >= 0);
  return item;
}

const never = (): Promise<Done> => assert.fail("it was run");

Deno.test("runPart() does not try what ktriage check says is missing, and says so with its words", async () => {
  assert.deepEqual(await ran(never, ["uprobe", "kprobe"]), {
    id: "part",
    outcome: "absent",
    detail: "this kernel has no kprobe events",
    fix: "CONFIG_KPROBES=y",
  });
});

Deno.test("runPart() calls it a failure when a capability is there and its part does not work", async () => {
  const refused = await ran(() => Promise.reject(new Fault("it was refused", "allow it")));
  assert.deepEqual(refused, { id: "part", outcome: "failed", detail: "it was refused", fix: "allow it" });
  const unforeseen = await ran(() => Promise.reject(new TypeError("oops")));
  assert.deepEqual([unforeseen.outcome, unforeseen.detail], ["failed", "oops"]);
  assert.match(unforeseen.fix ?? "", /^Please report it/);
});

Deno.test("runPart() takes what turns out to be missing for no failure", async () => {
  const item = await ran(() => Promise.reject(new Absent("there is no /bin/sh")));
  assert.deepEqual(item, { id: "part", outcome: "absent", detail: "there is no /bin/sh" });
});

Deno.test("runPart() tries nothing once the test was interrupted", async () => {
  const item = await ran(never, [], { ...CIRCUMSTANCES, signal: AbortSignal.abort() });
  assert.deepEqual(item, { id: "part", outcome: "untried", detail: "the test was interrupted" });
});

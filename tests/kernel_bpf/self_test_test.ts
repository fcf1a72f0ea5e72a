/** The self-test on this kernel: what works is what `ktriage check` finds, and what does not work is seen. */
import assert from "node:assert/strict";
import { readCapabilities } from "../../src/kernel/host/capabilities.ts";
import { Ground } from "../../src/probes/ground.ts";
import { selfTest as document } from "../../src/protocol/mod.ts";
import { selfTest } from "../../src/selftest/mod.ts";
import { runPart } from "../../src/selftest/part.ts";
import { probeParts } from "../../src/selftest/probes.ts";
import { Provoker } from "../../src/selftest/provoker.ts";
import { Remains } from "../../src/selftest/remains.ts";

/** What each part needs of what `ktriage check` names; the others need what every program needs. */
const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  raw_tracepoint: ["btf", "raw_tracepoint"],
  kprobe: ["kprobe"],
  kretprobe: ["kprobe"],
  kprobe_multi: ["kprobe_multi"],
  kretprobe_multi: ["kprobe_multi"],
  fentry: ["fentry"],
  fexit: ["fentry"],
  uprobe: ["uprobe"],
  uretprobe: ["uprobe"],
};

Deno.test("selfTest() finds that all works which ktriage check says this host has", async () => {
  const capabilities = await readCapabilities();
  const test = document.parse(await selfTest(new AbortController().signal));
  assert.equal(test.works, true, JSON.stringify(test.items, null, 1));
  for (const { id, outcome, detail, attached_as } of test.items) {
    if (id.startsWith("sandbox_")) {
      if (outcome === "ok") assert.ok(attached_as?.split("+").includes(id.replace("sandbox_", "")), attached_as);
      continue;
    }
    const needs = CAPABILITIES[id] ?? ["tracepoint"];
    const lacking = capabilities.find((capability) => needs.includes(capability.id) && !capability.available);
    assert.equal(outcome, lacking === undefined ? "ok" : "absent", `${id}: ${detail}`);
    if (outcome === "absent") assert.equal(detail, lacking?.detail, id);
    else if (id !== "nothing_left") assert.notEqual(attached_as, undefined, id);
  }
  const items = Object.fromEntries(test.items.map((item) => [item.id, item]));
  if (items["kprobe"]!.outcome === "absent" && items["fentry"]!.outcome === "absent") {
    assert.match(items["kernel_function"]!.attached_as ?? "", / via tracepoint syscalls:sys_enter_openat: /);
  }
  assert.match(items["nothing_left"]!.detail, /; \d+ programs, links and maps were there and are gone/);
});

Deno.test("a part of the self-test that sees nothing of what was done fails, and so does one that leaves something", async () => {
  const remains = new Remains();
  const circumstances = { capabilities: [], signal: new AbortController().signal };
  {
    using ground = await Ground.open() as Ground;
    await using worker = new Provoker(); // started too late: it is one of ktriage's own, which are not traced
    const bench = { ground, worker, remains };
    for (const id of ["tracepoint", "system_call", "raw_tracepoint", "histogram", "filters"]) {
      const item = await runPart(probeParts().find((part) => part.id === id)!, bench, circumstances);
      assert.equal(item.outcome, "failed", id);
      assert.match(item.detail, /^0 hits were counted, not (2|20)$/, id);
      assert.match(item.fix ?? "", /self-test --json/);
    }
    await assert.rejects(() => remains.check(), /^Fault: descriptors are still open: .*bpf/);
  }
  assert.match((await remains.check()).detail, /are gone/);
});

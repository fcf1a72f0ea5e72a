/** How a tool finds its way, on ways that are made up. */
import assert from "node:assert/strict";
import { SystemError } from "../../src/ffi/libc.ts";
import { startTool } from "../../src/probes/tools/run.ts";
import { type RunningTool, type Tool, type ToolWay, Unavailable } from "../../src/probes/tools/tool.ts";

const RUN = { ground: { error: "no BPF here", hint: "be root" }, filters: {}, max_events: 0 };
const EPERM = 1;

const running: RunningTool = {
  finish: () =>
    Promise.resolve({
      reading: { figures: { hits: 3 }, tables: [], histograms: [], notes: ["its own note"] },
      event_count: 3,
      lost_events: 2,
      missed_hits: 1,
      events: [],
      summary: "3 hits.",
    }),
  [Symbol.dispose]: () => {},
};
const works: ToolWay = { source: "/proc/works", start: () => Promise.resolve(running) };

function fails(error: Error): ToolWay {
  return { source: "raw_tracepoint x", start: () => Promise.reject(error) };
}

function tool(...ways: readonly ToolWay[]): Tool {
  return { name: "made-up", summary: "", needs: "a kernel that has x", ways, filters: ["pid"], in_snapshot: false };
}

Deno.test("startTool() takes the first way that works, and tells why not those before it", async () => {
  const ways = [fails(new Unavailable("this kernel has no BTF")), fails(new SystemError("load x", EPERM)), works];
  const started = await startTool(tool(...ways), RUN);
  assert.ok(!("error" in started));
  assert.match(
    started.attached_as ?? "",
    /^\/proc\/works: this kernel has no BTF, raw_tracepoint x could not be used \(load x failed with EPERM/,
  );
});

Deno.test("startTool() says nothing where the first way works", async () => {
  const started = await startTool(tool(works, fails(new Error("never tried"))), RUN);
  assert.ok(!("error" in started) && started.attached_as === undefined);
});

Deno.test("startTool() adds the source, what was lost and what was missed to the reading", async () => {
  const started = await startTool(tool(works), RUN);
  assert.ok(!("error" in started));
  const { reading } = await started.finish();
  assert.equal(reading.source, "/proc/works");
  assert.match(reading.notes.join("\n"), /^its own note\n2 found no room .*\n1 were skipped by the kernel/);
});

Deno.test("startTool() refuses when no way works, whatever went wrong, with what would help", async () => {
  const refused = await startTool(
    tool(fails(new Unavailable("no BPF here", "be root")), fails(new TypeError("odd"))),
    RUN,
  );
  assert.ok("error" in refused);
  assert.equal(refused.error, "Cannot run the tool made-up: no BPF here, raw_tracepoint x could not be used (odd).");
  assert.equal(refused.hint, "be root");
  const plain = await startTool(tool(fails(new Unavailable("no x"))), RUN);
  assert.equal("error" in plain && plain.hint, "a kernel that has x");
});

Deno.test("startTool() refuses filters that the tool does not have, and takes those that say nothing", async () => {
  const refused = await startTool(tool(works), { ...RUN, filters: { uid: 0, comm: undefined } });
  assert.ok("error" in refused);
  assert.match(refused.error, /filtered by uid: what it counts has no such thing/);
  assert.equal(refused.hint, "It takes pid.");
  assert.ok(!("error" in await startTool(tool(works), { ...RUN, filters: { pid: 1, comm: undefined } })));
});

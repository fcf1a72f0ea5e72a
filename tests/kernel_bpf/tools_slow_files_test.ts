/** The tool slow-files, against operations that take a known time. */
import assert from "node:assert/strict";
import { slowFiles } from "../../src/probes/tools/slow_files.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";
import { until } from "../support/until.ts";

const FOLDER = new URL("../../build/tests", import.meta.url).pathname;
const DELAY_MS = 60;

function temporaryPath(): string {
  const folder = Deno.makeTempDirSync({ dir: FOLDER, prefix: "slow_files" });
  return `${folder}/file`;
}

for (const [way, { source }] of slowFiles.ways.entries()) {
  Deno.test(`slow-files: an open that waits is told with its path and time; ${source}`, async () => {
    const path = temporaryPath();
    await using opener = await Workload.start(["fifo", `${DELAY_MS}`, path], { source: "stalls" });
    const start = performance.now();
    const { reading, event_count, events, lost_events } = await runTool("slow-files", () => opener.go(), {
      way,
      filters: { pid: opener.pid },
    });
    const lasted_ns = (performance.now() - start) * 1e6;
    // its read from the pipe that it was told by took longer, and is no file's; a slow machine may take long for others, too
    assert.ok(rowsOf(reading, "by_path").every(({ operation }) => operation !== "read"));
    const [row, ...others] = rowsOf(reading, "by_path").filter(({ operation }) => operation === "open");
    assert.deepEqual(others, []);
    const { mean_latency, longest, ...rest } = row!;
    assert.deepEqual(rest, { process_id: opener.pid, process_name: "stalls", operation: "open", path, count: 1 });
    assert.ok(Number(longest) > 0.8 * DELAY_MS * 1e6 && Number(longest) < lasted_ns, `${longest}`);
    assert.equal(mean_latency, longest);
    assert.equal(lost_events, 0);
    assert.equal(events.length, event_count);
    assert.equal(events.filter(({ event_type }) => event_type === "file:open").length, 1);
    await Deno.remove(path.replace(/\/file$/, ""), { recursive: true });
  });
}

Deno.test("slow-files: of many writes and fsyncs those are told that the program itself found slow", async () => {
  const path = temporaryPath();
  await using writer = await Workload.start(["fsyncs", "30", path], { source: "stalls" });
  let slow = 0;
  const { reading } = await runTool("slow-files", async () => {
    slow = await writer.go();
  }, { filters: { pid: writer.pid } });
  const fsyncs = rowsOf(reading, "by_path").filter(({ operation }) => operation === "fsync");
  const seen = fsyncs.reduce((sum, { count }) => sum + Number(count), 0);
  // what takes the threshold and a little more for the program takes a little less in the kernel
  assert.ok(seen <= slow && seen >= slow - 3, `${seen} seen, ${slow} of the program`);
  assert.ok(fsyncs.every((row) => row["path"] === path), JSON.stringify(fsyncs));
  await Deno.remove(path.replace(/\/file$/, ""), { recursive: true });
});

Deno.test("slow-files: what is quick is not told, and filters keep others out", async () => {
  const path = temporaryPath();
  await using quick = await Workload.start(["opens", "200", "/nowhere"], { name: "sf_quick" });
  await using other = await Workload.start(["fifo", `${DELAY_MS}`, path], { source: "stalls" });
  const { reading } = await runTool("slow-files", async () => {
    await quick.go();
    await other.go();
  }, { filters: { pid: quick.pid } });
  const told = rowsOf(reading, "by_path").filter(({ operation }) => operation === "open");
  // on a machine without a free CPU an open may be kept waiting, not all of them
  assert.ok(told.length < 20 && told.every(({ process_id }) => process_id === quick.pid), JSON.stringify(told));
  await Deno.remove(path.replace(/\/file$/, ""), { recursive: true });
});

Deno.test("slow-files: what still hangs when the window ends is told", async () => {
  const path = temporaryPath();
  await using opener = await Workload.start(["fifo", "1500", path], { source: "stalls" });
  let gone: Promise<number> | undefined;
  const { reading, summary } = await runTool("slow-files", async () => {
    gone = opener.go();
    await until("the FIFO is there", async () => await Deno.stat(path).catch(() => undefined) !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 100)); // how long it hangs is what is told
  }, { filters: { pid: opener.pid } });
  const [row, ...others] = rowsOf(reading, "hanging");
  assert.deepEqual(others, []);
  assert.deepEqual([row?.["process_id"], row?.["operation"]], [opener.pid, "open"]);
  assert.ok(Number(row?.["waited"]) >= 10e6);
  assert.match(summary, /still hangs in open/);
  await gone;
  await Deno.remove(path.replace(/\/file$/, ""), { recursive: true });
});

/** The tool file-errors, against a workload that fails to open a known number of files. */
import assert from "node:assert/strict";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

Deno.test("file-errors: every failed open has its process, error and path, and opens that succeed are not counted", async () => {
  await using absent = await Workload.start(["opens", "5", "/nowhere"], { name: "fe_absent" });
  await using no_folder = await Workload.start(["opens", "3", "/dev/null"], { name: "fe_no_folder" });
  await using opens = await Workload.start(["opens", "3", "/proc/self/fd"], { name: "fe_opens" });
  const { event_count, lost_events, reading } = await runTool("file-errors", async () => {
    await absent.go();
    await no_folder.go();
    await opens.go(); // 0, 1 and 2 are there
  }, { filters: { comm: "fe_*" } });
  assert.equal(lost_events, 0);
  assert.equal(event_count, 8);
  assert.deepEqual(rowsOf(reading, "by_process"), [
    { process_id: no_folder.pid, process_name: "fe_no_folder", error: "ENOTDIR", count: 3 },
    { process_id: absent.pid, process_name: "fe_absent", error: "ENOENT", count: 5 },
  ]);
  assert.deepEqual(
    rowsOf(reading, "by_path").map(({ path, error, count }) => `${path} ${error} ${count}`).sort(),
    [0, 1, 2].map((i) => `/dev/null/${i} ENOTDIR 1`).concat([0, 1, 2, 3, 4].map((i) => `/nowhere/${i} ENOENT 1`)),
  );
});

Deno.test("file-errors: more paths than have room are counted by process, and it is said", async () => {
  await using flood = await Workload.start(["opens", "9000", "/nowhere"], { name: "flood" });
  const { reading, lost_events, missed_hits = 0 } = await runTool("file-errors", () => flood.go(), {
    filters: { pid: flood.pid },
  });
  const [row] = rowsOf(reading, "by_process");
  assert.ok(Number(row?.["count"]) + missed_hits >= 9000 && Number(row?.["count"]) <= 9000, JSON.stringify(row));
  assert.equal(lost_events, 0);
  assert.equal(reading.figures["failed_opens_without_path"], Number(row?.["count"]) - 4096);
  assert.ok(reading.notes.some((note) => note.includes("more paths than have room")));
});

Deno.test("file-errors: a filter keeps others out, and ktriage's own opens are not counted", async () => {
  await using one = await Workload.start(["opens", "4", "/nowhere"], { name: "one" });
  await using other = await Workload.start(["opens", "4", "/nowhere"], { name: "other" });
  const { event_count, reading } = await runTool("file-errors", async () => {
    await one.go();
    await other.go();
    await Deno.open("/nowhere/own").catch(() => {});
  }, { filters: { comm: "other" } });
  assert.deepEqual(rowsOf(reading, "by_process"), [
    { process_id: other.pid, process_name: "other", error: "ENOENT", count: 4 },
  ]);
  assert.equal(event_count, 4);
  const { reading: all } = await runTool("file-errors", async () => {
    await Deno.open("/nowhere/own").catch(() => {});
  });
  assert.ok(rowsOf(all, "by_path").every(({ path }) => path !== "/nowhere/own"));
});

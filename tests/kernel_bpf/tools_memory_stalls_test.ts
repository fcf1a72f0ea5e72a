/** The tool `memory-stalls` against known page faults, and a control group that is full of page cache. */
import assert from "node:assert/strict";
import { parseFaults } from "../../src/probes/tools/memory_stalls.ts";
import { ControlGroup } from "../support/control_group.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const TOUCHED_MB = 64, PAGE = 4096, FILE_PAGES = 300;
const FOLDER = new URL("../../build/tests/", import.meta.url).pathname;

/** Files in memory (tmpfs, alone or under an overlay) are never read from storage, nor dropped to make room. */
async function hasStorage(): Promise<boolean> {
  await using workload = await Workload.start(["map", await mappedFile()], { source: "stalls" });
  return await workload.go() > 0;
}

async function mappedFile(): Promise<string> {
  const path = `${FOLDER}stall_mapped`;
  await Deno.writeFile(path, new Uint8Array(FILE_PAGES * PAGE).fill(1));
  return path;
}

Deno.test("memory-stalls counts minor faults by process, and those of others not among them", async () => {
  await using workload = await Workload.start(["touch", `${TOUCHED_MB}`], { source: "stalls", name: "stall_touch" });
  await using idle = await Workload.start(["touch", "1"], { source: "stalls", name: "stall_idle" });
  let pages = 0;
  const result = await runTool("memory-stalls", async () => void (pages = await workload.go()));
  const row = rowsOf(result.reading, "faults").find(({ process_id }) => process_id === workload.pid)!;
  assert.ok(Math.abs(Number(row.minor_faults) - pages) < 0.1 * pages, `${row.minor_faults} faults of ${pages} pages`);
  assert.ok(result.reading.figures.faults_of_host! >= pages);
  assert.ok(
    rowsOf(result.reading, "faults").every(({ process_id }) => process_id !== idle.pid && process_id !== Deno.pid),
  );
  assert.ok(rowsOf(result.reading, "stalls").every(({ process_id }) => process_id !== workload.pid));
  assert.equal(result.lost_events, 0);
});

for (const way of [0, 1]) {
  Deno.test(`memory-stalls (way ${way}) counts every fault that has to be read from storage`, async () => {
    const path = await mappedFile();
    await using workload = await Workload.start(["map", path], { source: "stalls", name: "stall_map" });
    let pages = 0; // those that the kernel says are absent: none where files are in memory
    const result = await runTool("memory-stalls", async () => void (pages = await workload.go()), { way });
    const row = rowsOf(result.reading, "faults").find(({ process_id }) => process_id === workload.pid)!;
    // its own code may have been dropped as well
    assert.ok(Number(row.major_faults) >= pages && Number(row.major_faults) <= pages + 20, JSON.stringify(row));
    assert.ok(Number(row.major_faults) <= result.reading.figures.major_faults_of_host!);
  });
}

Deno.test("memory-stalls tells who waits for memory of a control group that is full", async () => {
  if (!await hasStorage()) return await assertNobodyWaits();
  await using group = await ControlGroup.make("memory", 16 << 20);
  const path = `${FOLDER}stall_cached`;
  await using workload = await Workload.start(["cache", "48", path], { source: "stalls", name: "stall_cache" });
  await using other = await Workload.start(["touch", "4"], { source: "stalls", name: "stall_touch" });
  await group.add(workload.pid);
  const result = await runTool("memory-stalls", () => Promise.all([workload.go(), other.go()]));
  await Deno.remove(path);
  const rows = rowsOf(result.reading, "stalls");
  const row = rows.find(({ process_id }) => process_id === workload.pid);
  assert.ok(row, JSON.stringify(rows));
  assert.ok(Number(row.group_reclaims) > 0 && Number(row.group_reclaim) > 0);
  assert.ok(Number(row.longest) > 0 && Number(row.longest) <= Number(row.group_reclaim));
  assert.ok(rows.every(({ process_id }) => process_id !== other.pid));
  assert.ok(result.event_count >= Number(row.group_reclaims));
  assert.ok(result.reading.histograms[0]!.count >= Number(row.group_reclaims));
  assert.match(result.summary, /reclaim of its control group/);
});

/** A group that is full of files in memory has nothing to let go; one without a limit makes nobody wait. */
async function assertNobodyWaits(): Promise<void> {
  const path = `${FOLDER}stall_cached`;
  await using workload = await Workload.start(["cache", "8", path], { source: "stalls", name: "stall_cache" });
  const result = await runTool("memory-stalls", () => workload.go());
  await Deno.remove(path);
  assert.ok(rowsOf(result.reading, "stalls").every(({ process_id }) => process_id !== workload.pid));
}

Deno.test("parseFaults() finds its fields behind a name with parentheses", () => {
  const rest = "S 1 2 3 4 5 6 1234 8 56 10 11 12 13 14 15 16 17 18 7890 20";
  assert.deepEqual(parseFaults(`42 (a) (b) ${rest}`), { minor: 1234, major: 56, start: 7890 });
  assert.equal(parseFaults(""), undefined);
});

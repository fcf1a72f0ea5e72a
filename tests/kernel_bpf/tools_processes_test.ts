/** The tool `processes` against processes that end in known ways. */
import assert from "node:assert/strict";
import { rowsOf, runTool } from "../support/tools.ts";
import { compiled, Workload } from "../support/workload.ts";

const TEN = 10, CODE = 7;

Deno.test("processes tells how many short-lived ones ended with which code, and their command line", async () => {
  await using workload = await Workload.start(["exits", `${TEN}`, `${CODE}`], {
    source: "stalls",
    name: "stall_exits",
  });
  const result = await runTool("processes", () => workload.go());
  const [row, ...others] = rowsOf(result.reading, "ended").filter(({ parent_name }) => parent_name === "stall_exits");
  assert.deepEqual(others, []);
  assert.equal(row!.count, TEN);
  assert.equal(row!.short_lived, TEN);
  assert.equal(row!.ended_with, `exit ${CODE}`);
  assert.match(`${row!.last_command}`, /\/stall_exits exit 7$/);
  assert.ok(Number(row!.mean_life) > 0 && Number(row!.mean_life) <= Number(row!.longest_life));
  assert.ok(result.reading.figures.failed! >= TEN && result.reading.figures.executed! >= TEN);
  const event = result.events.find(({ data }) => data.parent_name === "stall_exits")!;
  assert.equal(event.data.parent_id, workload.pid);
  assert.equal(event.data.ended_with, "exit 7");
  assert.equal(result.lost_events, 0);
});

Deno.test("processes names who sent the signal that ended a process", async () => {
  await using workload = await Workload.start(["kills", "3", "9"], { source: "stalls", name: "stall_kills" });
  const result = await runTool("processes", () => workload.go());
  const ended = rowsOf(result.reading, "ended").find(({ process_name }) => process_name === "stall_kills")!;
  assert.equal(ended.ended_with, "SIGKILL");
  assert.equal(ended.count, 3);
  const sent = rowsOf(result.reading, "signals").filter(({ process_id }) => process_id === workload.pid);
  assert.equal(sent.length, 3); // a target each
  for (const row of sent) assert.deepEqual([row.signal, row.sent_by, row.count], ["SIGKILL", "program", 1]);
  const event = result.events.find(({ process_name }) => process_name === "stall_kills")!;
  assert.equal(event.data.sender_id, workload.pid);
  assert.equal(event.data.signal_sent_by, "program");
});

Deno.test("processes calls a process of many threads by its own name, and counts it once, whichever thread is the last", async () => {
  await using workload = await Workload.start(["crowds", "30", "0"], { source: "stalls", name: "stall_crowds" });
  const result = await runTool("processes", () => workload.go(), { filters: { comm: "stall_crowds" } });
  const rows = rowsOf(result.reading, "ended").map((
    row,
  ) => [row.process_name, row.parent_name, row.ended_with, row.count]);
  assert.deepEqual(rows, [["stall_crowds", "stall_crowds", "exit 3", 30]]);
  assert.deepEqual([result.event_count, result.reading.figures.threads], [30, 90]);
});

Deno.test("processes tells of a signal to a thread which process it was for, and that it ended it", async () => {
  await using workload = await Workload.start(["crowds", "3", "6"], { source: "stalls", name: "stall_aborts" });
  const result = await runTool("processes", () => workload.go(), { filters: { comm: "stall_aborts" } });
  const [row, ...others] = rowsOf(result.reading, "ended");
  assert.deepEqual(others, []);
  assert.deepEqual([row!.process_name, row!.ended_with, row!.count], ["stall_aborts", "SIGABRT", 3]);
  const sent = rowsOf(result.reading, "signals").filter(({ signal }) => signal === "SIGABRT");
  assert.equal(sent.length, 3);
  for (const { process_id, target_process_id, process_name, target_process_name } of sent) {
    assert.deepEqual([target_process_id, target_process_name], [process_id, process_name]);
    assert.equal(process_name, "stall_aborts");
  }
  const [event] = result.events;
  assert.deepEqual([event!.data.sender_id, event!.data.signal_sent_by], [event!.process_id, "program"]);
});

Deno.test("processes counts forks exactly, and nothing of other processes when one is asked for", async () => {
  await using workload = await Workload.start(["forks", "200"], { name: "stall_forks" });
  const result = await runTool("processes", () => workload.go(), { filters: { comm: "stall_forks" } });
  const [row, ...others] = rowsOf(result.reading, "ended");
  assert.deepEqual(others, []);
  assert.deepEqual([row!.process_name, row!.ended_with, row!.count], ["stall_forks", "exit 0", 200]);
  assert.equal(result.event_count, 200);
});

Deno.test("processes shows nothing of what ktriage starts itself", async () => {
  const path = await compiled("stalls");
  const result = await runTool("processes", async () => {
    for (let i = 0; i < 3; i++) await new Deno.Command(path, { args: ["exit", "42"] }).output();
  });
  assert.ok(rowsOf(result.reading, "ended").every(({ ended_with }) => ended_with !== "exit 42"));
});

Deno.test("processes without BTF counts the same, and says what is not known", async () => {
  await using workload = await Workload.start(["forks", "50"], { name: "stall_forks_2" });
  const result = await runTool("processes", () => workload.go(), { way: 1, filters: { comm: "stall_forks_2" } });
  const rows = rowsOf(result.reading, "ended").map((
    { process_name, ended_with, count },
  ) => [process_name, ended_with, count]);
  assert.deepEqual(rows, [["stall_forks_2", "unknown", 50]]);
  assert.match(result.reading.notes.join(), /no BTF: exit codes/);
});

Deno.test("processes without BPF still counts what was started", async () => {
  await using workload = await Workload.start(["forks", "200"]);
  const result = await runTool("processes", () => workload.go(), { way: 2 });
  assert.ok(result.reading.figures.created_with_threads! >= 200);
  assert.match(result.reading.notes.join(), /without BPF/);
});

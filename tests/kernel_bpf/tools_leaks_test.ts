/** The tool `leaks` against a process that keeps a known number of files and sockets. */
import assert from "node:assert/strict";
import { parseFileLimit, parseSocketTable } from "../../src/probes/tools/holdings.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const FILES = 40, SOCKETS = 15, THREADS = 6;

Deno.test("leaks tells who has more files and sockets open than before, how many, and of which kind", async () => {
  await using workload = await Workload.start(["leak", `${FILES}`, `${SOCKETS}`], {
    source: "stalls",
    name: "stall_leak",
  });
  await using idle = await Workload.start(["leak", "1", "1"], { source: "stalls", name: "stall_idle" });
  const result = await runTool("leaks", () => workload.go());
  const rows = rowsOf(result.reading, "open_files");
  const row = rows.find(({ process_id }) => process_id === workload.pid)!;
  assert.equal(row.process_name, "stall_leak");
  assert.equal(row.grew, FILES + SOCKETS);
  assert.equal(row.at_end, Number(row.at_start) + FILES + SOCKETS);
  assert.equal(row.sockets, SOCKETS);
  // its standard streams may be /dev/null as well
  const [, nulls] = /\/dev\/null \((\d+)\)/.exec(`${row.mostly}`)!;
  assert.ok(Number(nulls) >= FILES && Number(nulls) <= FILES + 3);
  assert.match(`${row.mostly}`, new RegExp(`socket: \\w+ \\(${SOCKETS}\\)`));
  // a second source
  assert.equal(row.at_end, [...Deno.readDirSync(`/proc/${workload.pid}/fd`)].length);
  assert.equal(row.limit, parseFileLimit(Deno.readTextFileSync(`/proc/${workload.pid}/limits`)));
  assert.ok(rows.every(({ process_id }) => process_id !== idle.pid && process_id !== Deno.pid));
  assert.ok(result.event_count >= FILES + SOCKETS);
});

Deno.test("leaks tells threads that stay, and what is asked for only", async () => {
  await using workload = await Workload.start(["threads", `${THREADS}`], { source: "stalls", name: "stall_threads" });
  await using other = await Workload.start(["leak", "10", "0"], { source: "stalls", name: "stall_leak" });
  const result = await runTool("leaks", () => Promise.all([workload.go(), other.go()]), {
    filters: { comm: "stall_threads" },
  });
  assert.deepEqual(rowsOf(result.reading, "threads"), [
    { process_id: workload.pid, process_name: "stall_threads", at_start: 1, at_end: 1 + THREADS },
  ]);
  assert.deepEqual(rowsOf(result.reading, "open_files"), []);
  assert.equal(result.reading.figures.processes, 1);
});

Deno.test("parseSocketTable() finds state and inode; parseFileLimit() knows no limit", () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D431 08 00000000:00000000 00:00000000 00000000     0        0 12399 1 0 20 4 30 10 -1
`;
  assert.deepEqual(parseSocketTable(text), [["12345", 10], ["12399", 8]]);
  assert.deepEqual(parseSocketTable(""), []);
  assert.equal(
    parseFileLimit("Max open files            1024                 524288               files     \n"),
    1024,
  );
  assert.equal(
    parseFileLimit("Max open files            unlimited            unlimited            files     \n"),
    undefined,
  );
});

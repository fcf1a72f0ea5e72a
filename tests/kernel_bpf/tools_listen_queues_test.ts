/** The tool listen-queues, against a listener that accepts nothing. */
import assert from "node:assert/strict";
import { tabledCounters } from "../../src/kernel/host/protocol_counters.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const BACKLOG = 3, CONNECTS = 9;

async function overflowsOf(pid: number): Promise<number> {
  return tabledCounters(await Deno.readTextFile(`/proc/${pid}/net/netstat`)).get("TcpExt.ListenOverflows") ?? 0;
}

Deno.test("listen-queues: a full queue, its listener and what overflowed, in a network namespace of its own", async () => {
  await using listener = await Workload.start(["listen", `${BACKLOG}`, `${CONNECTS}`], { source: "traffic" });
  const before = await overflowsOf(listener.pid);
  const { reading, summary } = await runTool("listen-queues", () => listener.go());
  const overflows = (await overflowsOf(listener.pid)) - before;
  assert.ok(overflows > 0);
  const [row] = rowsOf(reading, "listeners").filter(({ process_id }) => process_id === listener.pid);
  // net/ipv4/inet_connection_sock.c: a queue is full when it is longer than its backlog
  assert.deepEqual(
    [row?.["process_name"], row?.["address"], row?.["port"], row?.["longest"], row?.["waiting_at_end"]],
    ["traffic", "127.0.0.1", 4000, BACKLOG + 1, BACKLOG + 1],
  );
  // a SYN may be sent again between the tool's last look and ours
  const counted = Number(row?.["overflows_in_namespace"]);
  assert.ok(counted > 0 && counted <= overflows, `${counted} of ${overflows}`);
  assert.ok(Number(reading.figures["overflows"]) >= counted);
  assert.match(summary, /^[1-9]\d* times a listen queue overflowed/);
});

Deno.test("listen-queues: a listener whose queue has room overflows nothing", async () => {
  await using listener = await Workload.start(["listen", "50", `${CONNECTS}`], { source: "traffic" });
  const { reading } = await runTool("listen-queues", () => listener.go());
  const [row] = rowsOf(reading, "listeners").filter(({ process_id }) => process_id === listener.pid);
  assert.deepEqual([row?.["longest"], row?.["overflows_in_namespace"]], [CONNECTS, 0]);
});

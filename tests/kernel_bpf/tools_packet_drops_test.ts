/** The tool packet-drops, against datagrams that nobody receives, and against the kernel's own counter of them. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { tabledCounters } from "../../src/kernel/host/protocol_counters.ts";
import type { ToolResult } from "../../src/probes/tools/run.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const DATAGRAMS = 2000;

/** Other traffic of this host may be dropped for the same reason. */
function countOf({ reading }: ToolResult, reason: string): number {
  return rowsOf(reading, "drops").filter((row) => row["reason"] === reason && row["protocol"] === "IPv4")
    .reduce((sum, { count }) => sum + Number(count), 0);
}

async function noPorts(pid: number): Promise<number> {
  return tabledCounters(await Deno.readTextFile(`/proc/${pid}/net/snmp`)).get("Udp.NoPorts") ?? 0;
}

Deno.test("packet-drops: datagrams to a closed port, by reason and place, as many as /proc/net/snmp counts", async () => {
  await using sender = await Workload.start(["datagrams", `${DATAGRAMS}`, "9"], { source: "traffic" });
  const before = await noPorts(sender.pid);
  const result = await runTool("packet-drops", () => sender.go());
  const refused = (await noPorts(sender.pid)) - before;
  assert.ok(refused >= DATAGRAMS / 2, `${refused}`);
  const { reading, event_count, lost_events, missed_hits = 0 } = result;
  assert.equal(lost_events, 0);
  assert.ok(event_count + missed_hits >= refused);
  if (reading.notes.some((note) => note.includes("does not tell reasons"))) return;
  const counted = countOf(result, "NO_SOCKET");
  assert.ok(counted + missed_hits >= refused && counted <= 3 * refused, `${counted} of ${refused}`);
  const [place] = rowsOf(reading, "drops").filter(({ reason }) => reason === "NO_SOCKET").map(({ place }) => place);
  assert.match(String(place), /udp.*rcv|^0x/);
});

Deno.test("packet-drops: what is received is not dropped", async () => {
  await using client = await Workload.start(["transfer", "1", "2000000", "2000000"], { source: "traffic" });
  const result = await runTool("packet-drops", () => client.go());
  assert.ok(countOf(result, "NO_SOCKET") < 100);
});

Deno.test("packet-drops: without BPF the counters of this network namespace", async () => {
  const socket = createSocket("udp4");
  const send = (): Promise<void> => new Promise((resolve) => socket.send("x", 9, "127.0.0.1", () => resolve()));
  const { reading } = await runTool("packet-drops", async () => {
    for (let i = 0; i < 5; i++) await send();
  }, { way: 1 });
  socket.close();
  assert.ok(Number(reading.figures["udp_no_port"]) >= 1, JSON.stringify(reading.figures));
});

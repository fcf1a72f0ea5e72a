/** The tool tcp-resets, against connections that are reset, and segments that get no answer. */
import assert from "node:assert/strict";
import { tabledCounters } from "../../src/kernel/host/protocol_counters.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const PORT = 4000;

type Row = ReturnType<typeof rowsOf>[number];

function total(rows: readonly Row[]): number {
  return rows.reduce((sum, { count }) => sum + Number(count), 0);
}

async function retransmits(pid: number): Promise<number> {
  return tabledCounters(await Deno.readTextFile(`/proc/${pid}/net/snmp`)).get("Tcp.RetransSegs") ?? 0;
}

Deno.test("tcp-resets: each reset is sent by one end and received by the other", async () => {
  await using client = await Workload.start(["resets", "8"], { source: "traffic" });
  const { reading, lost_events, missed_hits = 0 } = await runTool("tcp-resets", async () => {
    assert.equal(await client.go(), 8);
  });
  const rows = rowsOf(reading, "troubles");
  const sent = rows.filter(({ kind, local_port }) => kind === "reset sent" && local_port === PORT);
  const received = rows.filter(({ kind, port }) => kind === "reset received" && port === PORT);
  assert.equal(lost_events, 0);
  if (missed_hits === 0) assert.deepEqual([total(sent), total(received)], [8, 8]);
  assert.ok([...sent, ...received].every(({ address }) => address === "127.0.0.1"));
  assert.equal(received[0]?.["connections"], 8);
});

Deno.test("tcp-resets: connections that end as they should are not told", async () => {
  await using client = await Workload.start(["transfer", "3", "1000", "1000"], { source: "traffic" });
  const { reading } = await runTool("tcp-resets", () => client.go());
  const rows = rowsOf(reading, "troubles").filter(({ port, local_port }) => port === PORT || local_port === PORT);
  assert.deepEqual(rows.filter(({ kind }) => kind !== "retransmit"), []);
});

Deno.test("tcp-resets: segments that are sent again, as many as /proc/net/snmp counts", async () => {
  await using listener = await Workload.start(["listen", "1", "6"], { source: "traffic" });
  const before = await retransmits(listener.pid);
  let least = 0;
  const { reading, missed_hits = 0 } = await runTool("tcp-resets", async () => {
    await listener.go();
    // a SYN that was dropped is sent again after a second (TCP_TIMEOUT_INIT)
    for (let i = 0; i < 100 && least < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      least = (await retransmits(listener.pid)) - before;
    }
  });
  const most = (await retransmits(listener.pid)) - before;
  const counted = total(rowsOf(reading, "troubles").filter(({ kind, port }) => kind === "retransmit" && port === PORT));
  // the server's SYN-ACKs, which it sends again too, have an event of their own
  assert.ok(counted > 0 && counted <= most + missed_hits, `${counted} of ${least} to ${most}`);
});

Deno.test("tcp-resets: without BPF the counters of this network namespace", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const { reading } = await runTool("tcp-resets", async () => {
    for (let i = 0; i < 4; i++) await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => {});
  }, { way: 1 });
  assert.ok(Number(reading.figures["resets_sent"]) >= 4, JSON.stringify(reading.figures));
});

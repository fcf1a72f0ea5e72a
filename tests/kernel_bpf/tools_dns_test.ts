/** The tool dns, against a name server of which it is known what it answers, and when. */
import assert from "node:assert/strict";
import type { ToolResult } from "../../src/probes/tools/run.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const SLOW_NS = 300e6;

/** Asks for a name so many times, one after the other. */
async function asked(
  how: string,
  n: number,
  name: string,
): Promise<{ readonly pid: number; readonly result: ToolResult; readonly lasted_ns: number }> {
  await using client = await Workload.start([how, String(n), name], { source: "dns" });
  const start = performance.now();
  const result = await runTool("dns", () => client.go(), { filters: { comm: "dns" } });
  return { pid: client.pid, result, lasted_ns: (performance.now() - start) * 1e6 };
}

for (const how of ["sendto", "connected", "mmsg", "tcp"]) {
  Deno.test(`dns: queries by ${how} are seen with name, type, server, answer and latency`, async () => {
    const { pid, result: { reading, event_count, lost_events }, lasted_ns } = await asked(how, 2, "Slow.Example.ORG");
    const rows = rowsOf(reading, "queries").sort((a, b) => String(a["type"]).localeCompare(String(b["type"])));
    const types = how === "mmsg" ? ["A", "AAAA"] : ["A"];
    assert.deepEqual(
      rows.map(({ process_id, process_name, name, type, server, answer, count, resent }) => ({
        process_id,
        process_name,
        name,
        type,
        server,
        answer,
        count,
        resent,
      })),
      types.map((type) => ({
        process_id: pid,
        process_name: "dns",
        name: "slow.example.org",
        type,
        server: "127.0.0.1:53",
        answer: "NOERROR",
        count: 2,
        resent: 0,
      })),
    );
    for (const { mean_latency, longest } of rows) {
      assert.ok(Number(mean_latency) > 0.9 * SLOW_NS && Number(longest) < lasted_ns, `${mean_latency} ${longest}`);
    }
    assert.deepEqual([event_count, lost_events], [2 * types.length, 0]);
    assert.equal(reading.histograms[0]?.count, 2 * types.length);
  });
}

Deno.test("dns: a name that does not exist is a failed answer, not a missing one", async () => {
  const { result: { reading } } = await asked("sendto", 3, "nowhere.example");
  assert.deepEqual(rowsOf(reading, "queries").map(({ name, answer, count }) => [name, answer, count]), [
    ["nowhere.example", "NXDOMAIN", 3],
  ]);
  assert.deepEqual([reading.figures["failed"], reading.figures["unanswered"]], [3, 0]);
});

Deno.test("dns: what nobody answers is told, with how long it has waited", async () => {
  const { result: { reading, events, summary } } = await asked("connected", 1, "mute.example");
  const [row] = rowsOf(reading, "queries");
  assert.deepEqual([row?.["name"], row?.["answer"], row?.["count"], row?.["mean_latency"]], [
    "mute.example",
    "none",
    1,
    null,
  ]);
  assert.ok(Number(row?.["longest"]) >= 500e6);
  assert.deepEqual([reading.figures["unanswered"], reading.figures["answered"]], [1, 0]);
  assert.deepEqual(events.map(({ event_type, data }) => [event_type, data["name"]]), [[
    "dns:unanswered",
    "mute.example",
  ]]);
  assert.match(summary, /no answer from 127\.0\.0\.1:53 for mute\.example A/);
});

Deno.test("dns: other traffic of UDP is no query, and a filter keeps others out", async () => {
  await using datagrams = await Workload.start(["datagrams", "20", "5353"], { source: "traffic" });
  await using client = await Workload.start(["sendto", "1", "fine.example"], { source: "dns" });
  const { event_count } = await runTool("dns", async () => {
    await datagrams.go();
    await client.go();
  }, { filters: { pid: datagrams.pid } });
  assert.equal(event_count, 0);
});

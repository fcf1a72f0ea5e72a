/** Counts are exact whatever happens to the events; and nothing stays behind. */
import assert from "node:assert/strict";
import { traceDuring, traceOne } from "../support/tracing.ts";
import { Workload } from "../support/workload.ts";

const RATE_PER_S = 50;

Deno.test("the governor bounds the events, says so, and every hit is still counted", async () => {
  await using workload = await Workload.start(["getppid", "200000"]);
  const result = await traceOne(
    { target: "getppid", filters: { pid: workload.pid } },
    () => workload.go(),
    { rate_per_s: RATE_PER_S },
  );
  assert.equal(result.event_count, 200_000);
  assert.equal(result.sampled, true);
  assert.equal(result.lost_events, 0);
  const seconds = Number(BigInt(result.end_time) - BigInt(result.start_time)) / 1e9;
  const burst = 10 * RATE_PER_S;
  assert.ok(result.events.length >= burst, `${result.events.length} events`);
  assert.ok(result.events.length <= burst + seconds * RATE_PER_S + navigator.hardwareConcurrency);
  assert.match(result.summary, /Sampled: the details below are from \d+ of 200000/);
});

Deno.test("a storm of system calls for 10 s: counts stay exact, lost ones are told, memory does not grow", async () => {
  await using workload = await Workload.start(["storm", "10"]);
  let made = 0;
  const before = Deno.memoryUsage().rss;
  const result = await traceOne(
    { target: "getppid", filters: { pid: workload.pid }, duration: 300 },
    async () => void (made = await workload.go()),
  );
  assert.equal(result.event_count, made);
  assert.equal(result.lost_events, 0);
  assert.ok(result.events.length <= 20_000);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 64 << 20, `memory grew by ${grown} bytes`);
});

Deno.test("without a bound on the rate, every hit is an event or counted as lost", async () => {
  await using workload = await Workload.start(["getppid", "300000"]);
  const result = await traceOne(
    { target: "raw_syscalls/sys_enter", filters: { pid: workload.pid } },
    () => workload.go(),
    { rate_per_s: 0 },
  );
  const calls = result.aggregates!.by_key!.counts.find(({ value }) => value === "getppid");
  assert.equal(calls?.count, 300_000);
  const seen = result.aggregates!.by_field["id"]?.reduce((sum, { count }) => sum + count, 0) ?? 0;
  assert.equal(seen + result.lost_events, result.event_count);
});

Deno.test("ten programs of different durations run together; one that cannot start does not stop the others", async () => {
  await using workload = await Workload.start(["opens", "50", "/nowhere"]);
  const filters = { pid: workload.pid };
  const requests = [
    ...Array.from({ length: 9 }, (_, i) => ({ name: `opens_${i}`, target: "openat", duration: 1 + i / 4, filters })),
    { name: "wrong", target: "syscalls/sys_enter_opennat" },
  ];
  const results = await traceDuring(requests, () => workload.go());
  assert.deepEqual(results.slice(0, 9).map(({ event_count }) => event_count), Array(9).fill(50));
  const wrong = results[9]!;
  assert.match(wrong.error!, /Cannot trace tracepoint syscalls\/sys_enter_opennat/);
  assert.match(wrong.hint!, /syscalls:sys_enter_openat/);
});

Deno.test("each program ends at its own duration", async () => {
  const { startPrograms } = await import("../../src/probes/start.ts");
  const durations = [0.3, 1.2];
  const running = await startPrograms(durations.map((duration, i) => ({
    name: `p${i}`,
    type: "tracepoint" as const,
    target: "sched/sched_switch",
    duration,
  })));
  const results = await running.results;
  for (const [i, { key }] of running.starts.entries()) {
    const { start_time, end_time } = results[key]!;
    const seconds = Number(BigInt(end_time) - BigInt(start_time)) / 1e9;
    assert.ok(seconds >= durations[i]! && seconds < durations[i]! + 1, `${seconds} s instead of ${durations[i]}`);
  }
});

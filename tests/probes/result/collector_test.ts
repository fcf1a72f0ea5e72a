import assert from "node:assert/strict";
import { Collector, type CollectorOptions } from "../../../src/probes/result/collector.ts";
import type { FunctionPlan } from "../../../src/probes/plan/function_plan.ts";
import type { Plan } from "../../../src/probes/plan/tracepoint.ts";
import { NO_COUNTS } from "../../../src/probes/engine/counts.ts";
import type { Counts, Program } from "../../../src/probes/engine/program.ts";
import { ebpfResult, type TraceEvent } from "../../../src/protocol/mod.ts";

const PLAN: Plan = {
  kind: "tracepoint",
  event: "raw_syscalls:sys_enter",
  event_id: 1n,
  ret_offset: 0,
  record_bytes: 64,
  directives: [],
  shown: [],
  familyName: String,
};

function event(n: number, data: Record<string, unknown> = {}): TraceEvent {
  return { timestamp: BigInt(n), process_id: 7, process_name: "p", event_type: "made:up", data };
}

function collected(
  { events = [], counts = {}, plan = {}, options }: {
    events?: readonly TraceEvent[];
    counts?: Partial<Counts>;
    plan?: Partial<Plan>;
    options?: CollectorOptions;
  },
): ReturnType<Collector["result"]> {
  const collector = new Collector(options);
  for (const one of events) collector.add(one);
  const program = { plan: { ...PLAN, ...plan }, counts: { ...NO_COUNTS, ...counts }, filters: {} } as Program;
  return collector.result(program, { duration_ns: 2_000_000_000n });
}

Deno.test("Collector's result has the kernel's counts, whatever became of the events", () => {
  const { event_count, lost_events, sampled, events } = collected({
    events: [event(1), event(2)],
    counts: { hits: 100, suppressed: 90, lost: 8, lost_returns: 1 },
  });
  assert.deepEqual({ event_count, lost_events, sampled }, { event_count: 100, lost_events: 9, sampled: true });
  assert.deepEqual(events.map(({ timestamp }) => timestamp), [1n, 2n]);
});

Deno.test("Collector's result is not sampled when every hit is an event, and tells missed hits only when there are any", () => {
  const result = collected({ events: [event(1)], counts: { hits: 1 } });
  assert.equal(result.sampled, false);
  assert.equal("missed_hits" in result, false);
  assert.equal("by_key" in result.aggregates!, false);
  assert.equal(collected({ counts: { missed: 3 } }).missed_hits, 3);
});

Deno.test("Collector's result tells calls under way apart from those that are over, and from what the kernel skipped", () => {
  const told = (counts: Partial<Counts>): readonly unknown[] => {
    const { event_count, pending_calls, unseen_returns } = collected({ counts });
    return [event_count, pending_calls, unseen_returns];
  };
  assert.deepEqual(told({}), [0, undefined, undefined]);
  assert.deepEqual(told({ unreturned: 1, under_way: 1 }), [0, 1, undefined]);
  assert.deepEqual(told({ hits: 128, unreturned: 274, under_way: 4 }), [128, 4, 270]);
  assert.deepEqual(told({ hits: 5, unreturned: 3, missed: 3 }), [5, undefined, undefined]);
});

Deno.test("Collector keeps as many events as it may, and counts the values of all", () => {
  const events = Array.from({ length: 50 }, (_, i) => event(i, { flags: "O_RDONLY" }));
  const { events: kept, sampled, aggregates } = collected({
    events,
    counts: { hits: 50 },
    options: { max_events: 20 },
  });
  assert.equal(kept.length, 20);
  assert.equal(sampled, true);
  assert.deepEqual(aggregates!.by_field["flags"], [{ value: "O_RDONLY", count: 50 }]);
});

Deno.test("Collector's events are in the order in which they began, not in that of their ends", () => {
  const { events } = collected({ events: [event(3), event(1), event(2)], counts: { hits: 3 } });
  assert.deepEqual(events.map(({ timestamp }) => timestamp), [1n, 2n, 3n]);
});

Deno.test("Collector adds up the rows of a process over all keys, and keeps what it was before exec apart", () => {
  const rows = [
    { tgid: 9, comm: "sh", key: 0, hits: 1 },
    { tgid: 5, comm: "nginx", key: 0, hits: 10 },
    { tgid: 5, comm: "nginx", key: 1, hits: 5 },
    { tgid: 9, comm: "curl", key: 1, hits: 7 },
  ];
  const key = { label: "syscall", offset: 8, name: (id: number) => ["read", "write"][id] ?? `syscall_${id}` };
  const { aggregates } = collected({ counts: { hits: 23, rows }, plan: { key } });
  assert.deepEqual(aggregates!.by_process, [
    { process_id: 5, process_name: "nginx", count: 15 },
    { process_id: 9, process_name: "curl", count: 7 },
    { process_id: 9, process_name: "sh", count: 1 },
  ]);
  assert.deepEqual(aggregates!.by_key, {
    key: "syscall",
    counts: [{ value: "write", count: 12 }, { value: "read", count: 11 }],
  });
});

Deno.test("Collector lists the twenty busiest processes; the summary counts the others too", () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ tgid: i, comm: "p", key: 0, hits: 100 - i }));
  const { aggregates, summary } = collected({ counts: { hits: 5050, rows } });
  assert.equal(aggregates!.by_process.length, 20);
  assert.match(summary, /^5050 × raw_syscalls:sys_enter in 2\.0 s, by p \(pid 0\) 100, .* others 4753\./);
});

Deno.test("Collector's result is what the protocol says", () => {
  const result = collected({
    events: [event(1, { ret: -2, error: "ENOENT", latency_ns: 10 }), event(2, { pending: true, latency_ns: 5 })],
    counts: { hits: 2, rows: [{ tgid: 7, comm: "p", key: 0, hits: 2 }] },
  });
  const whole = { program_name: "x", type: "tracepoint", target: "x/y", start_time: 1n, end_time: 2n, ...result };
  assert.deepEqual(ebpfResult.parse(whole), whole);
  assert.match(result.summary, /1 of 2 returned an error: ENOENT 1\. 1 had not returned when tracing ended\./);
});

Deno.test("Collector's result has the latencies that the kernel counted rather than those of the events", () => {
  const latency = (histogram?: Counts["histogram"]): unknown =>
    collected({
      events: [event(1, { latency_ns: 5 })],
      counts: { hits: 9, ...(histogram === undefined ? {} : { histogram }) },
    }).aggregates?.latency;
  assert.deepEqual(latency(), { count: 1, mean_ns: 5, p50_ns: 5, p99_ns: 5, max_ns: 5 });
  assert.deepEqual(latency([{ from_ns: 1024n, to_ns: 1152n, count: 9 }]), {
    count: 9,
    mean_ns: 1088,
    p50_ns: 1152,
    p99_ns: 1152,
    max_ns: 1152,
    histogram: [{ from_ns: 1024, to_ns: 1152, count: 9 }],
  });
});

Deno.test("Collector takes a program on a function, whose hits are counted by process alone", () => {
  const plan = { kind: "function", event: "kprobe:vfs_read" } as FunctionPlan;
  const collector = new Collector();
  const counts = { ...NO_COUNTS, hits: 3, rows: [{ tgid: 7, comm: "p", key: 0, hits: 3 }] };
  const result = collector.result({ plan, counts, filters: {} } as unknown as Program, { duration_ns: 1_000_000_000n });
  assert.equal(result.aggregates?.by_key, undefined);
  assert.match(result.summary, /^3 × kprobe:vfs_read in 1\.0 s, by p \(pid 7\) 3\./);
});

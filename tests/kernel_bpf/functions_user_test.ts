/** Probes on functions of a program whose calls are known. */
import assert from "node:assert/strict";
import { SystemError } from "../../src/ffi/libc.ts";
import type { ProgramFilters } from "../../src/probes/engine/config.ts";
import { refusedKind } from "../../src/probes/engine/refused_kind.ts";
import {
  functionOfProgram,
  functionPlan,
  numberOf,
  refusalOf,
  textOf,
  traceTogether,
  traceWork,
} from "../support/functions.ts";
import { runCommand } from "../support/vm_process.ts";
import { Workload } from "../support/workload.ts";
import { until } from "../support/until.ts";

Deno.test("a uprobe counts every call and shows the arguments, strings of user space among them", async () => {
  await using workload = await Workload.start(["greets", "200"], { source: "functions" });
  const plan = functionPlan({ kind: "uprobe", ...await functionOfProgram("greet") }, {
    argument_count: 3,
    captures: [textOf(0), numberOf(1), textOf(2)],
  });
  const { counts, events } = await traceWork(plan, () => workload.go());
  assert.equal(counts.hits, 200);
  assert.equal(counts.emitted, 200);
  assert.equal(counts.missed + counts.lost + counts.suppressed, 0);
  assert.deepEqual(
    events.map(({ data }) => data),
    Array.from({ length: 200 }, (_, i) => ({ text0: `guest ${i}`, arg1: i, text2: null })),
  );
  for (const { process_id, thread_id, process_name, event_type } of events) {
    assert.deepEqual([process_id, thread_id, process_name, event_type], [
      workload.pid,
      workload.pid,
      "functions",
      "uprobe",
    ]);
  }
});

Deno.test("a uretprobe shows arguments, result and latency of each call", async () => {
  await using workload = await Workload.start(["greets", "100"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("greet") }, {
    argument_count: 3,
    captures: [textOf(0), numberOf(1), numberOf("ret", "ret")],
  });
  const { counts, events } = await traceWork(plan, () => workload.go());
  assert.equal(counts.hits, 100);
  assert.equal(counts.unreturned, 0);
  assert.equal(events.length, 100);
  for (const [i, { data }] of events.entries()) {
    const { latency_ns, ...rest } = data;
    assert.deepEqual(rest, { text0: `guest ${i}`, arg1: i, ret: i === 0 ? 0 : -i });
    assert.ok(Number(latency_ns) > 0);
  }
});

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

Deno.test("each return of a function that calls itself is paired with its own entry", async () => {
  const n = 12;
  await using workload = await Workload.start(["fib", String(n)], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("fib") }, { captures: [numberOf(0)] });
  const { counts, events } = await traceWork(plan, () => workload.go());
  const calls = 2 * fib(n + 1) - 1;
  assert.equal(counts.hits, calls);
  assert.equal(events.length, calls);
  for (const { data } of events) assert.equal(data["ret"], fib(Number(data["arg0"])));
  const outermost = events.at(-1)!;
  assert.equal(outermost.data["arg0"], n);
  const longest = Math.max(...events.map(({ data }) => Number(data["latency_ns"])));
  assert.equal(outermost.data["latency_ns"], longest);
});

Deno.test("arguments that do not fit into registers are read from the stack", async () => {
  await using workload = await Workload.start(["twelve", "5"], { source: "functions" });
  const captures = Array.from({ length: 12 }, (_, i) => numberOf(i));
  const place = await functionOfProgram("twelve");
  const plan = functionPlan({ kind: "uretprobe", ...place }, { argument_count: 12, captures });
  const { counts, events } = await traceWork(plan, () => workload.go());
  assert.equal(counts.hits, 5);
  for (const [i, { data }] of events.entries()) {
    const given = Array.from({ length: 12 }, (_, n) => i + n);
    assert.deepEqual(Array.from({ length: 12 }, (_, n) => data[`arg${n}`]), given);
    assert.equal(data["ret"], given.reduce((sum, n) => sum + n));
  }
});

Deno.test("a program sees arguments only as far as the function has them", async () => {
  await using workload = await Workload.start(["greets", "1"], { source: "functions" });
  const plan = functionPlan({ kind: "uprobe", ...await functionOfProgram("greet") }, { captures: [numberOf(1)] });
  await assert.rejects(traceWork(plan, () => workload.go()), /Cannot read .* there is no argument 1/);
});

Deno.test("the latency of a call is at least the time that it slept", async () => {
  await using workload = await Workload.start(["naps", "20"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("nap") }, { captures: [numberOf(0)] });
  const { events } = await traceWork(plan, () => workload.go());
  assert.equal(events.length, 20);
  for (const { data } of events) assert.ok(Number(data["latency_ns"]) >= 1_000_000, `${data["latency_ns"]} ns`);
});

for (const aggregate of [undefined, "count", "latency"] as const) {
  const asked = aggregate === undefined ? {} : { aggregate };
  const name = aggregate ?? "events";

  Deno.test(`calls that do not come back are told as under way when tracing ends (${name})`, async () => {
    await using workload = await Workload.start(["hangs", "3"], { source: "functions" });
    const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("hang") });
    const { counts } = await traceWork(plan, () => workload.go(), asked);
    assert.deepEqual([counts.hits, counts.under_way, counts.unreturned], [0, 3, 3]);
  });

  Deno.test(`calls that end their process are told as entered, and not as under way (${name})`, async () => {
    await using workload = await Workload.start(["leaves", "5"], { source: "functions" });
    const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("leave") });
    const { counts } = await traceWork(plan, () => workload.go(), asked);
    assert.deepEqual([counts.hits, counts.under_way, counts.unreturned], [0, 0, 5]);
  });

  Deno.test(`every call of a deep recursion is a return or told as one whose return was not seen (${name})`, async () => {
    await using workload = await Workload.start(["deep", "201"], { source: "functions" });
    const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("deep") });
    const { counts } = await traceWork(plan, () => workload.go(), asked);
    // MAX_URETPROBE_DEPTH, include/linux/uprobes.h
    assert.deepEqual([counts.hits, counts.under_way, counts.unreturned], [128, 0, 402 - 128]);
  });
}

Deno.test("a function that is called when tracing ends is not told as one whose returns are missed", async () => {
  await using workload = await Workload.start(["greets", "2000000"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("greet") });
  let all: Promise<number> | undefined;
  const { counts } = await traceWork(plan, async () => {
    const before = ranFor(workload.pid);
    all = workload.go();
    await until("it is in the midst of its calls", () => ranFor(workload.pid) - before > 20e6);
  }, { rate_per_s: 1 });
  assert.ok(counts.hits > 0);
  // the one that it is in
  assert.ok(counts.unreturned <= 1 && counts.unreturned === counts.under_way, Deno.inspect(counts));
  await all;
});

/** A process's time on a CPU in nanoseconds: proc(5), schedstat. */
function ranFor(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ")[0]);
}

Deno.test("calls that are left by longjmp() are no returns, and do not spoil those that are", async () => {
  await using workload = await Workload.start(["jumps", "50"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("escape") }, { captures: [numberOf(0)] });
  const { counts, events } = await traceWork(plan, () => workload.go());
  assert.equal(counts.hits, 50);
  assert.deepEqual([counts.under_way, counts.unreturned], [0, 50]);
  assert.deepEqual(events.map(({ data }) => [data["arg0"], data["ret"]]), Array(50).fill([0, 0]));
});

Deno.test("a return whose entry the filter kept out is told without arguments and latency", async () => {
  await using workload = await Workload.start(["renames", "2"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("become") }, { captures: [textOf(0)] });
  const { counts, events } = await traceWork(plan, () => workload.go(), { filters: { comm: "renamed" } });
  assert.equal(counts.hits, 2);
  const [first, second] = events.map(({ data }) => data);
  assert.deepEqual(first, { text0: null, ret: 0 }); // its process had another name on entry
  assert.equal(second!["text0"], "renamed");
  assert.ok(Number(second!["latency_ns"]) > 0);
});

Deno.test("returns are counted alone where no more is asked for", async () => {
  await using workload = await Workload.start(["greets", "300"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("greet") });
  const { counts, events } = await traceWork(plan, () => workload.go(), { aggregate: "count" });
  assert.deepEqual([counts.hits, counts.emitted, events.length, counts.histogram], [300, 0, 0, undefined]);
});

Deno.test("a histogram has every call once, whatever the governor lets through, in buckets that hold their latencies", async () => {
  await using workload = await Workload.start(["greets", "3000"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("greet") });
  const { counts, events } = await traceWork(plan, () => workload.go(), { aggregate: "latency", rate_per_s: 1 });
  assert.deepEqual(events, []);
  assert.equal(counts.hits, 3000);
  assert.equal(counts.histogram!.reduce((sum, { count }) => sum + count, 0), 3000);
  for (const { from_ns, to_ns } of counts.histogram!) {
    assert.ok(from_ns < to_ns && to_ns - from_ns <= from_ns / 8n + 1n);
  }
});

Deno.test("a histogram of calls that sleep a millisecond has nothing below it", async () => {
  await using workload = await Workload.start(["naps", "30"], { source: "functions" });
  const plan = functionPlan({ kind: "uretprobe", ...await functionOfProgram("nap") });
  const { counts } = await traceWork(plan, () => workload.go(), { aggregate: "latency" });
  assert.equal(counts.histogram!.reduce((sum, { count }) => sum + count, 0), 30);
  for (const { to_ns } of counts.histogram!) assert.ok(to_ns > 1_000_000n);
});

Deno.test("the governor bounds the events of a probe, and every hit is still counted", async () => {
  await using workload = await Workload.start(["greets", "5000"], { source: "functions" });
  const plan = functionPlan({ kind: "uprobe", ...await functionOfProgram("greet") });
  const { counts, events } = await traceWork(plan, () => workload.go(), { rate_per_s: 10 });
  assert.equal(counts.hits, 5000);
  assert.equal(counts.emitted, events.length);
  assert.equal(counts.suppressed, 5000 - events.length);
  assert.ok(events.length >= 100 && events.length < 1000, `${events.length} events`); // ten seconds' worth at once
});

for (const kind of ["uprobe", "uretprobe"] as const) {
  Deno.test(`filters by pid, tid, comm and uid keep others out of the hits of a ${kind}`, async () => {
    await using noisy = await Workload.start(["greets", "400"], { source: "functions" });
    await using workload = await Workload.start(["threads", "30"], { source: "functions" });
    const { pid } = workload;
    const expected: readonly (readonly [ProgramFilters, number])[] = [
      [{}, 460],
      [{ pid }, 60],
      [{ tid: pid }, 30], // one of its two threads
      [{ comm: "func*", uid: Deno.uid() ?? 0 }, 460],
      [{ comm: "function" }, 0],
      [{ uid: 54_321 }, 0],
      [{ pid, comm: "other" }, 0],
    ];
    const plan = functionPlan({ kind, ...await functionOfProgram("greet") });
    const work = (): Promise<unknown> => Promise.all([noisy.go(), workload.go()]);
    const seen = await traceTogether(expected.map(([filters]) => ({ plan, filters })), work);
    for (const [i, { counts, events }] of seen.entries()) {
      assert.deepEqual([counts.hits, events.length], Array(2).fill(expected[i]![1]), Deno.inspect(expected[i]![0]));
    }
  });
}

/** Without it threads that preempt each other in a probe wrote one stack, and Linux 7.3 oopsed: the tests above hang then. */
Deno.test("every program that a uprobe runs holds the tail call for which it keeps its thread's stack", async () => {
  const object = new URL("../../build/bpf/function.bpf.o", import.meta.url).pathname;
  const listing = await runCommand("llvm-objdump", "--disassemble", "--section=kprobe", object);
  const [, ...programs] = listing.split(/^[0-9a-f]+ <(?=probe_)/m);
  assert.deepEqual(programs.map((program) => [program.match(/^\w+/)?.[0], /\bcall (12|0xc)$/m.test(program)]), [
    ["probe_hit", true],
    ["probe_entered", true],
    ["probe_returned", true],
  ]);
});

Deno.test("what ktriage starts itself is no hit of a probe", async () => {
  const plan = functionPlan({ kind: "uprobe", ...await functionOfProgram("greet") });
  const { counts } = await traceWork(plan, async () => {
    await using workload = await Workload.start(["greets", "20"], { source: "functions" });
    await workload.go();
  });
  assert.equal(counts.hits, 0);
});

Deno.test("a uprobe where no function is, and in a file that is not there, is refused as a target", async () => {
  const { path } = await functionOfProgram("greet");
  for (const [file, offset] of [["/no/such/file", 4096n], [path, 1n << 40n]] as const) {
    const refusal = await refusalOf(functionPlan({ kind: "uprobe", path: file, offset }));
    assert.ok(refusal instanceof SystemError, String(refusal));
    assert.equal(refusedKind("uprobe", refusal), undefined);
  }
});

/** Requests as an AI sends them: answered by what this kernel allows, which the result names. */
import assert from "node:assert/strict";
import { startProgram } from "../../src/probes/attach.ts";
import type { FunctionPlan } from "../../src/probes/plan/function_plan.ts";
import { Ground } from "../../src/probes/ground.ts";
import type { Plan } from "../../src/probes/plan/tracepoint.ts";
import { startPrograms } from "../../src/probes/start.ts";
import type { EbpfProgram, EbpfResult } from "../../src/protocol/mod.ts";
import { readCapabilities } from "../../src/kernel/host/capabilities.ts";
import { assertHits, type ProgramRequest, traceDuring, traceOne } from "../support/tracing.ts";
import { compiled, Workload } from "../support/workload.ts";

const N = 40;

const capabilities = new Map((await readCapabilities()).map(({ id, available }) => [id, available]));
const HAS_FENTRY = capabilities.get("fentry") === true;
const HAS_KPROBES = capabilities.get("kprobe") === true;

interface Work {
  readonly args: readonly string[];
  readonly source?: "workload" | "functions";
}

/** What one program sees of a process that does nothing else. */
async function seen(request: ProgramRequest, { args, source = "workload" }: Work): Promise<EbpfResult> {
  await using workload = await Workload.start(args, { source });
  return await traceOne({ filters: { pid: workload.pid }, ...request }, () => workload.go(), { rate_per_s: 0 });
}

const GREETS: Work = { args: ["greets", `${N}`], source: "functions" };
const READS: Work = { args: ["reads", `${N}`] };
/** Of a child of the workload. */
const BY_READER = { filters: { comm: "reader" } };

Deno.test("a function is probed in the cheapest way that this kernel allows, and attached_as says which", async () => {
  const { event_count, attached_as } = await seen({ type: "kprobe", target: "do_fork", aggregate: "count" }, {
    args: ["forks", `${N}`],
  });
  assert.equal(event_count, N);
  const renamed = "kernel_clone (do_fork became kernel_clone in Linux 5.10)";
  if (HAS_FENTRY) assert.equal(attached_as, `fentry:${renamed}: cheaper than a kprobe, the same call`);
  else if (HAS_KPROBES) assert.equal(attached_as, `kprobe:${renamed}`);
  else {
    const told = `${renamed} via tracepoint sched:sched_process_fork: this kernel refuses fentry and has no kprobes; `;
    assert.ok(attached_as?.startsWith(told), attached_as);
  }
});

Deno.test("what a kernel refuses of one probe of a kind is not tried with the next", async () => {
  const ground = await Ground.open();
  assert.ok(!("error" in ground));
  using _ = ground;
  const tried: (string | undefined)[] = [];
  const start = ground.session.start.bind(ground.session);
  ground.session.start = (plan: Plan | FunctionPlan, options) => {
    tried.push(plan.kind === "function" ? plan.attachment.kind : plan.kind);
    return start(plan, options);
  };
  const options = { rate_per_s: 0, on_event: () => {} };
  const reasons: string[] = [];
  for (const target of ["tcp_connect", "vfs_write", "vfs_read"]) {
    const attached = await startProgram({ type: "kprobe", target }, ground, options);
    assert.ok(!("error" in attached));
    reasons.push(/this kernel [^;]*/.exec(attached.attached_as ?? "")?.[0] ?? "");
    await ground.session.end(attached.program);
  }
  const last = tried.at(-1);
  const refused = [...new Set(tried)].filter((kind) => kind !== last);
  assert.deepEqual(tried, [...refused, last, last, last]);
  assert.equal(new Set(reasons).size, 1, "the reason is known though it was not tried");
});

Deno.test("a raw tracepoint's arguments are decoded by this kernel's types", async () => {
  await using workload = await Workload.start(["forks", `${N}`], { name: "raw_forks" });
  const request: ProgramRequest = { type: "raw_tracepoint", target: "sched/sched_process_fork" };
  const result = await traceOne(
    { ...request, filters: { pid: workload.pid }, capture: ["child.tgid", "child.comm"] },
    () => workload.go(),
    { rate_per_s: 0 },
  );
  assert.equal(result.attached_as, undefined);
  assert.equal(result.event_count, N);
  assert.equal(result.events.length, N);
  for (const { event_type, data } of result.events) {
    assert.equal(event_type, "raw_tracepoint:sched_process_fork");
    assert.deepEqual(data["parent"], { pid: workload.pid, tid: workload.pid, comm: "raw_forks" });
    assert.equal((data["child"] as { pid: number }).pid, data["child.tgid"]);
    assert.equal(data["child.comm"], "raw_forks");
  }
  assert.equal(new Set(result.events.map(({ data }) => data["child.tgid"])).size, N);
});

Deno.test("a user function shows what is captured of it, its result and how long it took", async () => {
  const target = `${await compiled("functions")}:greet`;
  const entry = await seen({ type: "uprobe", target, capture: ["arg0:str", "arg1:s64"] }, GREETS);
  assert.deepEqual(
    entry.events.map(({ data }) => data),
    Array.from({ length: N }, (_, i) => ({ arg0: `guest ${i}`, arg1: i })),
  );
  const exit = await seen({ type: "uretprobe", target, capture: ["arg0:str", "ret:s32"] }, GREETS);
  assert.deepEqual(
    exit.events.map(({ data }) => [data["arg0"], data["ret"]]),
    entry.events.map((_, i) => [`guest ${i}`, 0 - i]),
  );
  assert.ok(exit.events.every(({ data }) => Number(data["latency_ns"]) > 0));
  assert.equal(exit.aggregates?.latency?.count, N);
  assert.equal(exit.attached_as, "arguments' memory as it was at the return");
});

Deno.test("a user function that returns a negative int is shown with that, and without the name of an error", async () => {
  const lookups: Work = { args: ["lookups", `${N}`], source: "functions" };
  const { events } = await seen({ type: "uretprobe", target: "libc:getaddrinfo" }, lookups);
  const EAI_NONAME = -2; // netdb.h
  assert.deepEqual(events.map(({ data }) => [data["ret"], data["error"]]), Array(N).fill([EAI_NONAME, undefined]));
});

Deno.test("text that is not in memory is told from a NULL pointer, and formats of one argument from each other", async () => {
  const target = `${await compiled("functions")}:greet`;
  const capture = ["arg1:str", "arg1:u8", "arg2:str"]; // i and NULL
  const { events } = await seen({ type: "uprobe", target, capture }, GREETS);
  assert.deepEqual(
    events.map(({ data }) => data),
    Array.from({ length: N }, (_, i) => ({
      "arg1:str": i === 0 ? null : `(not in memory: 0x${i.toString(16)})`,
      "arg1:u8": i,
      arg2: null,
    })),
  );
});

Deno.test("a uprobe whose result is asked for sees the return, and says so", async () => {
  const target = `uprobe:${await compiled("functions")}:greet`;
  const { attached_as, events } = await seen({ type: "uprobe", target, capture: ["ret:s64"] }, GREETS);
  assert.match(attached_as ?? "", /^uretprobe:functions:greet: what is asked for is known at the return only/);
  assert.deepEqual(events.map(({ data }) => data["ret"]), Array.from({ length: N }, (_, i) => 0 - i));
});

Deno.test("aggregate count has exact counts by process and no events", async () => {
  const result = await seen({ type: "kprobe", target: "vfs_read", aggregate: "count", ...BY_READER }, READS);
  assert.equal(result.event_count, N);
  assert.deepEqual(result.events, []);
  assert.equal(result.sampled, false);
  assert.deepEqual(result.aggregates?.by_process.map(({ process_name, count }) => [process_name, count]), [[
    "reader",
    N,
  ]]);
  assert.equal(result.aggregates?.latency, undefined);
});

Deno.test("aggregate latency is a histogram of every call of a function, wherever it is measured", async () => {
  const target = `${await compiled("functions")}:nap`;
  const naps = await seen({ type: "uprobe", target, aggregate: "latency" }, {
    args: ["naps", `${N}`],
    source: "functions",
  });
  assert.equal(naps.event_count, N);
  assert.deepEqual(naps.events, []);
  const { count, histogram = [], p50_ns } = naps.aggregates!.latency!;
  assert.equal(count, N);
  assert.equal(histogram.reduce((sum, row) => sum + row.count, 0), N);
  assert.ok(histogram[0]!.to_ns > 1_000_000 && p50_ns > 1_000_000, "a nap takes a millisecond");
  assert.match(naps.summary, new RegExp(` Half of ${N} calls took less than `));

  for (const target of ["kretprobe:vfs_read", "syscalls/sys_enter_read"]) {
    const reads = await seen({ target, aggregate: "latency", filters: { comm: "reader" } }, {
      args: ["reads", `${N}`],
    });
    assert.equal(reads.aggregates?.latency?.count, N, target);
    assert.deepEqual(reads.events, [], target);
  }
});

Deno.test("a tracepoint shows the fields that capture names, and no others", async () => {
  const { events } = await seen({ target: "openat", capture: ["filename", "ret"] }, {
    args: ["opens", `${N}`, "/nowhere"],
  });
  assert.equal(events.length, N);
  for (const { data } of events) assert.deepEqual(Object.keys(data), ["filename", "ret", "error", "latency_ns"]);
});

Deno.test("what cannot be done says why and what to ask instead, and the others run", async () => {
  const program = (request: Pick<EbpfProgram, "type" | "target"> & Partial<EbpfProgram>): ProgramRequest => request;
  const wrong = [
    [
      program({ type: "kprobe", target: "tcp_connect", capture: ["sk.nothing"] }),
      /struct sock has no field nothing/,
      /__sk_common/,
    ],
    [program({ type: "kprobe", target: "tcp_connect", capture: Array(9).fill("sk") }), /8 at most/, /two programs/],
    [
      program({ type: "kprobe", target: "tcp_connect", aggregate: "stacks" }),
      /does not know that/,
      /count and latency/,
    ],
    [program({ type: "kprobe", target: "tcp_conect" }), /no such function/, /tcp_connect/],
    [program({ type: "tracepoint", target: "openat", capture: ["file"] }), /no such field/, /filename/],
    [program({ type: "uprobe", target: "/nowhere/at/all:main" }), /\/nowhere\/at\/all/, /./],
    [program({ type: "profile", target: "99" }), /not taken event by event/, /cpu-profile/],
    [
      program({ type: "tool", target: "sys-calls" }),
      /Cannot run the tool sys-calls: .* none of this name/,
      /Nearest: syscalls/,
    ],
  ] as const;
  const good = program({ type: "tracepoint", target: "sched/sched_process_exit" });
  const results = await traceDuring([...wrong.map(([request]) => request), good], () => Promise.resolve());
  for (const [i, [request, error, hint]] of wrong.entries()) {
    const result = results[i]!;
    assert.match(result.error ?? "", error, request.target);
    assert.match(result.hint ?? "", hint, request.target);
    assert.deepEqual([result.event_count, result.summary], [0, result.error]);
  }
  assert.equal(results.at(-1)!.error, undefined);
});

Deno.test("BTF from a file is taken for the arguments; a file that is none is told where types are needed", async () => {
  const program = (name: string, type: EbpfProgram["type"], target: string): EbpfProgram => ({
    name,
    type,
    target,
    duration: 1,
  });
  const programs = [
    program("raw", "raw_tracepoint", "sched_process_fork"),
    program("event", "tracepoint", "sched/sched_process_fork"),
  ];
  const starts = async (btf_file: string): Promise<(string | undefined)[]> => {
    const running = await startPrograms(programs, { btf_file });
    running.stop();
    await running.results;
    return running.starts.map(({ error }) => error);
  };
  assert.deepEqual(await starts("/sys/kernel/btf/vmlinux"), [undefined, undefined]);
  const [raw, event] = await starts("/etc/hostname");
  assert.match(raw ?? "", /^Cannot use \/etc\/hostname: .*\.$/);
  assert.equal(event, undefined);
});

Deno.test("one program is ended before the others, and has what it saw until then", async () => {
  await using first = await Workload.start(READS.args);
  await using second = await Workload.start(READS.args);
  const reads = (name: string): EbpfProgram => ({
    ...{ name, type: "tracepoint", target: "syscalls/sys_enter_read", aggregate: "count", duration: 60 },
    ...BY_READER,
  });
  const running = await startPrograms([reads("short"), reads("long")]);
  const [short, long] = running.starts.map(({ key }) => key);
  await first.go();
  running.stop(short);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the time between both ends is looked at below
  await second.go();
  running.stop();
  const results = await running.results;
  const [ended, other] = [results[short!]!, results[long!]!];
  assertHits(other, 2 * N);
  assertHits(ended, N);
  assert.ok(BigInt(other.end_time) - BigInt(ended.end_time) > 500_000_000n, `${ended.end_time} and ${other.end_time}`);
});

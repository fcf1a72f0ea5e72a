import assert from "node:assert/strict";
import { namespacePids } from "../../src/kernel/host/container.ts";
import { type EbpfResult, ebpfResult, parse } from "../../src/protocol/mod.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { compiled, Workload } from "../support/workload.ts";

const TRACER = new URL("../support/trace_in_container.ts", import.meta.url).pathname;
/** The program that follows is started as the process that follows this pid, in a namespace where nobody is faster. */
const IN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "sh", "-c"];
const AFTER_PID = 'echo "$1" > /proc/sys/kernel/ns_last_pid && shift && "$@"; exit';
const WITH_OWN_PROC = [...PRIVATE_MOUNTS, "sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh"];

const FUNCTIONS = await compiled("functions");

interface Seen {
  /** Pid of a process outside, and of another one inside. */
  readonly pid: number;
  /** Of the process inside, as the host knows it. */
  readonly host_pid: number;
  readonly by_name: EbpfResult;
  readonly by_pid: EbpfResult;
  readonly by_tid: EbpfResult;
  readonly tracer: EbpfResult;
}

/** What a ktriage in a pid namespace sees of 1000 opens there, 20 outside, 5 in a namespace below, and its own. */
async function traceInside(prefix: string, within: readonly string[]): Promise<Seen> {
  const opens = (count: number, where: string, within: readonly string[] = []): Promise<Workload> =>
    Workload.start(["opens", String(count), `/nowhere/${where}`], { name: `${prefix}_${where}`, within });
  await using outside = await opens(20, "outside");
  const { pid } = outside;
  await using inside = await opens(1000, "inside", [...IN_PID_NAMESPACE, AFTER_PID, "sh", String(pid - 1)]);
  const host_pid = hostPidOf(`${prefix}_inside`, pid);
  const enter = ["nsenter", "--target", String(host_pid), "--pid"];
  await using nested = await opens(5, "nested", [...enter, "unshare", "--pid", "--fork"]);
  const results = await trace([...enter, ...within], [prefix, String(pid)], async () => {
    for (const workload of [outside, inside, nested]) await workload.go();
  });
  const [by_name, by_pid, by_tid, tracer] = results.map((result) => ebpfResult.parse(result));
  return { pid, host_pid, by_name: by_name!, by_pid: by_pid!, by_tid: by_tid!, tracer: tracer! };
}

/** The process with this name whose innermost namespace knows it by `pid`. */
function hostPidOf(name: string, pid: number): number {
  for (const entry of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    try {
      const status = Deno.readTextFileSync(`/proc/${entry.name}/status`);
      if (status.startsWith(`Name:\t${name}\n`) && namespacePids(status).at(-1) === pid) return Number(entry.name);
    } catch { /* it has ended */ }
  }
  throw new Error(`no ${name} has pid ${pid} in its namespace`);
}

async function trace(
  within: readonly string[],
  args: readonly string[],
  work: () => Promise<void>,
): Promise<readonly unknown[]> {
  const [command = "", ...rest] = [...within, Deno.execPath(), "run", "-A", "--no-check", TRACER, ...args];
  const child = new Deno.Command(command, { args: rest, stdin: "piped", stdout: "piped" }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await output.read()).value, "tracing\n");
  await work();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode("go\n"));
  await input.close();
  let text = "";
  for (let piece = await output.read(); !piece.done; piece = await output.read()) text += piece.value;
  assert.equal((await child.status).success, true);
  return parse(text) as readonly unknown[];
}

/** `name: hits`, and whether the ids are the host's, in the order of the hits. */
function rows({ aggregates }: EbpfResult): string[] {
  return aggregates!.by_process.map(({ process_name, count, host_process }) =>
    `${process_name}: ${count}${host_process === true ? " of the host" : ""}`
  );
}

let in_container: Promise<Seen> | undefined;
/** One run for all tests that look at it. */
const seenInContainer = (): Promise<Seen> => in_container ??= traceInside("pidns", WITH_OWN_PROC);

Deno.test("in a pid namespace ktriage shows the ids of its /proc, and marks processes outside of it", async () => {
  const { pid, by_name } = await seenInContainer();
  assert.deepEqual(rows(by_name), [
    "pidns_inside: 1000",
    "pidns_outside: 20 of the host",
    "pidns_nested: 5 of the host",
  ]);
  const [inside, outside] = by_name.aggregates!.by_process;
  // the same number, yet two processes: each in its own namespace
  assert.deepEqual([inside!.process_id, outside!.process_id], [pid, pid]);
  assert.equal(by_name.events.length, 1025);
  for (const { data, process_id, thread_id, host_process } of by_name.events) {
    const is_inside = String(data.filename).startsWith("/nowhere/inside/");
    if (is_inside) assert.deepEqual([process_id, thread_id], [pid, pid]);
    assert.equal(host_process, is_inside ? undefined : true);
    assert.equal(data.error, "ENOENT"); // every call met its return
  }
});

Deno.test("in a pid namespace filters by pid and tid mean the ids there, not the same number outside", async () => {
  const { by_pid, by_tid } = await seenInContainer();
  for (const result of [by_pid, by_tid]) assert.deepEqual(rows(result), ["pidns_inside: 1000"]);
});

Deno.test("in a pid namespace ktriage does not trace itself or what it starts", async () => {
  const { by_name, tracer } = await seenInContainer();
  assert.deepEqual(by_name.aggregates!.by_process.filter(({ process_name }) => process_name === "pidns_own"), []);
  assert.deepEqual(tracer.events.filter(({ data }) => data.filename === "/nowhere/tracer"), []);
});

Deno.test("in a pid namespace with the /proc of the host ktriage shows the host's ids, as ps does there", async () => {
  const { pid, host_pid, by_name, by_pid } = await traceInside("hproc", []);
  assert.deepEqual(rows(by_name), ["hproc_inside: 1000", "hproc_outside: 20", "hproc_nested: 5"]);
  assert.equal(by_name.aggregates!.by_process[0]!.process_id, host_pid);
  assert.notEqual(host_pid, pid);
  assert.deepEqual(rows(by_pid), ["hproc_outside: 20"]);
});

for (
  const { title, within, ids } of [
    { title: "the /proc of the host", within: [], ids: (inside: number, outside: number) => [inside, outside] },
    // the first process there is a shell, the second one the workload; nobody outside has an id
    { title: "a /proc of its own", within: WITH_OWN_PROC, ids: () => [2] },
  ]
) {
  Deno.test(`in a pid namespace with ${title} a probe on a function of one process sees that process alone`, async () => {
    const greets = (count: number, within: readonly string[]): Promise<Workload> =>
      Workload.start(["greets", String(count)], { source: "functions", within });
    await using outside = await greets(7, []);
    await using inside = await greets(20, [...IN_PID_NAMESPACE, '"$@"; exit', "sh"]);
    const host_pid = childOf(childOf(inside.pid));
    const enter = ["nsenter", "--target", String(host_pid), "--pid"];
    await using beside = await greets(5, enter);
    const processes = ids(host_pid, outside.pid);
    const programs = processes.flatMap((pid) => [
      { name: "called", type: "uprobe", target: `${pid}:greet`, duration: 60 },
      { name: "returned", type: "uretprobe", target: `${pid}:greet`, duration: 60 },
      { name: "filtered", type: "uprobe", target: `${FUNCTIONS}:greet`, duration: 60, filters: { pid } },
    ]);
    const results = await trace([...enter, ...within], [JSON.stringify(programs)], async () => {
      for (const workload of [outside, inside, beside]) await workload.go();
    });
    const rows = results.map((result) => ebpfResult.parse(result)).map(({ event_count, aggregates, error }) =>
      error ?? [event_count, aggregates!.by_process.map(({ process_id, count }) => [process_id, count])]
    );
    const expected = processes.flatMap((pid, i) => {
      const calls = i === 0 ? 20 : 7;
      return Array.from({ length: 3 }, () => [calls, [[pid, calls]]]);
    });
    assert.deepEqual(rows, expected);
  });
}

function childOf(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim());
}

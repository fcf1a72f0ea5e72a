/** Hostile and odd things happen while ktriage traces: counts stay right, nothing leaks, nothing reaches a terminal. */
import assert from "node:assert/strict";
import { traceShell } from "../support/shell.ts";
import { traceDuring, traceOne } from "../support/tracing.ts";
import { Workload } from "../support/workload.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
/** Programs that one event takes (BPF_TRACE_MAX_PROGS in kernel/trace/bpf_trace.c). */
const MAX_PROGRAMS_AN_EVENT = 64;

/** Descriptors of this process that only tracing opens. */
function tracingDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return /bpf|perf/.test(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      return false; // the descriptor that read the directory
    }
  }).length;
}

Deno.test("calls that never return are events at once: not pending, no latency, and not kept until the end", async () => {
  const line = "(exit 3); (exit 4); trap : USR1; kill -USR1 $$; true";
  const [exits, returns] = await traceShell(line, [{ target: "exit_group" }, { target: "rt_sigreturn" }]);
  const codes = exits!.events.filter(({ process_name }) => process_name === "sh").map(({ data }) => data["error_code"]);
  assert.ok(codes.includes(3) && codes.includes(4), `exit codes ${codes}`);
  assert.ok(returns!.event_count > 0);
  for (const { events, summary, aggregates } of [exits!, returns!]) {
    assert.ok(events.every(({ data }) => !("pending" in data) && !("latency_ns" in data)));
    assert.equal(aggregates!.latency, undefined);
    assert.doesNotMatch(summary, /had not returned/);
  }
});

Deno.test("a program that cannot be attached leaves no descriptor behind, and the others trace on", async () => {
  const requests = Array.from({ length: MAX_PROGRAMS_AN_EVENT + 3 }, () => ({ target: "getppid" }));
  await using workload = await Workload.start(["getppid", "5"]);
  let during = 0;
  const results = await traceDuring(requests.map((request) => ({ ...request, filters: { pid: workload.pid } })), () => {
    during = tracingDescriptors();
    return workload.go();
  });
  const failed = results.filter(({ error }) => error !== undefined);
  assert.equal(failed.length, 3);
  for (const { error } of failed) {
    assert.match(error!, /^Cannot attach tracepoint:getppid: .* could not be attached \(attach (hit|returned) .*E2BIG/);
  }
  assert.ok(results.slice(0, MAX_PROGRAMS_AN_EVENT).every(({ event_count }) => event_count === 5));
  assert.ok(during >= MAX_PROGRAMS_AN_EVENT);
  assert.equal(tracingDescriptors(), 0);
});

Deno.test("more names than the table of counts holds: the total stays exact, and what the rows lack is told", async () => {
  await using workload = await Workload.start(["names", "20000"]);
  const result = await traceOne({ target: "getppid", filters: { pid: workload.pid } }, () => workload.go());
  assert.equal(result.event_count, 20_000);
  assert.match(result.summary, /3616 hits are counted in the total only/);
});

Deno.test("ids beyond 32 bits match nobody instead of somebody else, or everybody", async () => {
  await using workload = await Workload.start(["getppid", "10"]);
  const target = "getppid";
  const results = await traceDuring([
    { target, filters: { pid: 2 ** 32 } },
    { target, filters: { pid: 2 ** 32 + workload.pid } },
    { target, filters: { uid: 2 ** 32 } },
    { target, filters: { pid: workload.pid, uid: 0 } },
  ], () => workload.go());
  assert.deepEqual(results.map(({ event_count }) => event_count), [0, 0, 0, 10]);
});

Deno.test("filters that this version does not know are told to be without effect", async () => {
  const [unknown, known] = await traceDuring([
    { target: "getppid", filters: { cgroup: "/x", errno: "ENOENT", comm: "nobody" } },
    { target: "getppid", filters: { comm: "nobody" } },
  ], () => Promise.resolve());
  assert.equal(unknown!.attached_as, "not filtered by cgroup, errno: unknown to this version of ktriage");
  assert.equal(known!.attached_as, undefined);
});

Deno.test("names with more than 15 bytes are found as the kernel cuts them, also within a character", async () => {
  const name = "größenordnung-ü-x"; // 15 bytes end inside of nothing; cut by bytes, not by characters
  const split = "abcdefghijklmnü"; // its last character is cut in half
  await using first = await Workload.start(["getppid", "3"], { name });
  await using second = await Workload.start(["getppid", "4"], { name: split });
  const target = "getppid";
  const results = await traceDuring([
    { target, filters: { comm: name } },
    { target, filters: { comm: split } },
    { target, filters: { comm: "grö*" } },
    { target, filters: { comm: "abcdefghijklmn" } },
  ], () => Promise.all([first.go(), second.go()]));
  const made = [3, 4, 3, 0];
  for (const [i, { event_count, missed_hits = 0 }] of results.entries()) {
    // a hit may come while the CPU runs the program already: Linux 7 skips that one, and it is told
    assert.ok(
      event_count <= made[i]! && event_count + missed_hits >= made[i]!,
      `${event_count} and ${missed_hits} missed`,
    );
  }
});

Deno.test("ktriage trace tells a terminal nothing that a traced process put into its name or paths", async () => {
  await using workload = await Workload.start(["opens", "20", "/no/\x1b[31m\u009b2J"], { name: "\x1b[2Jevil\x07" });
  const ktriage = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "trace", "openat", "--pid", String(workload.pid), "--duration", "20"],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = ktriage.stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("Tracing");) text += (await stderr.read()).value ?? assert.fail("it ended");
  await workload.go();
  ktriage.kill("SIGINT");
  let text = "";
  for await (const piece of ktriage.stdout.pipeThrough(new TextDecoderStream())) text += piece;
  await stderr.cancel();
  assert.equal((await ktriage.status).code, 130);
  assert.match(text, /^20 × syscalls:sys_enter_openat/m);
  assert.match(text, /evil/);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

Deno.test("ktriage trace to a full disk ends with an error of one line", async () => {
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", '"$0" run -A "$1" trace sched/sched_switch --duration 20 >/dev/full', Deno.execPath(), MAIN],
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 1);
  assert.match(text, /Cannot write the events: No space left on device/);
  assert.doesNotMatch(text, /Uncaught|writeSync|\.ts:/);
});

Deno.test("a summary of nothing says under which filters there was nothing", async () => {
  await using workload = await Workload.start(["getppid", "10"]);
  const result = await traceOne(
    { target: "getppid", filters: { comm: "nobody", pid: workload.pid } },
    () => workload.go(),
  );
  assert.equal(result.event_count, 0);
  assert.match(result.summary, new RegExp(`did not occur in .* s with comm nobody, pid ${workload.pid} \\(others`));
});

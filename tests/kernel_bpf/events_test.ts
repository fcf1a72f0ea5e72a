/** What a traced process did is what the events say: every call, every field, and nobody else's. */
import assert from "node:assert/strict";
import type { EbpfResult, TraceEvent } from "../../src/protocol/mod.ts";
import { traceShell } from "../support/shell.ts";
import { assertHits, traceDuring, traceOne } from "../support/tracing.ts";
import { compiled, Workload } from "../support/workload.ts";

function field(event: TraceEvent, name: string): unknown {
  return event.data[name];
}

function eventsOf(result: EbpfResult, pid: number): TraceEvent[] {
  return result.events.filter((event) => event.process_id === pid);
}

function expectedNames(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}/${i}`);
}

Deno.test("tracing openat sees 10,000 opens made at once, each by its name, with none lost", async () => {
  await using workload = await Workload.start(["opens", "10000", "/nowhere"]);
  const result = await traceOne(
    { target: "syscalls/sys_enter_openat", filters: { pid: workload.pid } },
    () => workload.go(),
  );
  assert.equal(result.event_count, 10_000);
  assert.equal(result.lost_events, 0);
  assert.equal(result.sampled, false);
  assert.deepEqual(result.events.map((event) => field(event, "filename")), expectedNames(10_000, "/nowhere"));
  for (const event of result.events) {
    assert.equal(event.process_id, workload.pid);
    assert.equal(event.process_name, "workload");
    assert.equal(field(event, "error"), "ENOENT");
    assert.equal(field(event, "ret"), -2);
    assert.equal(field(event, "flags"), "O_RDONLY|O_CLOEXEC");
    assert.ok(Number(field(event, "latency_ns")) > 0);
  }
  assert.deepEqual(result.aggregates?.by_process, [
    { process_id: workload.pid, process_name: "workload", count: 10_000 },
  ]);
  assert.match(
    result.summary,
    /10000 × syscalls:sys_enter_openat .* by workload \(pid \d+\) 10000\..*10000 of 10000 returned an error: ENOENT 10000/,
  );
});

Deno.test("filters by pid, tid, comm and prefix of comm leave a noisy neighbour out, in the kernel", async () => {
  await using quiet = await Workload.start(["opens", "100", "/quiet"], { name: "quiet_one" });
  await using noisy = await Workload.start(["opens", "5000", "/noisy"], { name: "noisy_one" });
  const target = "openat";
  const requests = [
    { target, filters: { pid: quiet.pid } },
    { target, filters: { tid: quiet.pid } },
    { target, filters: { comm: "quiet_one" } },
    { target, filters: { comm: "quiet*" } },
    { target, filters: { comm: "quiet" } },
    { target, filters: { comm: "quiet_one", pid: noisy.pid } },
    { target, filters: { uid: 0, comm: "*_one" } },
    { target, filters: { uid: 4242 } },
  ];
  const results = await traceDuring(requests, () => Promise.all([quiet.go(), noisy.go()]));
  for (const result of results.slice(0, 4)) {
    const names = result.events.map((event) => field(event, "filename"));
    const expected = expectedNames(100, "/quiet");
    if (assertHits(result, 100)) assert.deepEqual(names, expected);
    assert.deepEqual(names, expected.filter((name) => names.includes(name)));
  }
  assert.deepEqual(results.slice(4).map(({ event_count }) => event_count), [0, 0, 0, 0]);
});

Deno.test("ktriage and what it starts never appear, from fork to exit; a neighbour does", async () => {
  await using neighbour = await Workload.start(["opens", "10", "/neighbour"], { name: "neighbour" });
  const targets = ["openat", "sched/sched_process_exec", "sched/sched_process_exit", "sched/sched_process_fork"];
  const results = await traceDuring(targets.map((target) => ({ target })), async () => {
    {
      await using child = await Workload.start(["opens", "10", "/own"], { name: "own_child" });
      await child.go();
      const path = await Deno.realPath(`/proc/${child.pid}/exe`);
      const line = `(${path} opens 5 /own </dev/null; exit 3) & wait`;
      assert.ok((await new Deno.Command("sh", { args: ["-c", line], stdout: "null" }).output()).success);
    }
    await neighbour.go();
  });
  for (const { events, target } of results) {
    const own = events.filter(({ process_id, process_name }) =>
      process_id === Deno.pid || process_name === "own_child"
    );
    assert.deepEqual(own, [], target);
  }
  assert.equal(eventsOf(results[0]!, neighbour.pid).length, 10);
});

for (
  const { address, family, shown } of [
    { address: "127.0.0.1", family: "AF_INET", shown: "127.0.0.1" },
    { address: "::1", family: "AF_INET6", shown: "::1" },
  ]
) {
  Deno.test(`tracing connect to ${address} decodes where to, and whether it was refused or accepted`, async () => {
    const listener = Deno.listen({ hostname: address, port: 0 });
    const open_port = listener.addr.port;
    const spare = Deno.listen({ hostname: address, port: 0 });
    const closed_port = spare.addr.port;
    spare.close();
    await using accepted = await Workload.start(["connect", address, String(open_port)]);
    await using refused = await Workload.start(["connect", address, String(closed_port)]);
    const result = await traceOne({ target: "syscalls/sys_enter_connect", filters: { comm: "workload" } }, async () => {
      assert.equal(await accepted.go(), 0);
      assert.equal(await refused.go(), -111);
    });
    listener.close();
    assert.equal(result.event_count, 2);
    const [first, second] = result.events;
    assert.deepEqual(field(first!, "uservaddr"), { family, address: shown, port: open_port });
    assert.equal(field(first!, "ret"), 0);
    assert.equal(field(first!, "error"), undefined);
    assert.deepEqual(field(second!, "uservaddr"), { family, address: shown, port: closed_port });
    assert.equal(field(second!, "ret"), -111);
    assert.equal(field(second!, "error"), "ECONNREFUSED");
  });
}

/** Resolves when a process waits inside system call `nr`. */
async function waitsInCall(pid: number, nr: number): Promise<void> {
  while (!(await Deno.readTextFile(`/proc/${pid}/syscall`)).startsWith(`${nr} `)) {
    await new Promise((done) => setImmediate(done));
  }
}

Deno.test("a system call that has not returned when tracing ends is reported as pending, with what it was given", async () => {
  await using workload = await Workload.start(["getppid", "1"]);
  const READ = Deno.build.arch === "x86_64" ? 0 : 63;
  const result = await traceOne({ target: "read", filters: { pid: workload.pid } }, async () => {
    await workload.go();
    await waitsInCall(workload.pid, READ); // for the end of its stdin
  });
  assert.equal(result.event_count, 1);
  const [event] = result.events;
  assert.equal(field(event!, "pending"), true);
  assert.equal(field(event!, "fd"), 0);
  assert.equal(field(event!, "ret"), undefined);
  assert.ok(Number(field(event!, "latency_ns")) > 0);
  assert.match(result.summary, /1 had not returned when tracing ended/);
});

Deno.test("tracing execve shows the program and its arguments, and a failed one its error", async () => {
  const long = "x".repeat(300);
  const [result] = await traceShell(`/bin/echo one "two words" ${long} >/dev/null; /no/such/program; true`, [
    { target: "execve", filters: { comm: "sh" } },
  ]);
  const [done, failed] = result!.events;
  assert.equal(field(done!, "filename"), "/bin/echo");
  assert.deepEqual(field(done!, "argv"), ["/bin/echo", "one", "two words", `${"x".repeat(127)}…`]);
  assert.equal(field(done!, "ret"), 0);
  assert.equal(field(failed!, "filename"), "/no/such/program");
  assert.equal(field(failed!, "error"), "ENOENT");
  assert.equal(result!.event_count, 2);
});

Deno.test("an execve of a thread that is not the leader is paired with its return", async () => {
  await using workload = await Workload.start(["thread_execs", "20"]);
  const result = await traceOne({ target: "execve", filters: { comm: "workload" } }, () => workload.go());
  assert.equal(result.event_count, 20);
  for (const { data, thread_id, process_id } of result.events) {
    assert.notEqual(thread_id, process_id);
    assert.deepEqual([data["filename"], data["ret"], data["pending"]], ["/bin/true", 0, undefined]);
    assert.ok(Number(data["latency_ns"]) > 0);
  }
  assert.doesNotMatch(result.summary, /had not returned/);
});

Deno.test("tracing a process's life gives exec, exit and signal with names", async () => {
  const [exec, exit, signal] = await traceShell("/bin/true; /bin/sleep 60 & kill -SEGV $!; wait $!; true", [
    { target: "sched/sched_process_exec" },
    { target: "sched/sched_process_exit" },
    { target: "signal/signal_generate" },
  ]);
  const killed = signal!.events.find((event) => field(event, "sig") === "SIGSEGV");
  assert.ok(killed, "no SIGSEGV seen");
  const pid = field(killed, "pid");
  assert.equal(killed.process_name, "sh");
  assert.equal(exit!.events.filter((event) => field(event, "pid") === pid).length, 1);
  assert.ok(exec!.events.some((event) => field(event, "filename") === "/bin/true" && event.process_name === "true"));
});

Deno.test("tracing all system calls counts them by name", async () => {
  await using workload = await Workload.start(["opens", "2000", "/nowhere"]);
  const result = await traceOne({ target: "syscalls/sys_enter_*" }, () => workload.go());
  const counted = result.aggregates?.by_key;
  assert.equal(counted?.key, "syscall");
  assert.ok(counted!.counts.find(({ value }) => value === "openat")!.count >= 2000);
  assert.match(result.attached_as!, /raw_syscalls:sys_enter/);
});

Deno.test("no latency is lost to thousands of calls that never return", async () => {
  const forks = 9000; // more than the table of calls under way has rows
  await using workload = await Workload.start(["forks", String(forks)]);
  const result = await traceOne(
    { target: "raw_syscalls/sys_enter", aggregate: "latency", filters: { comm: "workload" } },
    () => workload.go(),
  );
  const called = Object.fromEntries(result.aggregates!.by_key!.counts.map(({ value, count }) => [value, count]));
  assert.equal(called["exit_group"], forks);
  assert.equal(result.lost_events, 0, result.summary);
  // the workload waits for its stdin
  assert.equal(result.aggregates!.latency!.count, result.event_count - forks - 1);
});

Deno.test("the system calls of probes are none of the programs' calls", async () => {
  await using workload = await Workload.start(["greets", "2000"], { source: "functions" });
  const filters = { pid: workload.pid };
  const target = `${await compiled("functions")}:greet`;
  const [probe, ...calls] = await traceDuring([
    { type: "uretprobe", target, filters },
    { target: "raw_syscalls/sys_enter", filters },
    { target: "raw_syscalls/sys_exit", filters },
  ], () => workload.go());
  assert.equal(probe!.event_count, 2000);
  for (const { aggregates, event_count, error } of calls) {
    assert.equal(error, undefined);
    const names = aggregates!.by_key!.counts.map(({ value }) => value);
    assert.ok(names.includes("write"), names.join(" "));
    assert.ok(!names.some((name) => /uprobe|uretprobe/.test(name)), names.join(" "));
    assert.ok(event_count < 100, `${event_count} calls`);
  }
});

Deno.test("tracing interrupts and kernel memory gives the handler's name and the kind of allocation", async () => {
  // each write waits for the disk, whose interrupt comes while nobody runs: one that met ktriage would not be shown
  const file = "/var/tmp/ktriage-irq-test";
  const line = `for i in $(seq 50); do echo $i >${file}; sync ${file}; done; rm ${file}`;
  const [irq, kmalloc] = await traceShell(line, [{ target: "irq/irq_handler_entry" }, { target: "kmem/kmalloc" }]);
  assert.equal(irq!.error, undefined);
  assert.ok(irq!.event_count > 0);
  assert.match(String(field(irq!.events[0]!, "name")), /^\S+/);
  assert.ok(kmalloc!.event_count > 0);
  assert.match(String(field(kmalloc!.events[0]!, "gfp_flags")), /GFP/);
});

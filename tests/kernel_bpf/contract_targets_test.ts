/** The targets that the contract names all answer, on every kernel, with the true count of a known piece of work. */
import assert from "node:assert/strict";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import type { EbpfProgram, EbpfResult } from "../../src/protocol/mod.ts";
import { startKtriage } from "../support/cli.ts";
import { noteRow } from "../support/portability.ts";
import { Shell } from "../support/shell.ts";
import { assertHits, traceDuring } from "../support/tracing.ts";
import { Workload } from "../support/workload.ts";

/** How often each piece of work is done. */
const N = 50;

interface Work {
  /** Arguments of the workload, which is named like this piece of work unless its child's name says otherwise. */
  readonly args: (ports: Ports) => readonly string[];
  /** Whose hits count; default: the workload's. */
  readonly comm?: string;
  readonly targets: readonly Target[];
}

interface Target {
  readonly asked: string;
  /** `exact`: as often as the work was done. `at_least`: other things that the process does count as well. */
  readonly counts: "exact" | "at_least";
  /** What to hold against N; default: all hits. */
  readonly seen?: (result: EbpfResult) => number;
}

interface Ports {
  readonly open: number;
  readonly closed: number;
}

const exact = (...asked: readonly string[]): Target[] => asked.map((name) => ({ asked: name, counts: "exact" }));
const atLeast = (...asked: readonly string[]): Target[] => asked.map((name) => ({ asked: name, counts: "at_least" }));

const WORK: Readonly<Record<string, Work>> = {
  refused: { args: ({ closed }) => ["connects", `${N}`, `${closed}`], targets: exact("syscalls/sys_enter_connect") },
  accepted: {
    args: ({ open }) => ["connects", `${N}`, `${open}`],
    targets: exact("kprobe:tcp_connect", "kretprobe:tcp_connect"),
  },
  sends: {
    args: ({ open }) => ["sends", `${N}`, `${open}`],
    targets: exact("kprobe:tcp_sendmsg", "kretprobe:tcp_sendmsg"),
  },
  execs: { args: () => ["execs", `${N}`], targets: exact("syscalls/sys_enter_execve") },
  forks: {
    args: () => ["forks", `${N}`],
    targets: exact("sched/sched_process_exit", "kprobe:do_fork", "kretprobe:do_fork"),
  },
  opens: { args: () => ["opens", `${N}`, "/nowhere"], targets: exact("syscalls/sys_enter_openat") },
  reads: { args: () => ["reads", `${N}`], comm: "reader", targets: exact("kprobe:vfs_read", "kretprobe:vfs_read") },
  writes: { args: () => ["writes", `${N}`], comm: "writer", targets: exact("kprobe:vfs_write", "kretprobe:vfs_write") },
  calls: {
    args: () => ["getppid", `${N}`],
    targets: [{
      asked: "syscalls/sys_enter_*",
      counts: "exact",
      seen: ({ aggregates }) => aggregates?.by_key?.counts.find(({ value }) => value === "getppid")?.count ?? 0,
    }],
  },
  sleeps: { args: () => ["sleeps", `${N}`], targets: atLeast("kprobe:schedule") },
  pages: {
    args: () => ["pages", `${N}`],
    targets: atLeast("kprobe:__alloc_pages_nodemask", "kretprobe:__alloc_pages_nodemask"),
  },
  pipes: { args: () => ["pipes", `${N}`], targets: atLeast("kmem/kmalloc") },
};

/** Anybody's; provoked by a shell. */
const INTERRUPTS = "irq/irq_handler_entry";
/** Each waits for a device: a disk's, or in a virtual machine the host's files. */
const PROVOKE_INTERRUPTS = "for i in $(seq 20); do echo $i >/var/tmp/ktriage-irq; sync /var/tmp/ktriage-irq; done; " +
  "rm /var/tmp/ktriage-irq";

function request(asked: string, comm?: string): Pick<EbpfProgram, "type" | "target" | "filters"> {
  const [, type = "tracepoint", target = asked] = /^(kprobe|kretprobe):(.*)$/.exec(asked) ?? [];
  return { type: type as EbpfProgram["type"], target, ...(comm === undefined ? {} : { filters: { comm } }) };
}

function assertCount({ counts, seen }: Target, result: EbpfResult): void {
  const event_count = seen?.(result) ?? result.event_count;
  if (counts === "exact") assertHits({ ...result, event_count }, N);
  else assert.ok(event_count + (result.missed_hits ?? 0) >= N, `${event_count} hits`);
}

Deno.test("every target of the contract answers with the count of a known piece of work", async (t) => {
  await using started = new AsyncDisposableStack();
  const ports = openPorts(started);
  const workloads: Workload[] = [];
  for (const [name, { args }] of Object.entries(WORK)) {
    workloads.push(started.use(await Workload.start(args(ports), { name })));
  }
  const shell = started.use(new Shell());
  const targets = Object.entries(WORK).flatMap(([name, { comm = name, targets }]) =>
    targets.map((target) => ({ ...target, request: request(target.asked, comm) }))
  );
  const results = await traceDuring([...targets.map(({ request }) => request), request(INTERRUPTS)], async () => {
    for (const workload of workloads) assert.equal(await workload.go(), N);
    await shell.run(PROVOKE_INTERRUPTS);
  });
  for (const [i, target] of targets.entries()) {
    await t.step(target.asked, () => {
      const result = answered(results[i]!);
      assertCount(target, result);
      noteRow({ target: target.asked, events: target.counts === "exact" ? `${N}` : `${N} or more`, result });
    });
  }
  await t.step(INTERRUPTS, () => {
    const result = answered(results.at(-1)!);
    assert.ok(result.event_count > 0);
    noteRow({ target: INTERRUPTS, events: "some", result });
  });
});

function answered(result: EbpfResult): EbpfResult {
  assert.equal(result.error, undefined, `${result.error} ${result.hint}`);
  return result;
}

/** Of loopback, one where connections are taken, and one where they are refused. */
function openPorts(stack: AsyncDisposableStack): Ports {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  stack.defer(() => listener.close());
  const spare = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closed = spare.addr.port;
  spare.close();
  return { open: listener.addr.port, closed };
}

/** What the kernel frees after a grace period is gone by then. */
const GONE_MS = 20_000;

/** Ids of the BPF programs that a process holds. */
function programsOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/fdinfo`)].flatMap(({ name }) => {
    const [, id] = /^prog_id:\s+(\d+)/m.exec(readIfThere(`/proc/${pid}/fdinfo/${name}`)) ?? [];
    return id === undefined ? [] : [Number(id)];
  });
}

async function loadedPrograms(): Promise<number[]> {
  const { stdout } = await new Deno.Command("bpftool", { args: ["-j", "prog", "show"] }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { id: number }[]).map(({ id }) => id);
}

/** Descriptors come and go while they are looked at. */
function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Probes that were made by writing to tracefs outlive who made them. */
function namedProbes(): string[] {
  using tracefs = openTracefs();
  return ["kprobe_events", "uprobe_events"].map((name) => readIfThere(`${tracefs.root}/${name}`));
}

Deno.test("kill -9 while programs of every type trace leaves none of them, and no probe", async () => {
  const before = namedProbes();
  const asked = ["tracepoint:openat", "kprobe:tcp_connect", "kretprobe:do_fork", "fentry:vfs_read", "fexit:vfs_write"];
  const others = ["raw_tracepoint:sched_process_exec", "uprobe:libc:getaddrinfo", "uretprobe:libc:getaddrinfo"];
  const ebpf_programs = [...asked, ...others].map((name) => {
    const [, type, target] = /^(\w+):(.*)$/.exec(name)!;
    return { name, type, target, duration: 60 };
  });
  const commands = [{ id: "uptime", command: "uptime" }];
  const stdin = JSON.stringify({ response_type: "diagnostic", commands, ebpf_programs });
  const running = startKtriage(["run", "-"], { stdin });
  await running.said("command uptime"); // commands run once the programs trace
  const programs = programsOf(running.pid);
  assert.ok(programs.length > ebpf_programs.length, `${programs.length} programs`);
  running.kill("SIGKILL");
  await running.finished;
  let left = programs;
  for (const until = Date.now() + GONE_MS; left.length > 0 && Date.now() < until;) {
    const loaded = await loadedPrograms();
    left = programs.filter((id) => loaded.includes(id));
  }
  assert.deepEqual(left, []);
  assert.deepEqual(namedProbes(), before);
});

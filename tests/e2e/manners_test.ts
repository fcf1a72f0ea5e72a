import assert from "node:assert/strict";
import { parse, results, stringify } from "../../src/protocol/mod.ts";
import { ktriage, type RunningCli, startKtriage } from "../support/cli.ts";
import { offlinePackage } from "../support/package.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { scriptedGateway } from "../support/scripted_gateway.ts";
import { Workload } from "../support/workload.ts";
import { until } from "../support/until.ts";

const program = await offlinePackage();
const NICE = 5, OOM_SCORE = 899;
/** Class best-effort, its lowest level, as ionice(1) says it. */
const IO_PRIORITY = "best-effort: prio 7";
const MAX_RSS_BYTES = 120e6;
const TICKS_PER_S = 100;
const CALLS = "2000000";
/** Of --max-cpu. */
const PERCENT = 5;
/** Commands run once the programs of their request trace. */
const WAITING = { id: "wait", command: "sleep 4.75", description: "d" };

Deno.test("ktriage bounds every thread of its own: CPU and I/O priority, and dies before others", async () => {
  const running = startKtriage(["trace", "sched/sched_process_exit", "--duration", "60"], { program });
  await running.said("Tracing");
  const threads = [...Deno.readDirSync(`/proc/${running.pid}/task`)].map(({ name }) => name);
  for (const thread of threads) assert.ok(niceOf(running.pid, thread) >= NICE, `thread ${thread}`);
  assert.equal(output("ionice", "-p", String(running.pid)), IO_PRIORITY);
  assert.equal(Number(Deno.readTextFileSync(`/proc/${running.pid}/oom_score_adj`)), OOM_SCORE);
  const names = threads.map((thread) => Deno.readTextFileSync(`/proc/${running.pid}/task/${thread}/comm`).trim());
  assert.deepEqual(names.filter((name) => name.startsWith("V8 ")), [], "V8 computes on the main thread alone");
  running.kill("SIGINT");
  await running.finished;
});

Deno.test("ktriage keeps a tighter bound that it was started with", async () => {
  const behind = ["sh", "-c", 'echo 950 >/proc/self/oom_score_adj; exec nice -n 12 ionice -c 3 "$@"', "sh"];
  const running = startKtriage(["trace", "sched/sched_process_exit", "--duration", "60"], { program, behind });
  await running.said("Tracing");
  assert.ok(niceOf(running.pid, String(running.pid)) >= 12);
  assert.equal(output("ionice", "-p", String(running.pid)), "idle");
  assert.equal(Number(Deno.readTextFileSync(`/proc/${running.pid}/oom_score_adj`)), 950);
  running.kill("SIGINT");
  await running.finished;
});

Deno.test("ktriage says once which bound it cannot have, and goes on", async () => {
  const behind = [...PRIVATE_MOUNTS, "sh", "-c", 'mount -o remount,bind,ro /proc && exec "$@"', "sh"];
  const { code, stdout, stderr } = await ktriage(["probes", "list", "kprobe:tcp_connect"], { program, behind });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /tcp_connect/);
  assert.equal(stderr.match(/Cannot raise ktriage's own OOM score: .*Read-only/g)?.length, 1, stderr);
});

Deno.test("ktriage check says which bounds are in force", async () => {
  const { stdout } = await ktriage(["check", "--json"], { program });
  const { own_bounds } = JSON.parse(stdout);
  assert.deepEqual(
    [own_bounds.nice >= NICE, own_bounds.io_priority, own_bounds.oom_score_adj, own_bounds.computing_threads],
    [true, "best-effort 7", OOM_SCORE, 1],
  );
  assert.ok(own_bounds.heap_bytes <= 320 * 2 ** 20, `${own_bounds.heap_bytes}`);
  const text = await ktriage(["check"], { program });
  assert.match(text.stdout, /ktriage itself runs with nice \d+, I\/O priority best-effort 7, OOM score 899, 1 thread /);
});

Deno.test("commands of an AI have the sandbox's own OOM score and priority, and no flag of V8", async () => {
  const line = "cat /proc/self/oom_score_adj; nice; ionice -p $$; env";
  const request = {
    response_type: "diagnostic",
    reasoning: "r",
    commands: [{ id: "own", command: line, description: "d" }],
  };
  const { stdout, stderr } = await ktriage(["run", "-"], { program, stdin: stringify(request) });
  const { command_results: [own] } = results.parse(parse(stdout));
  const [score = "", nice = "", io = ""] = own!.stdout.split("\n");
  assert.ok(Number(score) >= 900 && Number(score) <= 999, stdout + stderr);
  assert.ok(Number(nice) >= NICE, stdout);
  assert.equal(io, IO_PRIORITY);
  assert.doesNotMatch(own!.stdout, /v8.flags|max-old-space/i);
});

Deno.test("ktriage stays below 120 MB while it traces a storm of system calls as JSON", async () => {
  await using workload = await Workload.start(["opens", CALLS, "/nowhere"]);
  const args = ["trace", "openat", "--rate", "0", "--json", "--duration", "60", "--pid", String(workload.pid)];
  const running = startKtriage(args, { program });
  await running.said("Tracing");
  await workload.go();
  const peak = peakBytes(running.pid);
  running.kill("SIGINT");
  const { stdout } = await running.finished;
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  assert.equal(last.event_count, Number(CALLS));
  assert.ok(peak < MAX_RSS_BYTES, `${peak} bytes`);
});

Deno.test("ktriage stays below 120 MB in a diagnosis with large outputs and four programs at their full rate", async () => {
  await using workload = await Workload.start(["opens", CALLS, "/nowhere"]);
  const probe = (name: string, target: string) => ({
    ...{ name, type: "tracepoint", target, duration: 5, description: "d" },
    filters: { pid: workload.pid },
  });
  const large = (id: string) => ({ id, command: `seq 1 3000000 # ${id}`, description: "d" });
  await using gateway = scriptedGateway([{
    content: {
      ...{ response_type: "diagnostic", reasoning: "r", commands: [...["a", "b", "c"].map(large), WAITING] },
      ebpf_programs: [
        probe("enters", "syscalls/sys_enter_openat"),
        probe("exits", "syscalls/sys_exit_openat"),
        probe("calls", "raw_syscalls/sys_enter"),
        probe("returns", "raw_syscalls/sys_exit"),
      ],
    },
  }, { delay_ms: 600_000, content: {} }]);
  const running = startKtriage(["diagnose", "it is slow"], {
    program,
    env: { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" },
  });
  await programsTrace();
  await workload.go();
  await until("the gateway is asked again", () => gateway.requests.length >= 2);
  const peak = peakBytes(running.pid), [busiest = 0, ...others] = threadTicks(running.pid);
  running.kill("SIGINT");
  await running.finished;
  assert.ok(peak < MAX_RSS_BYTES, `${peak} bytes`);
  const rest = others.reduce((sum, ticks) => sum + ticks, 0);
  assert.ok(rest < busiest, `two cores' worth at most: the busiest thread used ${busiest} ticks, the others ${rest}`);
});

Deno.test("ktriage trace --max-cpu keeps to its share, counts every hit, and says what it left out", async () => {
  assert.equal(await ktriageRefuses("0"), 2);
  await using workload = await Workload.start(["opens", CALLS, "/nowhere"]);
  const args = ["trace", "openat", "--rate", "0", "--json", "--duration", "60", "--pid", String(workload.pid)];
  const running = startKtriage([...args, "--max-cpu", String(PERCENT)], { program });
  await running.said("Tracing");
  await assertKeepsShare(running, workload);
  const { stdout, stderr } = await running.finished;
  const lines = stdout.trimEnd().split("\n");
  const last = JSON.parse(lines.at(-1) ?? "");
  assert.equal(last.event_count, Number(CALLS));
  assert.ok(last.lost_events > 0);
  assert.ok(last.event_count - last.lost_events <= lines.length, `${lines.length} lines, ${last.lost_events} lost`);
  assert.match(stderr, /Reading events takes 5% of one CPU at most; those beyond it are counted as lost\./);
});

Deno.test("ktriage run and diagnose --max-cpu keep to their share while programs trace, and count every hit", async () => {
  for (const subcommand of ["run", "diagnose"] as const) {
    await using workload = await Workload.start(["opens", CALLS, "/nowhere"]);
    const request = {
      ...{ response_type: "diagnostic", reasoning: "r", commands: [WAITING] },
      ebpf_programs: [{
        ...{ name: "enters", type: "tracepoint", target: "syscalls/sys_enter_openat", duration: 60, description: "d" },
        filters: { pid: workload.pid },
      }],
    };
    await using gateway = scriptedGateway([{ content: request }, { delay_ms: 600_000, content: {} }]);
    const own = subcommand === "run" ? ["run", "-"] : ["diagnose", "--json", "slow"];
    const running = startKtriage([...own, "--rate", "0", "--max-cpu", String(PERCENT)], {
      program,
      stdin: subcommand === "run" ? stringify(request) : "",
      env: { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" },
    });
    await programsTrace();
    await assertKeepsShare(running, workload);
    const { stdout, stderr } = await running.finished;
    assert.equal(/"event_count": ?(\d+)/.exec(stdout)?.[1], CALLS, stderr);
    assert.ok(Number(/"lost_events": ?(\d+)/.exec(stdout)?.[1]) > 0, stderr);
  }
});

/** Until the command that waits for that runs. */
async function programsTrace(): Promise<void> {
  const pgrep = new Deno.Command("pgrep", { args: ["-fx", WAITING.command], stdout: "null" });
  await until(`${WAITING.command} runs`, () => pgrep.outputSync().code === 0);
}

/** While the workload runs; then ends it. */
async function assertKeepsShare(running: RunningCli, workload: Workload): Promise<void> {
  const used = cpuTicks(running.pid), start = performance.now();
  await workload.go();
  const seconds = (performance.now() - start) / 1000, share = (cpuTicks(running.pid) - used) / TICKS_PER_S;
  running.kill("SIGINT");
  // a quarter of a second's share may be saved up, and one read is never cut short
  assert.ok(share <= (seconds + 0.25) * PERCENT / 100 + 0.1, `${share} s of CPU in ${seconds} s`);
}

async function ktriageRefuses(percent: string): Promise<number> {
  return (await ktriage(["trace", "openat", "--max-cpu", percent], { program })).code;
}

/** Field 19 of proc_pid_stat(5). */
function niceOf(pid: number, thread: string): number {
  return Number(statFields(`/proc/${pid}/task/${thread}/stat`)[16]);
}

function cpuTicks(pid: number): number {
  return ticksIn(`/proc/${pid}/stat`);
}

/** Of each of its threads, the busiest first. */
function threadTicks(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  return [...Deno.readDirSync(folder)].map(({ name }) => ticksIn(`${folder}/${name}/stat`)).sort((a, b) => b - a);
}

/** User and system time. */
function ticksIn(stat: string): number {
  const fields = statFields(stat);
  return Number(fields[11]) + Number(fields[12]);
}

/** Those from the third on: the name before them may hold spaces. */
function statFields(path: string): string[] {
  const stat = Deno.readTextFileSync(path);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function peakBytes(pid: number): number {
  return Number(/^VmHWM:\s*(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) * 1024;
}

function output(program: string, ...args: readonly string[]): string {
  return new TextDecoder().decode(new Deno.Command(program, { args: [...args] }).outputSync().stdout).trim();
}

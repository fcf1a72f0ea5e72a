import assert from "node:assert/strict";
import { stringify } from "../../src/protocol/mod.ts";
import { type RunningCli, startKtriage } from "../support/cli.ts";
import { assertNothingAdded, OwnPlaces, snapshot } from "../support/host_snapshot.ts";
import { offlinePackage } from "../support/package.ts";
import { scriptedGateway } from "../support/scripted_gateway.ts";
import { Workload } from "../support/workload.ts";
import { until } from "../support/until.ts";

const program = await offlinePackage();
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141, SIGKILL: 137 } as const;
type Name = keyof typeof SIGNALS;
const ALL = Object.keys(SIGNALS) as Name[];
/** Never over before the signal comes. */
const REQUEST = {
  response_type: "diagnostic",
  reasoning: "r",
  commands: [{ id: "wait", command: "sleep 29 | cat", description: "d" }],
  ebpf_programs: [
    { name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 25, description: "d" },
    { name: "forks", type: "kprobe", target: "kernel_clone", duration: 25, description: "d" },
  ],
};
const NEVER_MS = 600_000;

interface Case {
  readonly args: readonly string[];
  readonly stdin?: string;
  /** What it has said when the signal comes; undefined: at once, in the middle of its start. */
  readonly said?: string;
  /** A process of the run has these arguments when the signal comes. */
  readonly runs?: string;
  /** The gateway's steps; it is asked for a last one that never comes. */
  readonly answers?: readonly object[];
  /** What stands on standard output although it was ended. */
  readonly gathered?: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "trace, while it starts": { args: ["trace", "openat"] },
  "trace, while it traces": { args: ["trace", "openat", "--duration", "60"], said: "Tracing", gathered: /openat/ },
  "run, while programs are attached": { args: ["run", "-"], stdin: stringify(REQUEST) },
  "run, while a command runs": {
    args: ["run", "-"],
    stdin: stringify(REQUEST),
    runs: "sleep 29",
    gathered: /"ktriage.results\/1"/,
  },
  "diagnose, while the gateway is asked": {
    args: ["diagnose", "--json", "slow"],
    answers: [],
    said: "Asking",
    gathered: /"ktriage.run\/1"/,
  },
  "diagnose, while programs and a command run": {
    args: ["diagnose", "--json", "slow"],
    answers: [REQUEST],
    runs: "sleep 29",
    gathered: /"interrupted"/,
  },
  "diagnose, while programs are attached": { args: ["diagnose", "--json", "slow"], answers: [REQUEST], said: "exits" },
  "check, in the middle": { args: ["check"] },
  "check --gateway, while it is asked": { args: ["check", "--gateway"], answers: [], said: "Asking" },
  "probes list, in the middle": { args: ["probes", "list", "tcp*"] },
  "probes resolve, in the middle": { args: ["probes", "resolve", "kprobe:do_fork"] },
};

for (const [title, each] of Object.entries(CASES)) {
  Deno.test(`ktriage ${title}: each signal ends it, its exit code says so, and nothing is left`, async () => {
    for (const signal of ALL) await endedBy(signal, each);
  });
}

Deno.test("ktriage collect that is ended writes what it has into the file that was asked for, and nothing else", async () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    using result = new OwnPlaces();
    const file = `${result.cwd}/case.ktz`;
    await endedBy(signal, { args: ["collect", "the host is slow", "-o", file], said: "attached system_calls" });
    assert.equal(result.files().some((line) => line.endsWith("case.ktz")), signal === "SIGTERM");
  }
});

Deno.test("ktriage leaves at once at a second Ctrl-C, also while a command runs, and nothing is left", async () => {
  const before = snapshot();
  using places = new OwnPlaces();
  const running = start({ args: ["run", "-"], stdin: stringify(REQUEST) }, places, {});
  await waitForProcess("sleep 29", running.pid, places);
  running.kill("SIGINT");
  await running.said("Ending");
  running.kill("SIGINT");
  const { code } = await running.finished;
  assert.equal(code, SIGNALS.SIGINT);
  await assertNothingAdded(before, { pid: running.pid, places });
});

Deno.test("ktriage leaves nothing behind when it comes to its end by itself", async () => {
  const short = { ...REQUEST, commands: [{ id: "w", command: "true", description: "d" }] };
  const request = { ...short, ebpf_programs: REQUEST.ebpf_programs.map((each) => ({ ...each, duration: 1 })) };
  const lines: readonly (readonly string[])[] = [
    ["trace", "openat", "--duration", "0.5"],
    ["run", "-"],
    ["check"],
    ["probes", "list", "tcp*"],
    ["probes", "resolve", "kprobe:do_fork"],
    ["diagnose", "the host is slow"],
    ["policy", "explain", "df -h"],
    ["schema", "run"],
    ["--version"],
    ["--help"],
    ["trace", "no_such_target"],
  ];
  for (const args of lines) {
    const before = snapshot();
    using places = new OwnPlaces();
    const running = start({ args, stdin: stringify(request) }, places, {});
    await running.finished;
    await assertNothingAdded(before, { pid: running.pid, places });
  }
});

Deno.test("ktriage whose reader takes nothing is ended by each signal, and nothing is left", async () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const before = snapshot();
    using places = new OwnPlaces();
    await using storm = await Workload.start(["opens", "100000", "/nowhere"]);
    await using child = await traceTo(storm, places);
    await storm.go();
    await until("it hears no signal", () => !catches(child.pid, "SIGTERM"));
    child.kill(signal);
    const ended = child.status;
    assert.equal((await ended).signal, signal);
    assert.equal((await ended).code, SIGNALS[signal]); // as a shell says it
    await child.stdout.cancel();
    await assertNothingAdded(before, { pid: child.pid, places });
  }
});

Deno.test("ktriage whose reader takes nothing for a while goes on when it reads again, and hears signals", async () => {
  using places = new OwnPlaces();
  await using storm = await Workload.start(["opens", "100000", "/nowhere"]);
  await using child = await traceTo(storm, places);
  await storm.go();
  await until("it hears no signal", () => !catches(child.pid, "SIGTERM"));
  const output = new Response(child.stdout).text();
  await until("it hears signals again", () => catches(child.pid, "SIGTERM"));
  child.kill("SIGTERM");
  assert.deepEqual([(await child.status).code, (await child.status).signal], [SIGNALS.SIGTERM, null]);
  const lines = (await output).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.at(-1).event_count, 100_000);
  assert.ok(lines.length > 1000);
});

/** Traces a storm as JSON lines, which nobody reads yet. */
async function traceTo(storm: Workload, { cwd, env }: OwnPlaces): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(program, {
    args: ["trace", "openat", "--rate", "0", "--json", "--duration", "60", "--pid", String(storm.pid)],
    ...{ cwd, env, stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const notes = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let said = ""; !said.includes("Tracing");) said += (await notes.read()).value ?? assert.fail(said);
  await notes.cancel();
  return child;
}

/** Whether a process has a handler of its own for a signal. */
function catches(pid: number, signal: "SIGTERM"): boolean {
  const [, mask = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return (BigInt(`0x${mask}`) >> BigInt(SIGNALS[signal] - 128 - 1) & 1n) === 1n;
}

async function endedBy(signal: Name, each: Case): Promise<void> {
  await using gateway = scriptedGateway([
    ...(each.answers ?? []).map((content) => ({ content })),
    { delay_ms: NEVER_MS, content: {} },
  ]);
  const before = snapshot();
  using places = new OwnPlaces();
  const asks = each.answers === undefined ? {} : { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" };
  const running = start(each, places, asks);
  if (each.said !== undefined) await running.said(each.said);
  if (each.runs !== undefined) await waitForProcess(each.runs, running.pid, places);
  if (signal === "SIGPIPE") await running.closeOutput();
  else running.kill(signal);
  const { code, stdout, stderr } = await running.finished;
  const where = `${each.args.join(" ")} ${signal}: ${stderr}`;
  assert.equal(code, SIGNALS[signal], where);
  assert.doesNotMatch(stderr, /an error in ktriage itself|Uncaught/, where);
  const reads = signal !== "SIGKILL" && signal !== "SIGPIPE";
  if (reads && each.gathered !== undefined) assert.match(stdout, each.gathered, where);
  await assertNothingAdded(before, { pid: running.pid, places });
}

/** Until a process of the run has these arguments. */
async function waitForProcess(text: string, pid: number, places: OwnPlaces): Promise<void> {
  await until(`${text} runs`, () => places.processes(pid).some((line) => line.endsWith(` ${text}`)));
}

function start(
  { args, stdin = "" }: Case,
  { cwd, env }: OwnPlaces,
  more: Readonly<Record<string, string>>,
): RunningCli {
  return startKtriage(args, { program, cwd, stdin, env: { ...env, ...more } });
}

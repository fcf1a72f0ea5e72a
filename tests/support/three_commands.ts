/** What `check`, `trace` and an offline `diagnose` do wherever ktriage is copied to. */
import assert from "node:assert/strict";
import { type Check, parse, run } from "../../src/protocol/mod.ts";
import { type CliOptions, ktriage, startKtriage } from "./cli.ts";
import { BoundProcess } from "./vm_process.ts";
import { Workload } from "./workload.ts";

/** Every kernel that ktriage is for has these. */
const EVERYWHERE = ["btf", "ring_buffer", "tracefs", "tracepoint", "raw_tracepoint"];
const OPENS = 7;
/** The expert traces for 10 s, and once more where it must. */
const MAX_TIME_S = 300;

/** How ktriage is started, and what is there for its commands. */
export interface Place extends Pick<CliOptions, "behind" | "program" | "env"> {
  readonly has_shell: boolean;
}

export async function assertChecks({ has_shell, ...options }: Place): Promise<void> {
  const { code, stdout, stderr } = await ktriage(["check", "--json"], options);
  assert.deepEqual([code, stderr], [0, ""], stdout);
  const { ready, host } = JSON.parse(stdout) as Check;
  assert.equal(ready, true);
  const found = new Map(host.capabilities.map((capability) => [capability.id, capability]));
  for (const id of EVERYWHERE) assert.equal(found.get(id)?.available, true, JSON.stringify(found.get(id)));
  const { available, detail, fix } = found.get("sandbox")!;
  if (has_shell) assert.match(detail, /^commands run at .*seccomp/);
  else assert.deepEqual([available, detail, fix], [false, "this host has no /bin/sh", "a shell at /bin/sh"]);
}

export interface TracePlace extends Place {
  /** Of the process that is traced: of no other one on this host. */
  readonly name: string;
  /** ktriage's own process, of the one that was started. Default: that one. */
  readonly ktriageOf?: (pid: number) => number;
}

/** A process opens files: exactly its events are seen, and their fields. */
export async function assertTraces(
  { has_shell: _, name, ktriageOf = (pid) => pid, ...options }: TracePlace,
): Promise<void> {
  await using opens = await Workload.start(["opens", String(OPENS), `/${name}`], { name });
  const running = startKtriage(["trace", "openat", "--comm", name, "--json", "--duration", "120"], options);
  await running.said("Tracing ");
  assert.equal(await opens.go(), OPENS);
  Deno.kill(ktriageOf(running.pid), "SIGINT");
  const { code, stdout, stderr } = await running.finished;
  assert.equal(code, 130, stderr);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.pop().event_count, OPENS);
  const seen = lines.map(({ data }) => data.filename);
  assert.deepEqual(seen, Array.from({ length: OPENS }, (_, i) => `/${name}/${i}`));
}

/** On a host where nothing happens but that a process opens a file now and then. */
export async function assertDiagnoses({ has_shell, ...options }: Place): Promise<void> {
  await using _opens = new BoundProcess(["sh", "-c", "while sleep 0.2; do : </proc/uptime; done"], "null");
  const args = ["diagnose", "--json", "-q", "--max-time", String(MAX_TIME_S), "the disk is full"];
  const { code, stdout, stderr } = await ktriage(args, options);
  assert.deepEqual([code, stderr], [0, ""], stdout);
  const { model, resolution, failure, turns } = run.parse(parse(stdout));
  assert.deepEqual([model, failure], ["expert", undefined]);
  assert.ok(resolution !== undefined);
  const programs = turns.flatMap(({ ebpf_results }) => Object.values(ebpf_results));
  assert.deepEqual(programs.filter(({ error }) => error !== undefined), []);
  const opens = programs.find(({ program_name }) => program_name === "file_opens")!;
  assert.ok(opens.event_count > 0, opens.summary);
  const commands = turns.flatMap(({ command_results }) => command_results);
  assert.ok(commands.length > 0);
  const load = commands.find(({ command }) => command === "cat /proc/loadavg")!;
  if (has_shell) assert.match(load.stdout, /^\d+\.\d\d \d/, JSON.stringify(load));
  for (const { error } of has_shell ? [] : commands) {
    assert.equal(error, "Cannot run it with /bin/sh: this host has no /bin/sh");
  }
  if (!has_shell) assert.doesNotMatch(resolution.root_cause, /^Healthy/);
}

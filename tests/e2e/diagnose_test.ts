import assert from "node:assert/strict";
import { parse, type Run, run } from "../../src/protocol/mod.ts";
import { ktriage, startKtriage } from "../support/cli.ts";

function runOf(stdout: string): Run {
  return run.parse(parse(stdout));
}

Deno.test("ktriage diagnose with the expert ends with a resolution on standard output, progress on standard error", async () => {
  const { code, stdout, stderr } = await ktriage(["diagnose", "a process is killed again and again"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^Asking the built-in expert: NANNYAPI_ENDPOINT and NANNYAPI_MODEL are not set\.\nRound 1 of/);
  assert.match(stderr, /\n {2}program \S+: tracepoint /);
  assert.match(stderr, /\n {2}command \S+: .*: exit 0, /);
  assert.match(stdout, /^Root cause\n {2}\S/);
  for (const title of ["Confidence", "Plan", "What ktriage did here"]) {
    assert.match(stdout, new RegExp(`\n\n${title}\n`));
  }
});

Deno.test("ktriage diagnose --json reads the issue from standard input and prints one run document", async () => {
  const { code, stdout, stderr } = await ktriage(["diagnose", "--json", "-q", "-"], { stdin: "the disk is full\n" });
  assert.deepEqual([code, stderr], [0, ""]);
  const document = runOf(stdout);
  assert.equal(document.issue, "the disk is full");
  assert.equal(document.model, "expert");
  assert.notEqual(document.resolution, undefined);
  assert.equal(document.failure, undefined);
  const ids = document.turns.flatMap((turn) => [
    ...turn.command_results.map(({ id }) => id),
    ...Object.entries(turn.ebpf_results).flatMap(([key, { program_name }]) => [key, program_name]),
  ]);
  for (const { claim, evidence } of document.resolution!.findings ?? []) {
    for (const id of evidence) assert.ok(ids.includes(id), `${claim}: ${id}`);
  }
});

Deno.test("ktriage diagnose as another user than root says what is missing, runs its commands and answers", async () => {
  const { code, stdout, stderr } = await ktriage(["diagnose", "--json", "the disk is full"], { unprivileged: true });
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /eBPF programs cannot run here; commands and \/proc still tell much\.\n {2}privileges: .*CAP_BPF/,
  );
  assert.match(stderr, /→ run ktriage as root/);
  const { turns, host } = runOf(stdout);
  assert.ok(turns.flatMap(({ command_results }) => command_results).some(({ exit_code }) => exit_code === 0));
  assert.ok(host.figures.processes > 0);
  for (const result of turns.flatMap(({ ebpf_results }) => Object.values(ebpf_results))) {
    if (result.type === "tool") assert.match(result.attached_as ?? "", /^\/proc\/.*Cannot start eBPF programs/);
    else assert.notEqual(result.error, undefined, result.program_name);
  }
});

Deno.test("ktriage diagnose reports what it has after one Ctrl-C, and exits with 130", async () => {
  const running = startKtriage(["diagnose", "--json", "connections time out now and then"]);
  await running.said("  command ");
  running.kill("SIGINT");
  const { code, stdout, stderr } = await running.finished;
  assert.match(stderr, /Ending; a report of what was seen follows/);
  const { failure, turns } = runOf(stdout);
  assert.deepEqual([code, failure?.kind], [130, "interrupted"]);
  assert.ok(turns.length > 0);
});

Deno.test("ktriage diagnose says who is asked before anything else", async () => {
  const running = startKtriage(["diagnose", "the disk is full"]);
  await running.said("Round 1");
  running.kill("SIGKILL");
  const { stderr } = await running.finished;
  assert.match(stderr, /^Asking the built-in expert[^\n]*\nRound 1/);
});

Deno.test("ktriage diagnose refuses half of a gateway, and an empty issue", async () => {
  const half = await ktriage(["diagnose", "x"], { env: { NANNYAPI_ENDPOINT: "http://127.0.0.1:1/openai/v1" } });
  assert.deepEqual([half.code, half.stdout], [2, ""]);
  assert.match(
    half.stderr,
    /^ktriage: Cannot ask a gateway: NANNYAPI_ENDPOINT is set, but NANNYAPI_MODEL is not\.\n {2}→ Set/,
  );
  const empty = await ktriage(["diagnose", "-"], { stdin: " \n" });
  assert.deepEqual([empty.code, empty.stdout], [2, ""]);
  assert.match(empty.stderr, /^ktriage: Cannot diagnose without an issue: standard input is empty\./);
});

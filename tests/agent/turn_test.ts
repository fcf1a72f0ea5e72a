import assert from "node:assert/strict";
import type { Progress } from "../../src/agent/progress.ts";
import { MAX_COMMANDS_AT_ONCE, runTurn } from "../../src/agent/turn.ts";
import { type DiagnosticReply, diagnosticReply, type Turn, turn } from "../../src/protocol/mod.ts";
import { runWithSh, startWithoutPrivileges, untilStopped } from "./hands.ts";

const BEFORE: Turn = turn.parse({
  request: { response_type: "diagnostic" },
  command_results: [{ id: "b", command: "true", exit_code: 0, stdout: "", stderr: "", duration_ms: 1 }],
  ebpf_results: {},
});

function request(commands: readonly [string, string][], programs: readonly string[] = []): DiagnosticReply {
  return diagnosticReply.parse({
    response_type: "diagnostic",
    commands: commands.map(([id, command]) => ({ id, command })),
    ebpf_programs: programs.map((name) => ({ name, type: "tracepoint", target: "sched/sched_process_exit" })),
  });
}

Deno.test("runTurn() runs commands while the programs trace, and waits for the programs", async () => {
  const traced = untilStopped({ duration_ms: 150 });
  const during: boolean[] = [];
  const kinds: string[] = [];
  const results = await runTurn(request([["a", "echo one"]], ["exits"]), {
    startPrograms: traced.start,
    runCommand: (command, options) => {
      during.push(traced.running());
      return runWithSh(command, options);
    },
  }, { on_progress: ({ kind }: Progress) => kinds.push(kind) });
  assert.deepEqual(during, [true]);
  assert.equal(traced.running(), false);
  assert.equal(results.command_results[0]?.stdout, "one\n");
  assert.equal(results.ebpf_results["exits_1700000000"]?.summary, "traced");
  assert.deepEqual(kinds, ["programs_started", "command_started", "command_ended", "programs_ended"]);
});

Deno.test("runTurn() runs commands at once up to the limit and returns results in the order of the request", async () => {
  let now = 0;
  let most = 0;
  const commands = Array.from({ length: 9 }, (_, i): [string, string] => [`c${i}`, `sleep 0.${9 - i}`]);
  const { command_results } = await runTurn(request(commands), {
    startPrograms: startWithoutPrivileges,
    runCommand: async (command, options) => {
      most = Math.max(most, ++now);
      const result = await runWithSh(command, options);
      now--;
      return result;
    },
  });
  assert.equal(most, MAX_COMMANDS_AT_ONCE);
  assert.deepEqual(command_results.map(({ id }) => id), commands.map(([id]) => id));
});

Deno.test("runTurn() keeps results of commands and programs that share a name", async () => {
  const hands = { startPrograms: startWithoutPrivileges, runCommand: runWithSh };
  const asked = request([["a", "echo 1"], ["a", "echo 2"], ["b", "echo 3"]], ["p", "p"]);
  const results = await runTurn(asked, hands, { earlier: [BEFORE] });
  assert.deepEqual(results.command_results.map(({ id, stdout }) => [id, stdout]), [["a", "1\n"], ["a_2", "2\n"], [
    "b_2",
    "3\n",
  ]]);
  assert.deepEqual(Object.keys(results.ebpf_results), ["p_1700000000", "p_2_1700000000"]);
});

Deno.test("runTurn() reports programs that cannot start beside the commands' results", async () => {
  const results = await runTurn(request([["a", "echo one"]], ["exits"]), {
    startPrograms: startWithoutPrivileges,
    runCommand: runWithSh,
  });
  assert.equal(results.command_results[0]?.exit_code, 0);
  assert.match(results.ebpf_results["exits_1700000000"]?.error ?? "", /no privileges/);
});

Deno.test("runTurn() ends early on abort: programs stop, running commands end, waiting ones do not start", async () => {
  const traced = untilStopped({ duration_ms: 60_000 });
  const interrupt = new AbortController();
  const commands: [string, string][] = [["quick", "echo seen"]];
  for (let i = 0; i < MAX_COMMANDS_AT_ONCE; i++) commands.push([`slow${i}`, "sleep 60"]);
  commands.push(["late", "echo never"]);
  let slow = 0;
  const results = await runTurn(request(commands, ["exits"]), { startPrograms: traced.start, runCommand: runWithSh }, {
    signal: interrupt.signal,
    on_progress: (progress) => {
      if (progress.kind !== "command_started" || !progress.command.id.startsWith("slow")) return;
      // Spawned in this same turn of the event loop: abort only after that.
      if (++slow === MAX_COMMANDS_AT_ONCE) queueMicrotask(() => interrupt.abort());
    },
  });
  const [quick, ...others] = results.command_results;
  assert.equal(quick?.stdout, "seen\n");
  assert.deepEqual(others.slice(0, -1).map(({ signal }) => signal), Array(MAX_COMMANDS_AT_ONCE).fill("SIGTERM"));
  assert.equal(others.at(-1)?.error, "interrupted before it started");
  assert.equal(results.ebpf_results["exits_1700000000"]?.summary, "traced");
  assert.equal(traced.running(), false);
});

Deno.test("runTurn() turns a command that could not be run into a result, and goes on", async () => {
  const { command_results } = await runTurn(request([["a", "x"], ["b", "echo 2"]]), {
    startPrograms: startWithoutPrivileges,
    runCommand: (command, options) =>
      command.id === "a" ? Promise.reject(new Error("no sh here")) : runWithSh(command, options),
  });
  assert.equal(command_results[0]?.error, "no sh here");
  assert.equal(command_results[0]?.exit_code, null);
  assert.equal(command_results[1]?.stdout, "2\n");
});

Deno.test("runTurn() stops the programs when its caller's code throws", async () => {
  const traced = untilStopped({ duration_ms: 60_000 });
  const hands = { startPrograms: traced.start, runCommand: runWithSh };
  const on_progress = (): never => {
    throw new Error("broken pipe");
  };
  await assert.rejects(runTurn(request([], ["exits"]), hands, { on_progress }), /broken pipe/);
  assert.equal(traced.running(), false);
});

import assert from "node:assert/strict";
import { type Hands, runTurn } from "../../src/agent/turn.ts";
import { PlannedTurn, steeredHands } from "../../src/cli/planned_turn.ts";
import { diagnosticReply } from "../../src/protocol/mod.ts";
import { plain } from "../../src/report/paint.ts";
import { runWithSh, startWithoutPrivileges, untilStopped } from "../agent/hands.ts";

function requestOf(commands: readonly string[], programs: readonly string[] = []) {
  return diagnosticReply.parse({
    response_type: "diagnostic",
    commands: commands.map((command, index) => ({ id: `c${index}`, command })),
    ebpf_programs: programs.map((name) => ({ name, type: "tracepoint", target: `sched/${name}`, duration: 10 })),
  });
}

const HANDS: Hands = { startPrograms: startWithoutPrivileges, runCommand: runWithSh };

Deno.test("PlannedTurn numbers programs before commands, and tells what became of each", () => {
  const plan = new PlannedTurn(requestOf(["df -h"], ["switch"]));
  assert.deepEqual(plan.lines(plain), [
    "    1 program switch: tracepoint sched/switch for 10 s",
    "    2 command c0: df -h",
  ]);
  assert.deepEqual(plan.skip(["c0", "9"]), { names: ["command c0"], unknown: ["9"] });
  assert.equal(plan.lines(plain)[1], "    2 command c0: df -h  (skipped)");
  assert.deepEqual(plan.skip([]), { names: ["program switch"], unknown: [] });
  assert.deepEqual(plan.skip([]), { names: [], unknown: [] });
});

Deno.test("PlannedTurn shows outside text as one harmless line", () => {
  const [line] = new PlannedTurn(requestOf(["echo \x1b[2J\n rm"])).lines(plain);
  assert.equal(line, "    1 command c0: echo \u{fffd}[2J rm");
});

Deno.test("steeredHands() never run what was skipped before, and say so in its result", async () => {
  const ran: string[] = [];
  const started: string[] = [];
  const hands: Hands = {
    runCommand: (request, options) => (ran.push(request.command), runWithSh(request, options)),
    startPrograms: (programs) => (started.push(...programs.map(({ name }) => name)), startWithoutPrivileges(programs)),
  };
  const request = requestOf(["echo one", "echo two"], ["a", "b"]);
  const plan = new PlannedTurn(request);
  plan.skip(["1", "c0"]);
  const { command_results, ebpf_results } = await runTurn(request, steeredHands(hands, () => plan));
  assert.deepEqual([ran, started], [["echo two"], ["b"]]);
  const [skipped, two] = command_results;
  assert.deepEqual([skipped!.exit_code, skipped!.refused!.rule], [null, "operator/skipped"]);
  assert.match(skipped!.refused!.reason, /^Skipped by the operator\./);
  assert.equal(two!.stdout, "two\n");
  const programs = Object.values(ebpf_results);
  assert.equal(programs.find(({ program_name }) => program_name === "a")!.error, "Skipped by the operator.");
  assert.equal(programs.length, 2);
});

Deno.test("steeredHands() find an item again under the name that the turn gave it", async () => {
  const request = requestOf(["echo x", "echo x"]);
  const same = { ...request, commands: request.commands.map((command) => ({ ...command, id: "same" })) };
  const plan = new PlannedTurn(same);
  const before = {
    request: requestOf([]),
    ...await runTurn({ ...same, commands: [{ id: "same", command: "true" }] }, HANDS),
  };
  assert.deepEqual(plan.skip(["2"]).names, ["command same"]);
  const { command_results } = await runTurn(same, steeredHands(HANDS, () => plan), { earlier: [before] });
  assert.deepEqual(command_results.map(({ id }) => id), ["same_2", "same_3"]);
  assert.equal(command_results.filter(({ refused }) => refused !== undefined).length, 1);
});

Deno.test("steeredHands() end one running command and keep what it printed; the others go on", async () => {
  const begun = Promise.withResolvers<void>();
  const hands: Hands = {
    ...HANDS,
    runCommand: async (request, options) => {
      if (!request.command.startsWith("sleep")) return await runWithSh(request, options);
      begun.resolve();
      const result = await runWithSh(request, options);
      return { ...result, stdout: "so far", error: "It was ended before it was done: the diagnosis was stopped." };
    },
  };
  const request = requestOf(["sleep 30", "echo two"]);
  const plan = new PlannedTurn(request);
  const turn = runTurn(request, steeredHands(hands, () => plan));
  await begun.promise;
  assert.equal(plan.lines(plain)[0], "    1 command c0: sleep 30  (running)");
  plan.skip(["1"]);
  const [slow, quick] = (await turn).command_results;
  assert.deepEqual([slow!.stdout, slow!.error], ["so far", "The operator ended it before it was done."]);
  assert.equal(quick!.stdout, "two\n");
});

Deno.test("steeredHands() end running programs early, and their results say so", async () => {
  const watched = untilStopped({ duration_ms: 60_000 });
  const begun = Promise.withResolvers<void>();
  const request = requestOf([], ["a"]);
  const plan = new PlannedTurn(request);
  const turn = runTurn(request, steeredHands({ ...HANDS, startPrograms: watched.start }, () => plan), {
    on_progress: ({ kind }) => kind === "programs_started" && begun.resolve(),
  });
  await begun.promise;
  plan.skip([]);
  const [result] = Object.values((await turn).ebpf_results);
  assert.deepEqual([result!.summary, result!.error], ["The operator ended it early. traced", undefined]);
});

Deno.test("steeredHands() end a program that was skipped while it was being attached", async () => {
  const watched = untilStopped({ duration_ms: 60_000 });
  const request = requestOf([], ["a"]);
  const plan = new PlannedTurn(request);
  const startPrograms: Hands["startPrograms"] = async (programs) => {
    const running = await watched.start(programs);
    plan.skip([]);
    return running;
  };
  const { ebpf_results } = await runTurn(request, steeredHands({ ...HANDS, startPrograms }, () => plan));
  assert.match(Object.values(ebpf_results)[0]!.summary, /^The operator ended it early\./);
});

Deno.test("steeredHands() do nothing of their own without a plan", async () => {
  const request = requestOf(["echo x"], ["a"]);
  const { command_results, ebpf_results } = await runTurn(request, steeredHands(HANDS, () => undefined));
  assert.equal(command_results[0]!.stdout, "x\n");
  assert.match(Object.values(ebpf_results)[0]!.error!, /no privileges/);
});

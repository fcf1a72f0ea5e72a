import assert from "node:assert/strict";
import type { Progress } from "../../src/agent/progress.ts";
import { type EbpfProgram, isSlice, type Reply } from "../../src/protocol/mod.ts";
import { plain } from "../../src/report/paint.ts";
import { outcome, progressLines } from "../../src/report/progress.ts";
import { assertGolden } from "../support/golden.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";

Deno.test("progressLines() of a whole run reads as recorded", () => {
  const [turn] = SAMPLE_RUN.turns;
  const starts = Object.entries(turn!.ebpf_results).map(([key, { program_name: name, error, hint }]) => ({
    name,
    key,
    ...(error === undefined ? { attached_as: "syscalls:sys_enter_connect and its exit" } : { error, hint: hint ?? "" }),
  }));
  const steps: readonly Progress[] = [
    { kind: "asking", round: 1, max_rounds: 8 },
    { kind: "reply", round: 1, reply: turn!.request as Reply },
    { kind: "programs_started", starts },
    ...turn!.request.commands.flatMap((command) =>
      isSlice(command) ? [] : [{ kind: "command_started", command } as const]
    ),
    ...turn!.command_results.map((result) => ({ kind: "command_ended", result }) as const),
    { kind: "programs_ended", results: turn!.ebpf_results },
    { kind: "asking", round: 2, max_rounds: 8 },
    { kind: "reply", round: 2, reply: SAMPLE_RUN.resolution! },
  ];
  assertGolden("progress", steps.flatMap((step) => progressLines(step, plain)).join("\n") + "\n");
});

Deno.test("progressLines() keeps what a model says to one harmless line", () => {
  const reply = { ...SAMPLE_RUN.turns[0]!.request, reasoning: `first\n\x1b[31msecond ${"x".repeat(500)}` };
  const [line] = progressLines({ kind: "reply", round: 1, reply }, plain);
  assert.match(line!, /^ {2}first \u{fffd}\[31msecond x+…$/u);
  assert.equal([...line!].length, 162);
});

Deno.test("outcome() tells every way a command can end", () => {
  const result = { id: "a", command: "a", stdout: "", stderr: "", exit_code: 0, duration_ms: 1234 };
  assert.equal(outcome(result), "exit 0, 1.2 s");
  assert.equal(outcome({ ...result, duration_ms: 12, truncated: "half of it" }), "exit 0, 0.01 s, output cut");
  assert.equal(outcome({ ...result, exit_code: null, signal: "SIGSEGV" }), "ended by SIGSEGV after 1.2 s");
  assert.equal(
    outcome({ ...result, exit_code: null, signal: "SIGKILL", timed_out: true }),
    "killed at its time limit after 1.2 s",
  );
});

Deno.test("progressLines() says what of a program's hits is wanted", () => {
  const program = { name: "reads", type: "kretprobe", target: "vfs_read", duration: 15 } as const;
  const line = (more: Partial<EbpfProgram>): string | undefined => {
    const reply = { ...SAMPLE_RUN.turns[0]!.request, reasoning: "", ebpf_programs: [{ ...program, ...more }] };
    return progressLines({ kind: "reply", round: 1, reply }, plain).at(-1);
  };
  assert.equal(line({}), "  program reads: kretprobe vfs_read for 15 s");
  assert.equal(
    line({ filters: { comm: "shop" }, aggregate: "latency", capture: ["ret", "count"] }),
    "  program reads: kretprobe vfs_read for 15 s comm=shop: latency, ret, count",
  );
});

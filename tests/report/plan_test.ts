import assert from "node:assert/strict";
import { diagnosticReply } from "../../src/protocol/mod.ts";
import { plain } from "../../src/report/paint.ts";
import { planDuration, planLine, plannedLines } from "../../src/report/plan.ts";

function requestOf(request: Record<string, unknown>) {
  return diagnosticReply.parse({ response_type: "diagnostic", ...request });
}

const PROGRAMS = [
  { name: "opens", type: "tracepoint", target: "syscalls/sys_enter_openat", duration: 15, filters: { comm: "nginx" } },
  { name: "reads", type: "kprobe", target: "vfs_read", duration: 20, aggregate: "latency" },
];
const LIMIT = { command_limit_s: 30 };

Deno.test("plannedLines() has programs first, and nothing that is not run", () => {
  const commands = [{ id: "disk", command: "df" }, { id: "output:disk", lines: "1-20" }];
  assert.deepEqual(plannedLines(requestOf({ ebpf_programs: PROGRAMS, commands })), [
    { kind: "program", name: "opens", text: "tracepoint syscalls/sys_enter_openat for 15 s comm=nginx" },
    { kind: "program", name: "reads", text: "kprobe vfs_read for 20 s: latency" },
    { kind: "command", name: "disk", text: "df" },
  ]);
});

Deno.test("planDuration() says how long programs trace and commands may take", () => {
  const commands = [{ id: "disk", command: "df" }];
  assert.equal(
    planDuration(requestOf({ ebpf_programs: PROGRAMS, commands }), LIMIT),
    "20 s of tracing; each command has 30 s at most",
  );
  assert.equal(planDuration(requestOf({ ebpf_programs: PROGRAMS }), LIMIT), "20 s of tracing");
  assert.equal(planDuration(requestOf({ commands }), LIMIT), "each command has 30 s at most");
  assert.equal(planDuration(requestOf({ commands: [{ id: "output:disk", lines: "1-20" }] }), LIMIT), "nothing to run");
});

Deno.test("planLine() is one harmless line with a number, and what became of it", () => {
  const line = { kind: "command", name: "a\x1b", text: "df\n-h", number: 12 } as const;
  assert.equal(planLine(line, plain), "   12 command a\u{fffd}: df -h");
  assert.equal(planLine({ ...line, state: "running" }, plain), "   12 command a\u{fffd}: df -h  (running)");
  assert.equal(planLine({ ...line, text: "x".repeat(1000) }, plain).at(-1), "…");
});

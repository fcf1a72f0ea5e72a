import assert from "node:assert/strict";
import type { CollectorReport, HealthFinding } from "../../src/protocol/snapshot.ts";
import { inOrder, merged, verdictOf } from "../../src/snapshot/judge.ts";

function finding(id: string, severity: HealthFinding["severity"], more: Partial<HealthFinding> = {}): HealthFinding {
  return { id, severity, title: `${id} title`, evidence: [`${id} seen`], meaning: "m", next: "n", ...more };
}

function reports(...states: CollectorReport["state"][]): CollectorReport[] {
  return states.map((state, i) => ({ name: `c${i}`, state, duration_ms: 1 }));
}

Deno.test("verdictOf() is that of the gravest finding, however little was read", () => {
  const critical = finding("a.b", "critical"), warning = finding("a.c", "warning");
  assert.equal(verdictOf([warning, critical], reports("ok")), "critical");
  assert.equal(verdictOf([warning], reports("failed")), "warning");
});

Deno.test("verdictOf() without findings is OK only where more than half of what the host has was read", () => {
  assert.equal(verdictOf([], reports("ok", "partial", "failed")), "ok");
  assert.equal(verdictOf([], reports("ok", "failed")), "unknown");
  assert.equal(verdictOf([], reports("ok", "absent", "absent")), "ok");
  assert.equal(verdictOf([], reports("absent", "absent")), "unknown");
  assert.equal(verdictOf([], []), "unknown");
});

Deno.test("inOrder() puts the gravest first and keeps the order of equals", () => {
  const all = [
    finding("a.1", "warning"),
    finding("a.2", "critical"),
    finding("a.3", "warning"),
    finding("a.4", "critical"),
  ];
  assert.deepEqual(inOrder(all).map(({ id }) => id), ["a.2", "a.4", "a.1", "a.3"]);
});

Deno.test("merged() makes one finding of one fault, with the evidence of all and the gravest severity", () => {
  const [one, ...rest] = merged([
    finding("tcp.listen_overflow", "warning", { evidence: ["netstat +3", "both"] }),
    finding("tcp.listen_overflow", "critical", {
      of: "port 80",
      title: "port 80 overflowed",
      evidence: ["both", "tool: 3"],
    }),
  ]);
  assert.deepEqual(rest, []);
  assert.equal(one!.title, "port 80 overflowed");
  assert.equal(one!.severity, "critical");
  assert.deepEqual([...one!.evidence].sort(), ["both", "netstat +3", "tool: 3"]);
});

Deno.test("merged() keeps different faults, and the same fault of different things, apart", () => {
  const all = [
    finding("filesystem.full", "warning", { of: "/" }),
    finding("filesystem.full", "warning", { of: "/var" }),
    finding("filesystem.inodes", "warning", { of: "/" }),
  ];
  assert.deepEqual(merged(all), all);
});

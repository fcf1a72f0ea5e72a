import assert from "node:assert/strict";
import type { HealthFinding, SnapshotTool } from "../../src/protocol/snapshot.ts";
import type { ToolReading } from "../../src/protocol/tool.ts";
import { merged } from "../../src/snapshot/judge.ts";
import { toolFindings } from "../../src/snapshot/tool_findings.ts";

function tool(name: string, reading: Partial<ToolReading>): SnapshotTool {
  return { name, reading: { source: "s", figures: {}, tables: [], histograms: [], notes: [], ...reading } };
}

type Victim = readonly [name: string, out_of_memory: string | null];

function victims(...rows: readonly Victim[]): SnapshotTool {
  return tool("oom-kills", {
    figures: { kills: rows.length },
    tables: [{
      name: "victims",
      columns: [
        { name: "process_id", unit: "count" },
        { name: "process_name", unit: "text" },
        { name: "anon_rss", unit: "bytes" },
        { name: "out_of_memory", unit: "text" },
        { name: "cgroup", unit: "text" },
      ],
      rows: rows.map(([process_name, out_of_memory], i) => [800 + i, process_name, 2 ** 29, out_of_memory, null]),
    }],
  });
}

const COUNTED: HealthFinding = {
  ...{ id: "oom.cgroup_kill", of: "/shop", severity: "warning", title: "/shop reached its memory limit" },
  ...{ evidence: ["memory.events: oom_kill rose by 1"], meaning: "m", next: "n" },
};

Deno.test("toolFindings() says nothing of tools that saw no fault, or could not look", () => {
  assert.deepEqual(toolFindings([tool("oom-kills", { figures: { kills: 0 } })], []), []);
  assert.deepEqual(toolFindings([{ name: "oom-kills", error: "no CAP_BPF" }, tool("syscalls", {})], []), []);
});

Deno.test("toolFindings() names who was killed, and becomes one with what collectors counted", () => {
  const found = toolFindings([victims(["shop", "control group /shop"])], [COUNTED]);
  assert.deepEqual(found[0]!.evidence.slice(1), ["tool oom-kills: shop (pid 800) had 512 MiB of its own"]);
  const [one, ...rest] = merged([COUNTED, ...found]);
  assert.deepEqual(rest, []);
  assert.equal(one!.title, COUNTED.title);
  assert.equal(one!.evidence.length, 3);
});

Deno.test("toolFindings() tells the host's want of memory from that of a control group", () => {
  const id = (...rows: readonly Victim[]) => toolFindings([victims(...rows)], [])[0]!;
  assert.deepEqual([id(["a", "host"]).id, id(["a", "host"]).severity], ["oom.kill", "critical"]);
  assert.deepEqual([id(["a", "control group /x"]).id, id(["a", "control group /x"]).severity], [
    "oom.cgroup_kill",
    "warning",
  ]);
  assert.equal(id(["a", "control group /x"], ["b", "host"]).id, "oom.kill");
  assert.equal(id(["a", null]).id, "oom.kill", "nobody says which");
  assert.equal(toolFindings([victims(["a", null])], [COUNTED])[0]!.id, "oom.cgroup_kill", "a collector says which");
});

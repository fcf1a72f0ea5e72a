import assert from "node:assert/strict";
import type { HealthFinding, SnapshotTool } from "../../src/protocol/snapshot.ts";
import type { Sources } from "../../src/snapshot/collector.ts";
import type { ToolReading } from "../../src/protocol/tool.ts";
import { merged } from "../../src/snapshot/judge.ts";
import { type Beside, toolFindings } from "../../src/snapshot/tool_findings.ts";

function tool(name: string, reading: Partial<ToolReading>): SnapshotTool {
  return { name, reading: { source: "s", figures: {}, tables: [], histograms: [], notes: [], ...reading } };
}

/** A host that has these texts in all files. */
function beside(text?: string, findings: readonly HealthFinding[] = []): Beside {
  return { findings, sources: { text: () => text } as unknown as Sources };
}

const NOTHING = beside();

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
  assert.deepEqual(toolFindings([tool("oom-kills", { figures: { kills: 0 } })], NOTHING), []);
  assert.deepEqual(toolFindings([{ name: "oom-kills", error: "no CAP_BPF" }, tool("syscalls", {})], NOTHING), []);
});

Deno.test("toolFindings() names who was killed, and becomes one with what collectors counted", () => {
  const found = toolFindings([victims(["shop", "control group /shop"])], beside(undefined, [COUNTED]));
  assert.deepEqual(found[0]!.evidence.slice(1), ["tool oom-kills: shop (pid 800) had 512 MiB of its own"]);
  const [one, ...rest] = merged([COUNTED, ...found]);
  assert.deepEqual(rest, []);
  assert.equal(one!.title, COUNTED.title);
  assert.equal(one!.evidence.length, 3);
});

Deno.test("toolFindings() tells the host's want of memory from that of a control group", () => {
  const id = (...rows: readonly Victim[]) => toolFindings([victims(...rows)], NOTHING)[0]!;
  assert.deepEqual([id(["a", "host"]).id, id(["a", "host"]).severity], ["oom.kill", "critical"]);
  assert.deepEqual([id(["a", "control group /x"]).id, id(["a", "control group /x"]).severity], [
    "oom.cgroup_kill",
    "warning",
  ]);
  assert.equal(id(["a", "control group /x"], ["b", "host"]).id, "oom.kill");
  assert.equal(id(["a", null]).id, "oom.kill", "nobody says which");
  assert.equal(
    toolFindings([victims(["a", null])], beside(undefined, [COUNTED]))[0]!.id,
    "oom.cgroup_kill",
    "a collector says which",
  );
});

type Query = readonly [server: string, name: string, answer: string, longest_s: number];

function asked(...queries: readonly Query[]): SnapshotTool {
  return tool("dns", {
    figures: { unanswered: queries.filter(([, , answer]) => answer === "none").length },
    tables: [{
      name: "queries",
      columns: (["process_id", "process_name", "name", "server", "answer", "longest"] as const)
        .map((name) => ({ name, unit: name === "process_id" ? "count" : name === "longest" ? "ns" : "text" })),
      rows: queries.map(([server, name, answer, longest_s]) => [812, "shop", name, server, answer, longest_s * 1e9]),
    }],
  });
}

Deno.test("toolFindings() names a name server of this host that answers nothing, and no other", () => {
  const host = beside("search a.test\nnameserver 10.0.0.2\nnameserver fd00::2\n");
  const of = (...queries: readonly Query[]) => toolFindings([asked(...queries)], host).map((finding) => finding.of);
  const [found] = toolFindings([asked(["10.0.0.2:53", "a", "none", 3], ["10.0.0.2:53", "b", "none", 4.5])], host);
  assert.deepEqual([found!.id, found!.of, found!.severity], ["resolver.silent", "10.0.0.2", "warning"]);
  assert.equal(found!.evidence[2], "tool dns: shop (pid 812) asked for b, no answer for 4.5 s");
  assert.deepEqual(of(["[fd00::2]:53", "a", "none", 3], ["[fd00::2]:53", "b", "none", 3]), ["fd00::2"]);
  assert.deepEqual(of(["10.0.0.2:53", "a", "none", 3], ["10.0.0.2:53", "a", "none", 3]), [], "one name");
  assert.deepEqual(of(["10.0.0.2:53", "a", "none", 3], ["10.0.0.2:53", "b", "none", 1]), [], "one that may still come");
  const answered: Query = ["10.0.0.2:53", "c", "NXDOMAIN", 0.1];
  assert.deepEqual(of(["10.0.0.2:53", "a", "none", 3], ["10.0.0.2:53", "b", "none", 3], answered), []);
  assert.deepEqual(
    of(["192.0.2.9:53", "a", "none", 3], ["192.0.2.9:53", "b", "none", 3]),
    [],
    "a resolver's own search",
  );
});

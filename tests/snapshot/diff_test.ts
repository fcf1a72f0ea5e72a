import assert from "node:assert/strict";
import type { HealthFinding, Severity } from "../../src/protocol/snapshot.ts";
import { plain } from "../../src/report/paint.ts";
import { snapshotDiffText } from "../../src/report/snapshot_diff.ts";
import { diffSnapshots, isFailure } from "../../src/snapshot/diff.ts";
import { assertGolden } from "../support/golden.ts";
import { snapshotOf, START, watched } from "./baseline/support.ts";

const finding = (id: string, severity: Severity, of?: string): HealthFinding => ({
  id,
  ...(of === undefined ? {} : { of }),
  severity,
  title: `${id} is bad`,
  evidence: ["seen"],
  meaning: "It hurts.",
  next: "true",
});

const BEFORE = snapshotOf([
  watched("memory.available_bytes", 8 * 2 ** 30),
  watched("block.latency_us", 210, { of: "sda" }),
  watched("block.latency_us", 200, { of: "sdb" }),
  watched("tcp.errors_per_s", 0),
  watched("cpu.busy_percent", 31),
  watched("disk.gone_count", 4, { of: "sdc" }),
], {
  time: START,
  verdict: "warning",
  findings: [
    finding("filesystem.full", "warning", "/var"),
    finding("oom.kill", "critical"),
    finding("taint", "warning"),
  ],
});
const AFTER = snapshotOf([
  watched("memory.available_bytes", 2 ** 31),
  watched("block.latency_us", 2400, { of: "sda" }),
  watched("block.latency_us", 205, { of: "sdb" }),
  watched("tcp.errors_per_s", 5.5),
  watched("cpu.busy_percent", 31),
  watched("net.rx_bytes_per_s", 1e6, { of: "veth1" }),
], {
  time: START + 7_200_000,
  verdict: "critical",
  findings: [
    finding("filesystem.full", "critical", "/var"),
    finding("dns.slow", "warning"),
    finding("taint", "warning"),
  ],
  host: { ...BEFORE.host, boot_id: "boot-2", kernel: "6.12.1" },
});
const SIDES = [{ source: "@2h", snapshot: BEFORE }, { source: "@last", snapshot: AFTER }] as const;

Deno.test("diffSnapshots() tells what is new, worse, better, gone, and which figures changed, the furthest first", () => {
  const { findings, figures, notes, same_host } = diffSnapshots(...SIDES);
  assert.deepEqual(findings.new.map(({ id }) => id), ["dns.slow"]);
  assert.deepEqual(findings.worse.map(({ before, finding }) => [before, finding.id]), [["warning", "filesystem.full"]]);
  assert.deepEqual(findings.gone.map(({ id }) => id), ["oom.kill"]);
  assert.deepEqual([findings.better, findings.same], [[], 1]);
  assert.deepEqual(
    figures.changed.map(({ name, of, is_material }) => [name, of, is_material]),
    [
      ["block.latency_us", "sda", true],
      ["tcp.errors_per_s", undefined, true],
      ["memory.available_bytes", undefined, true],
      ["block.latency_us", "sdb", false],
    ],
  );
  assert.deepEqual([figures.only_before.map(({ of }) => of), figures.only_after.map(({ of }) => of)], [["sdc"], [
    "veth1",
  ]]);
  assert.equal(figures.same, 1);
  assert.equal(same_host, true);
  assert.deepEqual(notes, ["kernel: 6.12.0, then 6.12.1", "the host was started again in between"]);
});

Deno.test("diffSnapshots() of a snapshot and itself finds nothing, and fails nothing", () => {
  const same = diffSnapshots({ source: "a", snapshot: BEFORE }, { source: "b", snapshot: BEFORE });
  assert.deepEqual(same.findings, { new: [], worse: [], better: [], gone: [], same: 3 });
  assert.deepEqual([same.figures.changed, same.notes], [[], []]);
  for (const fail_on of ["warning", "critical", "change"] as const) assert.equal(isFailure(same, fail_on), false);
});

Deno.test("isFailure() looks at what is new or worse; change at everything of weight", () => {
  const there = diffSnapshots(...SIDES), back = diffSnapshots(SIDES[1], SIDES[0]);
  assert.equal(isFailure(there, "critical"), true, "filesystem.full became critical");
  assert.equal(isFailure(back, "critical"), true, "oom.kill is new there");
  const [quiet, warned] = [[], [finding("dns.slow", "warning")]].map((findings) => ({
    source: "",
    snapshot: snapshotOf([watched("cpu.busy_percent", findings.length === 0 ? 30 : 31)], { time: START, findings }),
  }));
  const warning = diffSnapshots(quiet!, warned!), gone = diffSnapshots(warned!, quiet!);
  assert.deepEqual((["warning", "critical", "change"] as const).map((on) => isFailure(warning, on)), [
    true,
    false,
    true,
  ]);
  assert.deepEqual((["warning", "critical", "change"] as const).map((on) => isFailure(gone, on)), [false, false, true]);
});

Deno.test("diffSnapshots() of two hosts and of two windows says what cannot be compared", () => {
  const other = snapshotOf([], {
    time: START - 1,
    window_s: 60,
    ktriage_version: "9.0.0",
    host: { ...BEFORE.host, hostname: "web-2", boot_id: "x" },
  });
  const { notes, same_host } = diffSnapshots({ source: "a", snapshot: BEFORE }, { source: "b", snapshot: other });
  assert.equal(same_host, false);
  assert.deepEqual(notes, [
    "host: web-1, then web-2",
    `ktriage: ${BEFORE.ktriage_version}, then 9.0.0`,
    "window: 10 s, then 60 s: counts cannot be compared, rates can",
    "the first one is the later one",
  ]);
});

Deno.test("snapshotDiffText() is read by people", () => {
  assertGolden("snapshot_diff", snapshotDiffText(diffSnapshots(...SIDES), { width: 80, paint: plain }));
  const same = diffSnapshots(SIDES[0], SIDES[0]);
  assertGolden("snapshot_diff_same", snapshotDiffText(same, { width: 80, paint: plain }));
});

import assert from "node:assert/strict";
import type { Figure } from "../../../src/protocol/snapshot.ts";
import { metricName, promText } from "../../../src/report/snapshot/prom.ts";
import { assertMetrics } from "../../support/promtool.ts";
import { assertGolden } from "../../support/golden.ts";
import { FLOODED, HEALTHY, HOSTILE, MANY_FIGURES, TROUBLED } from "../../support/sample_snapshot.ts";

const figure = (more: Partial<Figure>): Figure => ({ name: "a.b", value: 1, unit: "count", baseline: "none", ...more });

Deno.test("promText() reads as recorded", () => assertGolden("snapshot_prom", promText(TROUBLED)));

Deno.test("promText() passes promtool check metrics", async () => {
  const awkward = [
    "disk.total",
    "disk.things_count",
    "disk.sum",
    "disk.bucket",
    "disk.info",
    "disk.used_percent",
    "disk.wait_ms",
    "disk.x_per_s",
  ]
    .map((name) => figure({ name, of: "x", unit: unitOf(name) }));
  for (const snapshot of [TROUBLED, HEALTHY, FLOODED, HOSTILE, MANY_FIGURES, { ...TROUBLED, figures: awkward }]) {
    await assertMetrics(promText(snapshot));
  }
});

Deno.test("metricName() is in base units", () => {
  const names: readonly (readonly [string, Figure["unit"], string])[] = [
    ["memory.available_bytes", "bytes", "ktriage_memory_available_bytes"],
    ["filesystem.used_percent", "percent", "ktriage_filesystem_used_ratio"],
    ["disk.latency_ms", "ms", "ktriage_disk_latency_seconds"],
    ["disk.read_bytes_per_s", "bytes_per_s", "ktriage_disk_read_bytes_per_second"],
    ["memory.total_bytes", "bytes", "ktriage_memory_total_bytes"],
    ["process.total", "count", "ktriage_process_number"],
  ];
  for (const [name, unit, expected] of names) assert.equal(metricName({ name, unit }), expected);
});

Deno.test("promText() has no time stamps, no process ids, no series twice, and its own last run", () => {
  const text = promText({
    ...HEALTHY,
    figures: [
      figure({ name: "process.open_files", of: "nginx (pid 812)", value: 3 }),
      figure({ name: "process.open_files", of: "nginx (pid 977)", value: 5 }),
    ],
  });
  assert.match(text, /^ktriage_process_open_files\{of="nginx"\} 5$/m);
  assert.match(text, /^ktriage_snapshot_last_run_timestamp_seconds 1795230724.512$/m);
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of series) assert.match(line, /^\w+(\{[^{}]*\})? [-+.\de]+$/);
  const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
  assert.equal(new Set(names).size, names.length);
});

function unitOf(name: string): Figure["unit"] {
  return name.endsWith("_percent")
    ? "percent"
    : name.endsWith("_ms")
    ? "ms"
    : name.endsWith("_per_s")
    ? "per_s"
    : "count";
}

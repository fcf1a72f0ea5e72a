import assert from "node:assert/strict";
import type { Figure } from "../../../src/protocol/snapshot.ts";
import { readHistory, readSnapshot, readSummary } from "../../../src/snapshot/baseline/history.ts";
import { random } from "./series.ts";
import { MINUTE_MS, run, START, stateDir, watched } from "./support.ts";

const STEP_MS = 30 * MINUTE_MS, A_DAY = 48;
const at = (step: number): number => START + step * STEP_MS;

/** A week and four days of a time-lapse clock; the latency of sda is then ten times as high, and a disk is new. */
Deno.test("a state over two weeks: warming up, ready, a change while it lasts, the new normal, a reboot", () => {
  using state = stateDir();
  const { normal } = random(5);
  const figures = (times: number, more: readonly Figure[] = []): Figure[] => [
    watched("block.latency_us", 900 * times * (1 + 0.1 * normal()), { of: "sda" }),
    watched("block.latency_us", 900 * (1 + 0.1 * normal()), { of: "sdb" }),
    watched("memory.available_bytes", 8e9 * (1 + 0.02 * normal())),
    { ...watched("uptime.steady_count", 1e6 * normal()), baseline: "none" },
    ...more,
  ];
  let step = 0;
  const first = run(state.path, figures(1), { time: at(0) });
  assert.equal(first.baseline.state, "warming_up");
  assert.match(
    first.baseline.detail,
    /^Warming up: .* before 2026-01-14 01:00Z, when 9 days of it are known\. Limits hold/,
  );
  for (step = 1; step < 9.5 * A_DAY; step++) {
    const { baseline, findings, notes } = run(state.path, figures(1), { time: at(step) });
    assert.deepEqual([findings, notes], [[], []], `step ${step}`);
    assert.equal(baseline.state, step < 9 * A_DAY + 2 ? "warming_up" : "ready", `step ${step}`);
  }

  const fresh = [watched("block.latency_us", 5e6, { of: "sdz" })];
  const told: number[] = [], notes: string[] = [];
  const from = step;
  for (; step < from + 2 * A_DAY; step++) {
    const compared = run(state.path, figures(10, fresh), { time: at(step) });
    notes.push(...compared.notes);
    if (compared.findings.length === 0) continue;
    told.push(step - from);
    const [finding, ...others] = compared.findings;
    assert.deepEqual([finding?.id, finding?.of, finding?.severity, others], [
      "baseline.unusual",
      "block",
      "warning",
      [],
    ]);
    assert.match(
      finding?.title ?? "",
      /^block\.latency_us of sda is \d+(\.\d)? ms, usually \d{3} µs at this hour$/,
    );
    assert.match(
      finding?.evidence[0] ?? "",
      / since 2026-01-14 12:00Z; the highest that it kept for half an hour in 7 days before: /,
    );
    assert.equal(finding?.next, "ktriage history block.latency_us:sda");
    assert.match(
      compared.baseline.detail,
      /^3 figures were compared with (9|10|11) days of this host's own past; 1 are too new/,
    );
  }
  assert.deepEqual([told[0], told.at(-1), told.length], [2, A_DAY, A_DAY - 1], "from the third snapshot on, for a day");
  assert.equal(notes.length, 1);
  assert.match(
    notes[0] ?? "",
    /^block\.latency_us of sda has been higher since 2026-01-14 12:00Z \(before: \d{3} µs\): it counts as usual now\.$/,
  );

  const booted = run(state.path, figures(1000), { time: at(step), host: { ...hostAfterBoot } });
  assert.deepEqual(booted.findings, []);
  assert.match(booted.baseline.detail, /started less than half an hour ago/);

  const summary = readSummary(state.path);
  assert.equal(summary.snapshots, step + 1);
  assert.deepEqual(summary.changes.map(({ metric, change }) => [metric.of, change.outcome]), [["sda", "adopted"]]);
  const [sdb] = readHistory(state.path, { is_wanted: ({ of }) => of === "sdb", from: START, to: at(step) });
  assert.ok(
    sdb!.points.length > 11 * 24 - 5 &&
      sdb!.points.every(({ low, value, high }) => low > 500 && value > 500 && high < 1500),
  );
  assert.equal(readSnapshot(state.path, at(step) - 1).start_time, new Date(at(step - 1)).toISOString());
  assert.throws(() => readSnapshot(state.path, START - 1), /no snapshot of that time or before is kept/);
});

const hostAfterBoot = { hostname: "web-1", os: "Debian", kernel: "6.12.0", architecture: "x86_64", boot_id: "boot-2" };

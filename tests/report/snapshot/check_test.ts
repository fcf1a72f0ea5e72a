import assert from "node:assert/strict";
import type { Figure } from "../../../src/protocol/snapshot.ts";
import { checkFailedText, checkText, perfdata, PLUGIN_EXIT } from "../../../src/report/snapshot/check.ts";
import { assertGolden } from "../../support/golden.ts";
import { FLOODED, HEALTHY, HOSTILE, MANY_FIGURES, TROUBLED } from "../../support/sample_snapshot.ts";

/** 'label'=value[UOM];[warn];[crit];[min];[max] with ranges, of the monitoring-plugins guidelines. */
const NUMBER = "-?\\d+(?:\\.\\d+)?";
const FIELD = new RegExp(`^'(?:[^'=]|'')+'=${NUMBER}(?:s|B|%|c)?(?:;(?:${NUMBER}:?)?){0,2}(?:;(?:${NUMBER})?){0,2}$`);

function fieldsOf(text: string): string[] {
  return text.match(/'(?:[^']|'')+'=\S*/g) ?? [];
}

Deno.test("checkText() reads as recorded", () => {
  assertGolden("snapshot_check", checkText(TROUBLED));
  assertGolden("snapshot_check_ok", checkText(HEALTHY));
});

Deno.test("checkText() has one bar, before the perfdata, and fields as the guidelines have them", () => {
  for (const snapshot of [TROUBLED, HEALTHY, FLOODED, HOSTILE, MANY_FIGURES]) {
    const text = checkText(snapshot);
    const [first = "", ...long] = text.trimEnd().split("\n");
    const [words = "", figures = "", ...rest] = first.split("|");
    assert.deepEqual(rest, [], "a second bar");
    assert.match(words, /^KTRIAGE (OK|WARNING|CRITICAL|UNKNOWN) - \S/);
    assert.ok(long.every((line) => !line.includes("|")));
    const fields = fieldsOf(figures);
    assert.equal(fields.join(" "), figures.trim());
    for (const field of fields) assert.match(field, FIELD);
    assert.ok(text.length < 8192, "what Nagios reads");
    // deno-lint-ignore no-control-regex -- control characters are what it looks for
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f]/);
  }
});

Deno.test("perfdata() has base units, lower limits as ranges, and no exponent", () => {
  const figure = (more: Partial<Figure>): Figure => ({
    name: "a.b",
    value: 1,
    unit: "count",
    baseline: "none",
    ...more,
  });
  const cases: readonly (readonly [Partial<Figure>, string])[] = [
    [{ value: 1.5, unit: "ms" }, "'a.b'=0.0015s"],
    [{ value: 250, unit: "us", warn: 500, crit: 1000 }, "'a.b'=0.00025s;0.0005;0.001"],
    [{ value: 420, unit: "ns" }, "'a.b'=0.00000042s"],
    [{ value: 5, unit: "bytes", warn: 10, crit: 2, min: 0, max: 100 }, "'a.b'=5B;10:;2:;0;100"],
    [{ value: 1e21 }, "'a.b'=1000000000000000000000"],
    [{ value: 1e-7 }, "'a.b'=0.0000001"],
    [{ value: 0.1 + 0.2, unit: "percent", max: 100 }, "'a.b'=0.3%;;;;100"],
    [{ of: "it's = x" }, "'a.b it''s _ x'=1"],
    [{ value: -3 }, "'a.b'=-3"],
  ];
  for (const [more, expected] of cases) assert.equal(perfdata([figure(more)]), expected);
  assert.equal(perfdata([figure({ value: NaN }), figure({ value: Infinity })]), "");
});

Deno.test("perfdata() keeps what has a limit where not all has room", () => {
  const fields = perfdata(MANY_FIGURES.figures);
  assert.ok(fields.length <= 3500);
  assert.match(fields, /'memory.available_bytes'/);
});

Deno.test("perfdata() of a host with many mounts keeps the host's own figures", () => {
  const mounts = Array.from({ length: 100 }, (_, of): Figure => ({
    name: "filesystem.used_percent",
    of: `/srv/volumes/${of}`,
    value: 9,
    unit: "percent",
    warn: 95,
    crit: 99,
    baseline: "watched",
  }));
  const own: Figure = { name: "process.stuck", value: 0, unit: "count", warn: 1, crit: 10, baseline: "watched" };
  const fields = perfdata([...mounts, own]);
  assert.ok(fields.startsWith("'process.stuck'=0;1;10 ") && fields.length <= 3500, fields.slice(0, 80));
});

Deno.test("where there is no snapshot the plugin is UNKNOWN", () => {
  assert.equal(checkFailedText("another | one\nis under way"), "KTRIAGE UNKNOWN - another / one is under way\n");
  assert.deepEqual(PLUGIN_EXIT, { ok: 0, warning: 1, critical: 2, unknown: 3 });
});

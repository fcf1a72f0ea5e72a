import assert from "node:assert/strict";
import { ansi, plain } from "../../../src/report/paint.ts";
import type { PageLayout, RecentValues } from "../../../src/report/snapshot/page_layout.ts";
import { snapshotText } from "../../../src/report/snapshot/text.ts";
import { assertGolden } from "../../support/golden.ts";
import { FLOODED, HEALTHY, HOSTILE, MANY_FIGURES, TROUBLED } from "../../support/sample_snapshot.ts";

const TERMINAL: PageLayout = { width: 100, rows: 45, paint: plain, bars: true };
const MAIL: PageLayout = { width: 80, rows: 60, paint: plain, bars: false };

Deno.test("snapshotText() reads as recorded, on a terminal and in a mail", () => {
  assertGolden("snapshot_terminal", snapshotText(TROUBLED, TERMINAL));
  assertGolden("snapshot_mail", snapshotText(TROUBLED, MAIL));
  assertGolden("snapshot_healthy", snapshotText(HEALTHY, { ...TERMINAL, width: 80, rows: 24 }));
  assertGolden("snapshot_flooded", snapshotText(FLOODED, { ...TERMINAL, width: 80, rows: 24 }));
  assertGolden(
    "snapshot_unknown",
    snapshotText({
      ...HEALTHY,
      verdict: "unknown",
      figures: [],
      collectors: [
        { name: "cpu", state: "failed", detail: "/proc is not mounted", duration_ms: 0.1 },
      ],
    }, MAIL),
  );
});

Deno.test("snapshotText() draws the way of figures without a whole, where the last snapshots are known", () => {
  const recent: RecentValues = {
    since: Date.parse("2026-11-21T02:17:00Z"),
    valuesOf: ({ name }) =>
      name === "network.receive_bytes_per_s"
        ? [1e6, 3e6, 8e6, 20e6, 84e6]
        : name === "process.count"
        ? [300, 310, 305, 312]
        : name === "cpu.busy_percent"
        ? [1, 2, 3] // it has a bar
        : [1, 2],
  };
  const layout = { ...TERMINAL, width: 80, rows: 24 };
  assertGolden("snapshot_ways", snapshotText(HEALTHY, { ...layout, recent }));
  assert.equal(
    snapshotText(HEALTHY, { ...layout, recent: { ...recent, valuesOf: () => [] } }),
    snapshotText(HEALTHY, layout),
  );
  assert.equal(snapshotText(HEALTHY, { ...MAIL, recent }), snapshotText(HEALTHY, MAIL), "bars are for terminals");
});

Deno.test("snapshotText() begins with the verdict, and fits the screen", () => {
  for (
    const [snapshot, rows] of [[TROUBLED, 40], [HEALTHY, 24], [FLOODED, 24], [FLOODED, 60], [MANY_FIGURES, 30]] as const
  ) {
    for (const width of [40, 80, 100]) {
      const text = snapshotText(snapshot, { ...TERMINAL, rows: width === 40 ? rows * 2 : rows, width });
      assert.ok(text.startsWith(snapshot.verdict.toUpperCase()));
      const lines = text.trimEnd().split("\n");
      assert.ok(lines.length <= (width === 40 ? rows * 2 : rows), `${lines.length} lines of ${rows}, ${width} columns`);
      for (const line of lines.filter((one) => !/^\s+(next)? /.test(one))) assert.ok(line.length <= width, line);
    }
  }
});

Deno.test("snapshotText() says how much it leaves out, and shows the gravest whole", () => {
  const text = snapshotText(FLOODED, { ...TERMINAL, rows: 30 });
  const titles = text.split("\n").filter((line) => /^(CRITICAL|WARNING) {2,}\/srv/.test(line)).length - 1; // and the verdict
  const [, hidden] = /… and (\d+) more findings/.exec(text) ?? [];
  assert.equal(titles + Number(hidden), FLOODED.findings.length);
  assert.match(text, /\n {2}seen .*\n[^]*\n {2}means .*\n[^]*\n {2}next {3}du /);
});

Deno.test("snapshotText() leaves a command whole, to be copied", () => {
  const next = `find / -xdev -size +1G -printf '%s %p\\n' ${"-o ".repeat(40)}`.trim();
  const text = snapshotText({ ...TROUBLED, findings: [{ ...TROUBLED.findings[0]!, next }] }, MAIL);
  assert.ok(text.includes(next));
});

Deno.test("snapshotText() lets nothing of the host act on a terminal", () => {
  const text = snapshotText(HOSTILE, { ...TERMINAL, paint: ansi });
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert.doesNotMatch(text.replaceAll(/\x1b\[\d+m/g, ""), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

Deno.test("a tool that could not run is named once, so that the reason fits the line", () => {
  const tools = [{ name: "dns", error: "Cannot run the tool dns: tracefs cannot be read." }];
  const text = snapshotText({ ...HEALTHY, tools }, MAIL);
  assert.match(text, /^! tool dns: tracefs cannot be read\.$/m);
});

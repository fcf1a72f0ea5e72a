import assert from "node:assert/strict";
import type { Figure } from "../../../src/protocol/snapshot.ts";
import { A_DAY, HEALTHY, healthyHost, type Series } from "./series.ts";
import { recordedHost } from "./recorded.ts";
import { simulate } from "./simulate.ts";

/** Healthy snapshots with a finding, of a thousand: what the issue allows. */
const ALLOWED = 1 / 1_000;
/** Metrics of each kind. */
const OF_EACH = 3;
const METRICS = HEALTHY.length * OF_EACH;

for (
  const [what, host, days] of [
    ["made-up series of all kinds", healthyHost(1, METRICS), 35],
    ["a recorded busy host", recordedHost(1), 30],
  ] as const
) {
  Deno.test(`a healthy host raises at most one statistical finding in 1,000 snapshots: ${what}`, () => {
    const { compared, with_finding, changes } = simulate(host, days * A_DAY);
    assert.ok(compared > 6_000, `only ${compared} snapshots were compared`);
    const told = changes.map(({ series, direction }) => `${series.kind} ${direction}`).join(", ");
    assert.ok(changes.length <= compared * ALLOWED, `${changes.length} findings in ${compared} snapshots: ${told}`);
    assert.ok(with_finding <= compared * 2 * ALLOWED, `${with_finding} snapshots had one: ${told}`);
  });
}

interface Fault {
  readonly what: string;
  readonly kinds: readonly string[];
  readonly become: (value: number, hours: number, series: Series) => number;
  readonly hours: number;
  /** Of ten, how many must be found. */
  readonly found: number;
}

const FAULTS: readonly Fault[] = [
  {
    what: "ten times as much",
    kinds: ["log-normal latencies", "steady with normal noise", "quantised", "weekly: weekends are quiet"],
    become: (value) => value * 10,
    hours: 2,
    found: 9,
  },
  { what: "errors: from none to 5 a second", kinds: ["no errors"], become: (value) => value + 5, hours: 1, found: 10 },
  {
    what: "a leak of 2% an hour",
    kinds: ["steady with normal noise"],
    become: (value, hours) => value * (1 + 0.02 * hours),
    hours: 72,
    found: 10,
  },
  { what: "the traffic stops", kinds: ["weekly: weekends are quiet"], become: () => 0, hours: 2, found: 9 },
];

/** Faults begin on the fourth Tuesday, at noon. */
const FROM = 22 * A_DAY + A_DAY / 2;

for (const { what, kinds, become, hours, found } of FAULTS) {
  Deno.test(`what really changes is found: ${what}`, () => {
    const quiet = { kind: "no errors", name: "tcp.errors_per_s", unit: "per_s" as Figure["unit"], next: () => 0 };
    const host = Array.from({ length: 10 }, (_, i) => kinds[i % kinds.length]!).map((kind, i): Series => {
      const metric = healthyHost(7, METRICS * 10).filter((each) => each.kind === kind)[i] ?? quiet;
      const next = (step: number): number => {
        const value = metric.next(step);
        return step < FROM ? value : become(value, (step - FROM) / 12, metric);
      };
      return { ...metric, next };
    });
    const { changes } = simulate(host, FROM + hours * 12);
    const metrics = new Set(changes.filter(({ step }) => step >= FROM).map(({ metric }) => metric));
    assert.ok(metrics.size >= found, `${metrics.size} of 10`);
    assert.deepEqual(changes.filter(({ step }) => step < FROM), [], "and nothing before");
  });
}

Deno.test("a change that stays is one finding for a day, and the new normal after that", () => {
  const host = healthyHost(3, HEALTHY.length).map((metric): Series =>
    metric.kind === "log-normal latencies"
      ? { ...metric, next: (step) => metric.next(step) * (step < FROM ? 1 : 10) }
      : metric
  );
  const { changes, with_finding, compared } = simulate(host, FROM + 10 * A_DAY);
  const [change, ...others] = changes.filter(({ metric }) => host[metric]!.kind === "log-normal latencies");
  assert.deepEqual([change!.direction, others], ["higher", []]);
  assert.ok(Math.abs(change!.step - FROM - 5) <= 1, "half an hour later");
  assert.ok(with_finding >= A_DAY - 12 && with_finding <= A_DAY + 12, `${with_finding} of ${compared}`);
});

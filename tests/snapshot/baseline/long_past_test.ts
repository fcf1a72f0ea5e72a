/** Months of a host, with a comparison at each snapshot: in the short form days, all of it by `scripts/soak`. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { numberOf } from "../../../src/snapshot/baseline/database.ts";
import { readHistory, readSnapshot, readSummary } from "../../../src/snapshot/baseline/history.ts";
import { HEALTHY } from "../../support/sample_snapshot.ts";
import { forms } from "../../support/soak.ts";
import { type Day, longPast, type LongPastOptions } from "./long_past.ts";
import { MINUTE_MS, START, stateDir } from "./support.ts";

const HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS, MAX_BYTES = 64 << 20, LAST = 24, WARM_UP_DAYS = 9;
const WATCHED = HEALTHY.figures.filter(({ baseline }) => baseline === "watched").length;
const copiesFor = (figures: number): number => Math.ceil(figures / WATCHED);

const HOSTS = forms<Readonly<Record<string, Omit<LongPastOptions, "like">>>>({
  briefly: { "11 days of 60 figures": { copies: copiesFor(60), days: 11, step_ms: 30 * MINUTE_MS } },
  all: {
    "91 days of 60 figures, every 5 minutes": { copies: copiesFor(60), days: 91, step_ms: 5 * MINUTE_MS },
    "91 days of 300 figures, every 5 minutes": { copies: copiesFor(300), days: 91, step_ms: 5 * MINUTE_MS },
    "25 days of more figures than are kept": { copies: copiesFor(4100), days: 25, step_ms: 15 * MINUTE_MS },
  },
});

for (const [title, host] of Object.entries(HOSTS)) {
  Deno.test(`${title}: the state stays below 64 MiB, and the past is there`, () => {
    using state = stateDir();
    let last: Day | undefined;
    for (const day of longPast(state.path, { like: HEALTHY, ...host })) {
      assert.deepEqual(day.last.unkept, []);
      assert.ok(day.bytes <= MAX_BYTES, `${day.bytes} bytes on day ${day.day}`);
      assert.equal(day.last.baseline.state, day.day < WARM_UP_DAYS ? "warming_up" : "ready", `day ${day.day}`);
      if (day.day % 10 === 0) tell(state.path, day);
      last = day;
    }
    assertKept(state.path, last!, host);
  });
}

/** All of the last days, hours of what came before; and the newest whatever its size. */
function assertKept(state_dir: string, { time, bytes }: Day, { days, step_ms }: Omit<LongPastOptions, "like">): void {
  assert.equal(readSnapshot(state_dir, time).start_time, new Date(time).toISOString());
  const { name } = HEALTHY.figures.find(({ baseline }) => baseline === "watched")!;
  const [history] = readHistory(state_dir, { is_wanted: (metric) => metric.name === name, from: START, to: time });
  const shown_h = new Set(history!.points.map((point) => Math.floor(point.time / HOUR_MS))).size;
  using db = new DatabaseSync(`${state_dir}/baseline.db`, { readOnly: true });
  assert.ok(numberOf(db, "SELECT count(*) FROM snapshots") >= LAST);
  assert.equal(db.prepare("PRAGMA integrity_check").get()!["integrity_check"], "ok");
  if (bytes > 0.8 * MAX_BYTES) return; // something had to go
  assert.ok(shown_h >= 24 * Math.min(days, 90) - 2, `${shown_h} hours`);
  const since = (ms: number): number => numberOf(db, `SELECT count(*) FROM snapshots WHERE time > ${time - ms}`);
  assert.equal(since(13 * DAY_MS), Math.min(days, 13) * DAY_MS / step_ms);
  const oldest = numberOf(db, "SELECT min(time) FROM snapshots");
  assert.ok(time - oldest <= 90 * DAY_MS + HOUR_MS);
}

function tell(state_dir: string, { day, time, bytes, cpu_ms, cpu_most_ms, findings }: Day): void {
  const began = performance.now();
  readSummary(state_dir);
  readHistory(state_dir, { is_wanted: () => true, from: time - 7 * DAY_MS, to: time });
  const history_ms = performance.now() - began;
  const figures = [
    `${(bytes / 2 ** 20).toFixed(1)} MiB`,
    `${cpu_ms.toFixed(1)} ms of CPU (at most ${cpu_most_ms.toFixed(0)})`,
  ];
  const line = [`day ${day}`, ...figures, `history ${history_ms.toFixed(0)} ms`, `${findings} findings`].join(", ");
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

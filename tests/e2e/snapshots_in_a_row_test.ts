/** Snapshots one after the other, days in minutes: `scripts/soak` makes 500 of each kind. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { numberOf } from "../../src/snapshot/baseline/database.ts";
import { snapshot } from "../../src/protocol/snapshot.ts";
import { clockAhead, clockFrom } from "../support/faketime.ts";
import { assertNothingAdded, OwnPlaces, snapshot as hostNow } from "../support/host_snapshot.ts";
import { offlinePackage, startPackage } from "../support/package.ts";
import { forms } from "../support/soak.ts";
import type { Counts } from "./snapshots_in_one_process.ts";

const RUNS = forms({ briefly: 16, all: 500 }), IN_ONE_PROCESS = forms({ briefly: 12, all: 500 });
const MINUTE_MS = 60_000, DAY_MS = 1440 * MINUTE_MS;
const TOOLS_EVERY = 8, A_DAY_EVERY = 10;
/** Pages that may be free; then they go back to the disk. */
const MAX_FREE_PAGES = 500;

/** How far the clock is ahead at each run: every five minutes, with days between, set back once, and far ahead at last. */
function ahead(runs: number): readonly number[] {
  let ahead_ms = 0;
  return Array.from({ length: runs }, (_, run) => {
    ahead_ms += run % A_DAY_EVERY === 0 ? DAY_MS : 5 * MINUTE_MS;
    if (run === Math.floor(runs / 2)) ahead_ms -= 3 * DAY_MS;
    if (run === Math.floor(runs * 3 / 4)) ahead_ms += 100 * DAY_MS;
    return ahead_ms;
  });
}

Deno.test(`${RUNS} whole snapshots in a row as cron starts them, over 100 days and back: the state is bounded and sound`, async () => {
  using places = new OwnPlaces();
  await offlinePackage();
  const state = `${places.temporary}/state`, host = hostNow();
  let before_ms = 0, pid = 0;
  for (const [run, ahead_ms] of ahead(RUNS).entries()) {
    const tools = run % TOOLS_EVERY === 0 ? [] : ["--no-tools"];
    const env = { ...clockAhead(ahead_ms), XDG_CACHE_HOME: places.env["XDG_CACHE_HOME"] ?? "" };
    const began = Date.now();
    const child = await startPackage(["snapshot", "--json", "--window", "100ms", "--state", state, ...tools], { env });
    await child.stdin.close();
    const { code, stdout, stderr } = await child.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    pid = child.pid;
    const { start_time, notes, baseline, collectors } = snapshot.parse(JSON.parse(new TextDecoder().decode(stdout)));
    const at = Date.parse(start_time) - ahead_ms;
    assert.ok(at >= began - 1 && at <= Date.now() + 1, `${start_time} is the clock that was set`);
    assert.equal(/The clock went back/.test(notes.join()), ahead_ms < before_ms, `run ${run}: ${notes.join("\n")}`);
    assert.doesNotMatch(notes.join(), /No state was kept|is set aside|was ended before/);
    assert.ok(["warming_up", "ready"].includes(baseline.state), baseline.detail);
    assert.deepEqual(collectors.filter(({ state }) => state === "failed"), []);
    assert.deepEqual([...Deno.readDirSync(state)].map(({ name }) => name).sort(), ["baseline.db", "snapshot.lock"]);
    before_ms = ahead_ms;
  }
  assertBounded(`${state}/baseline.db`, Date.now() + before_ms);
  Deno.removeSync(state, { recursive: true });
  await assertNothingAdded(host, { pid, places });
});

/** After the last jump what is older than 90 days has gone, a little with each run. */
function assertBounded(path: string, now: number): void {
  using db = new DatabaseSync(path, { readOnly: true });
  assert.equal(db.prepare("PRAGMA integrity_check").get()!["integrity_check"], "ok");
  const oldest_days = (now - numberOf(db, "SELECT min(time) FROM snapshots")) / DAY_MS;
  assert.ok(oldest_days < 90, `${oldest_days} days`);
  const expected = ahead(RUNS).filter((ahead_ms) => Date.now() + ahead_ms > now - 90 * DAY_MS).length;
  assert.equal(numberOf(db, "SELECT count(*) FROM snapshots"), expected);
  assert.ok(numberOf(db, "PRAGMA freelist_count") <= MAX_FREE_PAGES);
}

Deno.test(`${IN_ONE_PROCESS} whole snapshots in one process, an hour apart: it keeps no descriptor and no memory`, async () => {
  using places = new OwnPlaces();
  const state = `${places.temporary}/state`, clock = `${places.temporary}/clock`, host = hostNow();
  Deno.writeTextFileSync(clock, "+0");
  const program = new URL("snapshots_in_one_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "-A",
      "--no-check",
      "--v8-flags=--expose-gc",
      program,
      state,
      clock,
      `${IN_ONE_PROCESS}`,
      "3600",
    ],
    env: clockFrom(clock),
    stdout: "piped",
  }).spawn();
  const lines = new TextDecoder().decode((await child.output()).stdout).trim().split("\n");
  const counts = lines.map((line) => JSON.parse(line) as Counts);
  assert.equal(counts.length, IN_ONE_PROCESS);
  for (const { unkept, failed, tools, start_time } of counts) {
    assert.deepEqual([unkept, failed, tools > 5], ["", 0, true], start_time);
  }
  // the first ones load what all others use; what is just being closed may be seen once
  const most = Math.max(...counts.slice(0, WARM).map(({ fds }) => fds.length));
  const least = counts.slice(-WARM).toSorted((one, other) => one.fds.length - other.fds.length)[0]!.fds;
  assert.ok(least.length <= most, `${most} descriptors became ${least.length}: ${least.join(" ")}`);
  const days = (Date.parse(counts.at(-1)!.start_time) - Date.parse(counts[0]!.start_time)) / DAY_MS;
  assert.ok(days >= (IN_ONE_PROCESS - 1) / 24);
  assert.ok(Math.max(...counts.map(({ threads }) => threads)) <= MAX_THREADS);
  const last = counts.at(-1)!;
  assert.ok(last.heap_bytes < MAX_HEAP_BYTES, `${last.heap_bytes} bytes`);
  Deno.removeSync(state, { recursive: true });
  Deno.removeSync(clock);
  await assertNothingAdded(host, { pid: child.pid, places });
});

const WARM = 5;
/** V8's and tokio's, whose pool for blocking calls breathes. */
const MAX_THREADS = 64;
/** 12 MB after ten of them, 12.2 after fifty. */
const MAX_HEAP_BYTES = 24 << 20;

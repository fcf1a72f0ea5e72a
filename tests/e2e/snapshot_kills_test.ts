/** kill -9 of the whole program at random moments: `scripts/soak` does it 100 times. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type Snapshot, snapshot } from "../../src/protocol/snapshot.ts";
import { startKtriage } from "../support/cli.ts";
import { assertNothingAdded, OwnPlaces, snapshot as hostNow } from "../support/host_snapshot.ts";
import { offlinePackage } from "../support/package.ts";
import { assertMetrics } from "../support/promtool.ts";
import { forms, seed } from "../support/soak.ts";
import { random } from "../snapshot/baseline/series.ts";
import { killed } from "./snapshot_support.ts";

const LANES = 2, KILLS = forms({ briefly: 12, all: 100 });
/** Each so many-th of them has tools in the kernel. */
const TOOLS_EVERY = 4;
/** Up to so much more than a run takes: some kills come too late. */
const PAST_THE_END = 1.1;
const STALE_MS = 2 * 3_600_000;

const program = await offlinePackage();

/** One host that is killed again and again, with its own state. */
class Patient implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "ktriage-kills-" });
  readonly state = `${this.folder}/state`;
  readonly prom = `${this.folder}/host.prom`;
  readonly html = `${this.folder}/host.html`;
  readonly places = new OwnPlaces();

  start(tools: boolean) {
    const args = ["--window", "150ms", "--json", "--state", this.state, "--prom", this.prom, "--html", this.html];
    return startKtriage(["snapshot", ...args, ...(tools ? [] : ["--no-tools"])], { program, env: this.places.env });
  }

  /** A run to its end. */
  async whole(tools: boolean): Promise<{ readonly document: Snapshot; readonly took_ms: number }> {
    const began = performance.now();
    const { code, stdout, stderr } = await this.start(tools).finished;
    assert.equal(code, 0, stderr);
    return { document: snapshot.parse(JSON.parse(stdout)), took_ms: performance.now() - began };
  }

  /** Whether the lock's file tells of a run that came to no end. */
  unfinished(): boolean {
    const text = Deno.readTextFileSync(`${this.state}/snapshot.lock`);
    return text !== "" && "process_id" in JSON.parse(text);
  }

  isFree(): boolean {
    using lock = Deno.openSync(`${this.state}/snapshot.lock`, { read: true, write: true });
    return lock.tryLockSync(true);
  }

  /** What a reader of the files sees: the snapshot before, or this one. */
  async assertWhole(): Promise<void> {
    await assertMetrics(Deno.readTextFileSync(this.prom));
    assert.match(Deno.readTextFileSync(this.html).trim().slice(-20), /<\/html>$/);
  }

  [Symbol.dispose](): void {
    this.places[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test(`kill -9 of ${KILLS} whole snapshots at random moments: files are whole, nothing is left, the next run is sound`, async () => {
  const with_seed = seed(), { uniform } = random(with_seed);
  const ends = { killed: 0, done: 0, unfinished: 0 };
  await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    using patient = new Patient();
    const took_ms = { alone: (await patient.whole(false)).took_ms, with_tools: (await patient.whole(true)).took_ms };
    let kept = 2;
    for (let kill = lane; kill < KILLS; kill += LANES) {
      const tools = Math.floor(kill / LANES) % TOOLS_EVERY === 0;
      const kind = tools ? "with_tools" : "alone", host = hostNow(), running = patient.start(tools);
      const moment_ms = uniform() * took_ms[kind] * PAST_THE_END;
      await new Promise((resolve) => setTimeout(resolve, moment_ms));
      const { is } = await killed(running);
      const at = `KTRIAGE_SEED=${with_seed}, kill ${kill}, after ${Math.round(moment_ms)} ms: ${is}`;
      const unfinished = patient.unfinished();
      ends[is]++;
      if (unfinished) ends.unfinished++;
      assert.ok(patient.isFree(), at);
      assert.ok(is === "killed" || !unfinished, at);
      await patient.assertWhole();
      await assertNothingAdded(host, { pid: running.pid, places: patient.places });

      const { document, took_ms: lately_ms } = await patient.whole(tools);
      took_ms[kind] = lately_ms; // as fast as this host is now
      assert.equal(/was ended before it was done/.test(document.notes.join("\n")), unfinished, at);
      assert.deepEqual(document.collectors.filter(({ state }) => state === "failed"), [], at);
      assert.deepEqual(document.tools.filter(({ reading }) => reading === undefined), [], at);
      const { state, snapshots } = document.baseline;
      assert.equal(state, "warming_up", at);
      // this one is not among them yet; a killed one is, if it came so far, and surely if it came to its end
      assert.ok(snapshots === kept + 1 || snapshots === kept && is === "killed", `${at}; ${snapshots} after ${kept}`);
      kept = snapshots + 1;
    }
    await assertSound(patient);
  }));
  Deno.stdout.writeSync(new TextEncoder().encode(`KTRIAGE_SEED=${with_seed}: ${JSON.stringify(ends)}\n`));
  assert.ok(ends.killed > 0, JSON.stringify(ends));
});

/** All that was killed left a sound database; what it left half written goes with the first run that finds it old. */
async function assertSound(patient: Patient): Promise<void> {
  const { folder, state } = patient;
  const beside = () => [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /\.new$/.test(name));
  const old = new Date(Date.now() - STALE_MS);
  for (const name of beside()) Deno.utimeSync(`${folder}/${name}`, old, old);
  await patient.whole(false);
  assert.deepEqual(beside(), []);
  assert.deepEqual([...Deno.readDirSync(state)].map(({ name }) => name).sort(), ["baseline.db", "snapshot.lock"]);
  using db = new DatabaseSync(`${state}/baseline.db`, { readOnly: true });
  assert.deepEqual(db.prepare("PRAGMA integrity_check").all().map((row) => ({ ...row })), [{ integrity_check: "ok" }]);
}

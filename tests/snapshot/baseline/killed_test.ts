import assert from "node:assert/strict";
import { readSnapshot } from "../../../src/snapshot/baseline/history.ts";
import { openBaseline } from "../../../src/snapshot/baseline/mod.ts";
import { MINUTE_MS, START, stateDir } from "./support.ts";

const LANES = 4, KILLS = 25;
/** Long enough for one snapshot after the other to be under way. */
const UP_TO_MS = 60;

Deno.test("kill -9 at 100 random moments of a process that keeps snapshots: each next one finds a sound state", async () => {
  await Promise.all(Array.from({ length: LANES }, async () => {
    using state = stateDir();
    for (let kill = 0, before = 0; kill < KILLS; kill++) {
      await killedWriter(state.path);
      before = assertSound(state.path, before);
    }
  }));
});

/** What a run kept is there as a whole: the snapshot, what collectors remember, and no more than one of them is lost. */
function assertSound(state_dir: string, before: number): number {
  const later = START + 1e6 * MINUTE_MS;
  const document = readSnapshot(state_dir, later);
  using baseline = openBaseline(state_dir, { now: () => later });
  const number = Number(baseline.remembered("loop")?.["number"]);
  assert.ok(number > before, `${number} after ${before}`);
  assert.equal(baseline.last()?.time, START + number * 20 * MINUTE_MS);
  assert.deepEqual(document.notes, [`number ${number}`]);
  assert.equal(document.figures.length, 200);
  const { state, snapshots } = baseline.compare({ boot_id: "boot-1", figures: [] }).baseline;
  assert.notEqual(state, "fresh");
  assert.equal(snapshots, number);
  assert.deepEqual([...Deno.readDirSync(state_dir)].filter(({ name }) => name.includes("damaged")), []);
  return number;
}

async function killedWriter(state_dir: string): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "-q", new URL("keep_in_a_loop.ts", import.meta.url).pathname, state_dir],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "kept\n");
  await new Promise((resolve) => setTimeout(resolve, Math.random() * UP_TO_MS));
  child.kill("SIGKILL");
  await reader.cancel();
  assert.equal((await child.status).signal, "SIGKILL");
}

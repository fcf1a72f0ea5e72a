/** Keeps one snapshot after the other until it is killed: keep_in_a_loop.ts STATE_DIR. Prints a line once the first is kept. */
import { openBaseline } from "../../../src/snapshot/baseline/mod.ts";
import { MINUTE_MS, snapshotOf, START, watched } from "./support.ts";

const [state_dir = ""] = Deno.args;
let told = false;
for (;;) {
  // the time goes on where the last one, killed or not, stopped
  let time = 0;
  using baseline = openBaseline(state_dir, { now: () => time });
  const number = Number(baseline.remembered("loop")?.["number"] ?? 0) + 1;
  time = START + number * 20 * MINUTE_MS;
  const figures = Array.from({ length: 200 }, (_, i) => watched("net.traffic_per_s", number + i, { of: `eth${i}` }));
  baseline.compare({ boot_id: "boot-1", figures });
  const snapshot = snapshotOf(figures, { time, notes: [`number ${number}`] });
  const failed = baseline.keep(snapshot, { loop: { number } });
  if (failed.length > 0) throw new Error(failed.join());
  if (!told) Deno.stdout.writeSync(new TextEncoder().encode("kept\n"));
  told = true;
}

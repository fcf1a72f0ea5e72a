/** What a health snapshot costs its host. */
import { type Snapshot, snapshot } from "../src/protocol/snapshot.ts";
import { offlinePackage } from "../tests/support/package.ts";
import type { Bench, Figures } from "./measure.ts";

/** As long as a snapshot looks by default, and the time that it takes to start and to read. */
const BUSY_S = 11;
/**
 * Forks, executes, opens, computes and writes, as builds do, until the time is over. Prints how often, and what its children
 * have used.
 */
const BUSY = `end=$(($(date +%s) + ${BUSY_S})); n=0
while [ "$(date +%s)" -lt "$end" ]; do
  ls -lR /etc/apt /etc/init.d >/dev/null; gzip -c /bin/ls | wc -c >/dev/null; n=$((n + 1))
done
echo "$n"; times`;
const STEP = "one step of a busy shell [ms of CPU]";

/** Milliseconds of CPU that a step takes: on a shared machine its wall time would tell of others. */
async function msPerStep(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", BUSY], env: { LC_ALL: "C" } }).output();
  const [steps = "", , children = ""] = new TextDecoder().decode(stdout).trim().split("\n");
  const used_s = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + 60 * Number(m) + Number(s),
    0,
  );
  return 1000 * used_s / Number(steps);
}

async function take(args: readonly string[]): Promise<Snapshot> {
  const file = await offlinePackage();
  const { stdout } = await new Deno.Command(file, { args: ["snapshot", "--json", "--state", "none", ...args] })
    .output();
  return snapshot.parse(JSON.parse(new TextDecoder().decode(stdout)));
}

/** Its own cost, and by how much it slows what runs beside it, which no snapshot may by more than 2%. */
export function healthSnapshot(): Bench {
  let alone_ms = NaN; // of the same round
  const alone = async (): Promise<Figures> => {
    alone_ms = await msPerStep();
    return { [STEP]: alone_ms };
  };
  const beside = (...args: readonly string[]) => async (): Promise<Figures> => {
    const [beside_ms, { cost }] = await Promise.all([msPerStep(), take(args)]);
    return {
      [STEP]: beside_ms,
      "a snapshot slows it by [%]": 100 * (beside_ms / alone_ms - 1),
      "CPU time of a snapshot [s]": cost.cpu_ms / 1000,
      "most memory of a snapshot [MB]": cost.peak_memory_bytes / 1e6,
    };
  };
  return {
    name: "snapshot",
    rounds: 7,
    contenders: [
      { tool: "alone", run: alone },
      { tool: "ktriage snapshot", run: beside() },
      { tool: "ktriage snapshot --no-tools", run: beside("--no-tools") },
    ],
  };
}

/**
 * A recorded host, once more in another order: a machine with two CPUs on which compilers and tests ran, 64 counters of
 * /proc every half second for 22 minutes. Each sample stands for a snapshot. Two hours of snapshots in a row stay together,
 * for all metrics alike (a block bootstrap): what belongs together stays so, with its bursts and its quiet.
 */
import { gunzipSync } from "node:zlib";
import type { Figure } from "../../../src/protocol/snapshot.ts";
import { random, type Series } from "./series.ts";

const FILE = new URL("../../data/baseline/busy_host.tsv.gz", import.meta.url);
const BLOCK = 24;

export function recordedHost(seed: number): readonly Series[] {
  const [head = "", ...lines] = new TextDecoder().decode(gunzipSync(Deno.readFileSync(FILE))).trim().split("\n");
  const rows = lines.map((line) => line.split("\t").map(Number));
  const { uniform } = random(seed);
  const starts: number[] = [];
  const rowAt = (step: number): number => {
    const block = Math.floor(step / BLOCK);
    starts[block] ??= Math.floor(uniform() * (rows.length - BLOCK));
    return starts[block] + step % BLOCK;
  };
  return head.split("\t").map((title, column): Series => {
    const [name = "", unit = ""] = title.split(" ");
    return { kind: name, name, unit: unit as Figure["unit"], next: (step) => rows[rowAt(step)]![column]! };
  });
}

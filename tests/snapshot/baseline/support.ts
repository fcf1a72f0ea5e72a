/** Snapshots for the store, and a clock that goes as fast as a test. */
import { exists } from "../../../src/kernel/exists.ts";
import type { Figure, Snapshot } from "../../../src/protocol/snapshot.ts";
import { type Comparison, openBaseline } from "../../../src/snapshot/baseline/mod.ts";

export const MINUTE_MS = 60_000;
/** A Monday, at midnight. */
export const START = Date.UTC(2026, 0, 5);

export function watched(name: string, value: number, more: Partial<Figure> = {}): Figure {
  const unit = /_(bytes_per_s|per_s|bytes|percent|us|ms)$/.exec(name)?.[1] ?? "count";
  return { name, value, unit: unit as Figure["unit"], baseline: "watched", ...more };
}

export function snapshotOf(
  figures: readonly Figure[],
  { time, ...more }: { time: number } & Partial<Snapshot>,
): Snapshot {
  return {
    schema: "ktriage.snapshot/1",
    ktriage_version: "0.0.0",
    host: { hostname: "web-1", os: "Debian", kernel: "6.12.0", architecture: "x86_64", boot_id: "boot-1" },
    start_time: new Date(time).toISOString(),
    window_s: 10,
    verdict: "ok",
    findings: [],
    figures: [...figures],
    tools: [],
    collectors: [],
    baseline: { state: "off", snapshots: 0, detail: "" },
    notes: [],
    cost: { cpu_ms: 1, peak_memory_bytes: 1 },
    ...more,
  };
}

/** One run of `ktriage snapshot`, as far as the state is concerned: open, compare, keep, close. */
export function run(
  state_dir: string,
  figures: readonly Figure[],
  { time, ...more }: { readonly time: number } & Partial<Snapshot>,
): Comparison & { readonly unkept: readonly string[] } {
  using baseline = openBaseline(state_dir, { now: () => time });
  const snapshot = snapshotOf(figures, { time, ...more });
  const compared = baseline.compare({ boot_id: snapshot.host.boot_id, figures: snapshot.figures });
  const unkept = baseline.keep({ ...snapshot, findings: [...compared.findings], baseline: compared.baseline }, {});
  return { ...compared, unkept };
}

const MEMORY = "/dev/shm";

/** A private folder that is removed with all that is in it. */
export function stateDir(): Disposable & { readonly path: string } {
  // in memory where there is such a folder: a busy disk would take minutes for what is written and flushed here
  const path = Deno.makeTempDirSync({ prefix: "ktriage-baseline-", ...(exists(MEMORY) ? { dir: MEMORY } : {}) });
  return { path: `${path}/state`, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

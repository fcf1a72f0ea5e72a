import assert from "node:assert/strict";
import { openBaseline } from "../../../src/snapshot/baseline/mod.ts";
import { MINUTE_MS, run, snapshotOf, START, stateDir, watched } from "./support.ts";
import { random } from "./series.ts";

const names = (folder: string): string[] => [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
const descriptors = (): number => names("/proc/self/fd").length;

/** Three hundred figures that wobble, as a host of some size has them. */
function host(seed: number): () => ReturnType<typeof watched>[] {
  const { normal } = random(seed);
  return () =>
    Array.from(
      { length: 300 },
      (_, i) => watched("net.traffic_per_s", (50 + i) * (1 + 0.05 * normal()), { of: `eth${i}` }),
    );
}

Deno.test("openBaseline() remembers the last snapshot and what collectors left, for the next process", () => {
  using state = stateDir();
  const finding = {
    id: "filesystem.full",
    of: "/var",
    severity: "critical" as const,
    title: "/var is full",
    evidence: ["statfs /var"],
    meaning: "Writes fail.",
    next: "df -h /var",
  };
  {
    using baseline = openBaseline(state.path, { now: () => START });
    assert.deepEqual(baseline.kept, { is: true });
    assert.equal(baseline.last(), undefined);
    assert.equal(baseline.remembered("kernel_log"), undefined);
    const snapshot = snapshotOf([], { time: START, verdict: "critical", findings: [finding] });
    assert.deepEqual(baseline.keep(snapshot, { kernel_log: { line: 812 } }), []);
  }
  using baseline = openBaseline(state.path, { now: () => START + 1 });
  assert.deepEqual(baseline.last(), { time: START, verdict: "critical", findings: [finding] });
  assert.deepEqual(baseline.remembered("kernel_log"), { line: 812 });
  assert.equal(baseline.remembered("other"), undefined);
  assert.equal(Deno.statSync(state.path).mode! & 0o777, 0o700);
  for (const name of names(state.path)) assert.equal(Deno.statSync(`${state.path}/${name}`).mode! & 0o777, 0o600, name);
});

Deno.test("openBaseline() without a folder keeps nothing, and says so", () => {
  using baseline = openBaseline(undefined, { now: () => START });
  assert.deepEqual(baseline.compare({ boot_id: "", figures: [] }).baseline, {
    state: "off",
    snapshots: 0,
    detail: "Not compared with this host's past: no state directory was named.",
  });
  assert.deepEqual(baseline.keep(snapshotOf([], { time: START }), {}), [
    "No state was kept: no state directory was named.",
  ]);
});

Deno.test("claimDiagnosis() lets the same finding be diagnosed once an hour, also when the clock goes back", () => {
  using state = stateDir();
  const [full, other] = ["filesystem.full", "oom.kill"].map((id) => ({
    id,
    severity: "critical" as const,
    title: "",
    evidence: [""],
    meaning: "",
    next: "",
  }));
  let now = START;
  const claim = (...findings: (typeof full)[]): string[] => {
    using baseline = openBaseline(state.path, { now: () => now });
    return baseline.claimDiagnosis(findings.map((each) => each!))!.map(({ id }) => id);
  };
  assert.deepEqual(claim(full), ["filesystem.full"]);
  now += 59 * MINUTE_MS;
  assert.deepEqual(claim(full, other), ["oom.kill"]);
  now += 2 * MINUTE_MS;
  assert.deepEqual(claim(full, other), ["filesystem.full"]);
  now = START - 24 * 60 * MINUTE_MS;
  assert.deepEqual(claim(full), ["filesystem.full"]);
  assert.deepEqual(claim(full), []);
});

Deno.test("500 snapshots in a row: the store stays small, and no descriptor or file is left", () => {
  using state = stateDir();
  const figures = host(1);
  run(state.path, figures(), { time: START });
  const before = descriptors();
  let size_half = 0, slowest_ms = 0;
  for (let i = 1; i <= 500; i++) {
    const began = performance.now();
    // an hour each: three weeks, and every retention has its turn
    const { unkept } = run(state.path, figures(), { time: START + i * 60 * MINUTE_MS });
    slowest_ms = Math.max(slowest_ms, performance.now() - began);
    assert.deepEqual(unkept, []);
    if (i === 250) size_half = Deno.statSync(`${state.path}/baseline.db`).size;
  }
  assert.equal(descriptors(), before);
  assert.deepEqual(names(state.path), ["baseline.db"]);
  const { size } = Deno.statSync(`${state.path}/baseline.db`);
  assert.ok(size < 3 * size_half && size < 30e6, `${size} bytes after 500, ${size_half} after 250`);
});

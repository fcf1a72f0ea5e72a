import assert from "node:assert/strict";
import { costSince, cpuMs, peakBytes } from "../../src/snapshot/cost.ts";

Deno.test("cpuMs() reads own time and that of helpers behind any name", () => {
  const stat = "12 (a) b ( c)) S 1 12 12 0 -1 4194560 100 200 0 0 31 12 7 5 20 0 1 0 1234 0 0";
  assert.deepEqual(cpuMs(stat), { own_ms: 430, helpers_ms: 120 });
  assert.deepEqual(cpuMs(""), { own_ms: 0, helpers_ms: 0 });
});

Deno.test("peakBytes() reads the most memory that there was", () => {
  assert.equal(peakBytes("VmPeak:\t  999 kB\nVmHWM:\t   64512 kB\nVmRSS:\t 1 kB\n"), 64512 * 1024);
  assert.equal(peakBytes(""), 0);
});

Deno.test("costSince() counts helpers from then on, and this process from its start", () => {
  const burn = () =>
    new Deno.Command("sh", { args: ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"] }).outputSync();
  burn();
  const cost = costSince();
  const before = cost();
  burn();
  const after = cost();
  assert.ok(after.cpu_ms > before.cpu_ms);
  assert.ok(before.peak_memory_bytes > 1e7);
});

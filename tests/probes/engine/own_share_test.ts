import assert from "node:assert/strict";
import { OwnShare, ringBytes } from "../../../src/probes/engine/own_share.ts";

const MS = 1_000_000n;

/** A share whose clocks stand where the test puts them. */
function shareOf(percent: number): { share: OwnShare; pass(times: { wall_ms: number; cpu_ms: number }): number } {
  let cpu_ns = 0n, wall_ns = 0n;
  const share = new OwnShare(percent, () => ({ cpu_ns, wall_ns }));
  return {
    share,
    pass: ({ wall_ms, cpu_ms }) => {
      cpu_ns += BigInt(cpu_ms) * MS;
      wall_ns += BigInt(wall_ms) * MS;
      return share.restMs();
    },
  };
}

Deno.test("OwnShare.restMs() lets go on what stays within the share, for ever", () => {
  const { pass } = shareOf(20);
  for (let i = 0; i < 1000; i++) assert.equal(pass({ wall_ms: 10, cpu_ms: 2 }), 0);
});

Deno.test("OwnShare.restMs() rests until the share has made up for what was used", () => {
  const { pass } = shareOf(20);
  // a quarter of a second's share is there to begin with: 50 ms
  assert.equal(pass({ wall_ms: 0, cpu_ms: 50 }), 0);
  assert.equal(pass({ wall_ms: 0, cpu_ms: 10 }), 50);
  assert.equal(pass({ wall_ms: 49, cpu_ms: 0 }) > 0, true);
  assert.equal(pass({ wall_ms: 2, cpu_ms: 0 }), 0);
});

Deno.test("OwnShare.restMs() never rests longer than tracing may wait to be ended, and saves up little", () => {
  const { pass } = shareOf(1);
  assert.equal(pass({ wall_ms: 0, cpu_ms: 1000 }), 200);
  const idle = shareOf(10);
  assert.equal(idle.pass({ wall_ms: 3_600_000, cpu_ms: 0 }), 0);
  assert.equal(idle.pass({ wall_ms: 0, cpu_ms: 25 }), 0);
  assert.equal(idle.pass({ wall_ms: 0, cpu_ms: 1 }), 10);
});

Deno.test("ringBytes() shrinks the buffer with the share, to a power of two", () => {
  const largest = 8 << 20;
  assert.deepEqual(
    [undefined, 100, 50, 20, 5, 1].map((percent) => ringBytes(percent, largest)),
    [largest, largest, 4 << 20, 1 << 20, 256 << 10, 256 << 10],
  );
});

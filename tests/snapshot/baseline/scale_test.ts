import assert from "node:assert/strict";
import { scaled, unscaled, worseWhen } from "../../../src/snapshot/baseline/scale.ts";

Deno.test("worseWhen() takes the limits of a figure, then its name, then its unit", () => {
  const cases = [
    [{ name: "memory.available_bytes", unit: "bytes" }, ["lower"]],
    [{ name: "certificate.left_s", unit: "s", warn: 100, crit: 50 }, ["lower"]],
    [{ name: "filesystem.used_percent", unit: "percent", warn: 80, crit: 90 }, ["higher"]],
    [{ name: "block.await_ms", unit: "ms" }, ["higher"]],
    [{ name: "network.errors_per_s", unit: "per_s" }, ["higher"]],
    [{ name: "network.receive_bytes_per_s", unit: "bytes_per_s" }, ["higher", "lower"]],
    [{ name: "process.count", unit: "count" }, ["higher", "lower"]],
  ] as const;
  for (const [figure, directions] of cases) assert.deepEqual(worseWhen(figure), directions, figure.name);
});

Deno.test("scaled() is a logarithm for what counts, and next to nothing for what does not", () => {
  const apart = (one: number, other: number): number => scaled(other, "us") - scaled(one, "us");
  assert.ok(Math.abs(apart(1e4, 1e5) - Math.log(10)) < 0.01);
  assert.ok(apart(1, 10) < 0.1);
  for (const value of [-5, 0, 0.3, 42, 1e12]) {
    assert.ok(Math.abs(unscaled(scaled(value, "bytes"), "bytes") - value) <= Math.abs(value) * 1e-9);
  }
});

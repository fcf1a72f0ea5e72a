/** What each collector tells of hosts that are written down, sick ones and healthy ones that look like them. */
import assert from "node:assert/strict";
import { collect, told } from "../recorded.ts";
import { CASES } from "./cases/mod.ts";

for (const { name, collector, host, told: expected } of CASES) {
  Deno.test(`${collector.name}: ${name}`, async () => {
    assert.deepEqual(told(await collect(collector, host)), expected);
  });
}

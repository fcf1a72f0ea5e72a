import assert from "node:assert/strict";
import { parseDiskstats } from "../../../src/kernel/host/diskstats.ts";

Deno.test("parseDiskstats() reads the lines of 5.5 and later, and older shorter ones", () => {
  const disks = parseDiskstats(
    " 254       0 vda 10 2 300 40 50 6 700 80 1 90 100 1 2 3 4 5 6\n   8       1 sda1 1 0 8 2 3 0 24 4 0 5 6\n",
  );
  assert.deepEqual(disks.get("254:0"), {
    name: "vda",
    reads: 10,
    read_sectors: 300,
    read_ms: 40,
    writes: 50,
    write_sectors: 700,
    write_ms: 80,
    in_flight: 1,
    discards: 1,
    flushes: 5,
    busy_ms: 90,
  });
  assert.equal(disks.get("8:1")?.writes, 3);
  assert.deepEqual([disks.get("8:1")?.discards, disks.get("8:1")?.flushes], [0, 0]);
});

Deno.test("parseDiskstats() leaves out what is no line of it", () => {
  assert.deepEqual([...parseDiskstats("")], []);
  assert.deepEqual([...parseDiskstats("8 0 sda\nnonsense\n8 0 sda 1 2 3 4 x y\n")], []);
});

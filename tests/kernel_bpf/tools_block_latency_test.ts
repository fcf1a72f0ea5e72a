/** The tool block-latency, against a program that writes a known number of blocks, and against /proc/diskstats. */
import assert from "node:assert/strict";
import { diskCounters } from "../../src/kernel/host/diskstats.ts";
import { blockLatency } from "../../src/probes/tools/block_latency.ts";
import { assertCounted, rowsOf, runTool } from "../support/tools.ts";
import { DirectWriter, loopDevice } from "../support/direct_writer.ts";

const BLOCKS = 6, BLOCK_BYTES = 65_536;

for (const way of [0, 1]) {
  const { source } = blockLatency.ways[way]!;
  Deno.test(`block-latency: the requests of a process, their bytes and times; ${source}`, async () => {
    await using writer = new DirectWriter({ blocks: BLOCKS, block_bytes: BLOCK_BYTES });
    const before = diskCounters();
    let is_on_disk = false;
    const start = performance.now();
    const traced = await runTool("block-latency", async () => {
      is_on_disk = await writer.go();
    }, { way, filters: { pid: writer.pid } }).catch((error: unknown) => String(error));
    // block_io_start is 6.5's
    if (typeof traced === "string") return assert.match(traced, /no tracepoint block:block_io_start/);
    const lasted_ns = (performance.now() - start) * 1e6;
    const { reading, event_count, lost_events } = traced;
    assert.equal(lost_events, 0);
    if (!is_on_disk) return assert.equal(event_count, 0);
    const writes = rowsOf(reading, "requests").filter(({ operation }) => operation === "write");
    // on a disk that is shared a request may be merged into another's, and one that had to wait be issued by the kernel
    assert.ok(writes.length <= 1, JSON.stringify(writes));
    if (writes.length === 0) return;
    const [{ device, process_id, errors, bytes, count, mean_latency, longest } = {}] = writes;
    assert.deepEqual([process_id, errors], [writer.pid, 0]);
    assert.ok(Number(count) >= 1 && Number(mean_latency) > 0 && Number(longest) < lasted_ns);
    // others write as well, and theirs may be merged into ours: the kernel's own count is at least that
    const diskOf = (all: ReturnType<typeof diskCounters>) => [...all.values()].find(({ name }) => name === device);
    const written = diskOf(diskCounters())!.write_sectors - diskOf(before)!.write_sectors;
    assert.ok(512 * written >= Number(bytes), `${written} sectors`);
  });
}

Deno.test("block-latency: all of a disk's requests are as many as /proc/diskstats counts", async () => {
  await using writer = new DirectWriter({ blocks: 50, block_bytes: 4096 });
  const requestsOf = (): number => [...diskCounters()].reduce((sum, [, { reads, writes }]) => sum + reads + writes, 0);
  const before = requestsOf();
  let inner = 0, inner_start = 0, is_on_disk = false;
  const { event_count, missed_hits = 0 } = await runTool("block-latency", async () => {
    inner_start = requestsOf();
    is_on_disk = await writer.go();
    inner = requestsOf() - inner_start;
  });
  const outer = requestsOf() - before;
  // flushes and discards are in diskstats' own columns; partitions would count twice: only bounds can be asserted
  if (is_on_disk) assert.ok(event_count + missed_hits >= Math.min(50, inner), `${event_count} of ${inner} to ${outer}`);
});

Deno.test("block-latency: what a process writes into the page cache is no request of it, and others are kept out", async () => {
  await using writer = new DirectWriter({ blocks: 4, block_bytes: 4096, is_cached: true });
  await using other = new DirectWriter({ blocks: 4, block_bytes: 4096 });
  const { event_count } = await runTool("block-latency", async () => {
    await writer.go();
    await other.go();
  }, { filters: { pid: writer.pid } });
  assert.equal(event_count, 0);
});

Deno.test("block-latency: without BPF the counters of /proc/diskstats", async () => {
  await using writer = new DirectWriter({ blocks: 20, block_bytes: 4096 });
  let is_on_disk = false;
  const { reading } = await runTool("block-latency", async () => {
    is_on_disk = await writer.go();
  }, { way: 2 });
  if (is_on_disk) assert.ok(Number(reading.figures["requests"]) >= 20, JSON.stringify(reading.figures));
});

for (const way of [0, 1]) {
  Deno.test(`block-latency: on a disk that nobody else uses exactly what /proc/diskstats counts; ${blockLatency.ways[way]!.source}`, async () => {
    await using disk = await loopDevice(1 << 20);
    if (disk === undefined) return; // no loop devices here
    await using writer = new DirectWriter({ blocks: 32, block_bytes: 4096, device: disk.path });
    const name = disk.path.replace("/dev/", "");
    const counters = () => [...diskCounters().values()].find((one) => one.name === name)!;
    const before = counters();
    const traced = await runTool("block-latency", () => writer.go(), { way }).catch((error: unknown) => String(error));
    if (typeof traced === "string") return assert.match(traced, /no tracepoint block:block_io_start/);
    const after = counters();
    const rows = rowsOf(traced.reading, "requests").filter(({ device }) => device === name);
    const writes = rows.filter(({ operation }) => operation === "write");
    const sum = (column: string): number => writes.reduce((sum, row) => sum + Number(row[column]), 0);
    // a completion that interrupts another program on its CPU is skipped, and told
    assertCounted(sum("count"), after.writes - before.writes, traced);
    assert.deepEqual([512 * (after.write_sectors - before.write_sectors), sum("errors")], [32 * 4096, 0]);
    if (!traced.missed_hits) assert.equal(sum("bytes"), 32 * 4096);
    // without block_io_start one that had to wait is the thread's that issued it
    if (way === 0) assert.deepEqual(writes.map(({ process_id }) => process_id), [writer.pid]);
  });
}

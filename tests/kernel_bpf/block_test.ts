/** Requests to disks and their parts, decoded, held against what the kernel's own events print. */
import assert from "node:assert/strict";
import { DirectWriter } from "../support/direct_writer.ts";
import { traceDuring } from "../support/tracing.ts";

const BLOCKS = 4;
const BLOCK_BYTES = 65_536;

type Fields = Readonly<Record<string, unknown>>;

function pick({ device, sector, bytes }: Fields): string {
  return `${device} ${sector} ${bytes}`;
}

Deno.test("a struct request and a struct bio show device, sector, bytes and operation as the kernel's event prints them", async () => {
  await using writer = new DirectWriter({ blocks: BLOCKS, block_bytes: BLOCK_BYTES });
  const by_dd = { filters: { pid: writer.pid } };
  let to_disk = false;
  const [requests, bios, events] = await traceDuring([
    { type: "raw_tracepoint", target: "block_rq_issue", ...by_dd },
    { type: "raw_tracepoint", target: "block_bio_queue", ...by_dd },
    { type: "tracepoint", target: "block/block_rq_issue", ...by_dd },
  ], async () => {
    to_disk = await writer.go();
  }, { rate_per_s: 0 });
  for (const { error } of [requests!, bios!, events!]) assert.equal(error, undefined);
  const data = (result: typeof requests): Fields[] => result!.events.map((event) => event.data);
  const issued = data(requests).map((fields) => Object.values(fields).at(-1) as Fields);
  const queued = data(bios).map((fields) => Object.values(fields).at(-1) as Fields);
  const printed = data(events).map(({ dev, sector, nr_sector }) =>
    pick({ device: dev, sector, bytes: Number(nr_sector) * 512 })
  );
  assert.deepEqual(issued.map(pick), printed);
  if (!to_disk) return assert.deepEqual([issued, queued], [[], []]);
  const bytes = (all: readonly Fields[]): number =>
    all.filter(({ operation }) => operation === "WRITE").reduce((sum, fields) => sum + Number(fields["bytes"]), 0);
  assert.equal(bytes(issued), BLOCKS * BLOCK_BYTES);
  assert.equal(bytes(queued), BLOCKS * BLOCK_BYTES);
});

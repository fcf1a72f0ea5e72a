/** Requests to disks and their parts, decoded, held against what the kernel's own events print. */
import assert from "node:assert/strict";
import { traceDuring } from "../support/tracing.ts";

const BLOCKS = 4;
const BLOCK_BYTES = 65_536;
const FOLDER = new URL("../../build/tests", import.meta.url).pathname;

/** A dd that waits to be told, so that it is not one of the session's own processes. It writes past the page cache. */
class Writer implements AsyncDisposable {
  readonly #file = Deno.makeTempFileSync({ dir: FOLDER });
  readonly #child = new Deno.Command("sh", {
    args: ["-c", 'read go; exec dd if=/dev/zero of="$1" bs=$2 count=$3 oflag=direct conv=notrunc', "sh", this.#file]
      .concat([`${BLOCK_BYTES}`, `${BLOCKS}`]),
    stdin: "piped",
    stderr: "null",
  }).spawn();

  get pid(): number {
    return this.#child.pid;
  }

  /** @returns whether the file system can do it, and lies on a disk */
  async go(): Promise<boolean> {
    const input = this.#child.stdin.getWriter();
    await input.write(new TextEncoder().encode("go\n"));
    await input.close();
    const { success } = await this.#child.status;
    // what lies on no disk (tmpfs, an overlay on it, virtiofs) has a device number of its own, with major 0
    return success && majorOf((await Deno.stat(this.#file)).dev) !== 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.status;
    await Deno.remove(this.#file);
  }
}

/** gnu_dev_major(3), as far as Linux uses it. */
function majorOf(device: number): number {
  return (device >> 8) & 0xfff;
}

type Fields = Readonly<Record<string, unknown>>;

function pick({ device, sector, bytes }: Fields): string {
  return `${device} ${sector} ${bytes}`;
}

Deno.test("a struct request and a struct bio show device, sector, bytes and operation as the kernel's event prints them", async () => {
  await Deno.mkdir(FOLDER, { recursive: true });
  await using writer = new Writer();
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

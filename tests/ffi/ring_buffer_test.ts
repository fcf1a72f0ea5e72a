/** The reading end of a ring buffer, over memory that the test writes as the kernel would. */
import assert from "node:assert/strict";
import { Libc, type Mapping } from "../../src/ffi/libc.ts";
import { RingBuffer } from "../../src/ffi/ring_buffer.ts";

const PAGE = 4096, BYTES = 4096;
const BUSY = 0x8000_0000, DISCARDED = 0x4000_0000;

/** The kernel's side of a ring buffer. */
class Ring extends Libc {
  readonly #consumer = new ArrayBuffer(PAGE);
  readonly #producer = new ArrayBuffer(PAGE + BYTES);
  readonly #data = new DataView(this.#producer, PAGE);
  readonly #words = new BigUint64Array(this.#producer, 0, 1);
  mapped = 0;
  /** Number of the mapping that fails, counted from 1. */
  refuse = 0;

  override pageBytes(): number {
    return PAGE;
  }

  override map(_fd: number, { writable }: { readonly writable: boolean }): Mapping {
    if (++this.mapped === this.refuse) throw new Error("no memory");
    return { bytes: writable ? this.#consumer : this.#producer, [Symbol.dispose]: () => void this.mapped-- };
  }

  /** Starts at a position as after a long time. */
  startAt(position: bigint): void {
    this.#words[0] = position;
    new BigUint64Array(this.#consumer, 0, 1)[0] = position;
  }

  /** Reserves and fills a record; `flags` is what its header says besides its length. Returns where it stands. */
  write(bytes: readonly number[], flags = 0): number {
    const at = Number((this.#words[0] ?? 0n) % BigInt(BYTES));
    for (const [i, byte] of bytes.entries()) this.#data.setUint8((at + 8 + i) % BYTES, byte);
    this.setHeader(at, bytes.length + flags);
    this.#words[0] = (this.#words[0] ?? 0n) + BigInt((bytes.length + 8 + 7) & ~7);
    return at;
  }

  setHeader(at: number, value: number): void {
    this.#data.setUint32(at, value, true);
  }
}

function drained(ring: RingBuffer): number[][] {
  const records: number[][] = [];
  const count = ring.drain((view, at, length) => {
    records.push([...new Uint8Array(view.buffer, view.byteOffset + at, length)]);
  });
  assert.equal(count, records.length);
  return records;
}

function opened(): { kernel: Ring; ring: RingBuffer; [Symbol.dispose](): void } {
  const kernel = new Ring();
  const ring = new RingBuffer(kernel, 3, BYTES);
  return {
    kernel,
    ring,
    [Symbol.dispose]: () => {
      ring[Symbol.dispose]();
      kernel[Symbol.dispose]();
    },
  };
}

Deno.test("RingBuffer hands over records once, in order, and nothing when there is nothing", () => {
  using both = opened();
  const { kernel, ring } = both;
  assert.deepEqual(drained(ring), []);
  kernel.write([1, 2, 3]);
  kernel.write([]);
  kernel.write([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.deepEqual(drained(ring), [[1, 2, 3], [], [4, 5, 6, 7, 8, 9, 10, 11, 12]]);
  assert.deepEqual(drained(ring), []);
});

Deno.test("RingBuffer puts records together that go round the end, at any position", () => {
  using both = opened();
  const { kernel, ring } = both;
  kernel.startAt(2n ** 60n - 16n);
  const long = Array.from({ length: 100 }, (_, i) => i);
  for (let round = 0; round < 200; round++) {
    kernel.write(long);
    kernel.write([round]);
    assert.deepEqual(drained(ring), [long, [round]]);
  }
});

Deno.test("RingBuffer waits for a record that is not finished, and then has what follows it too", () => {
  using both = opened();
  const { kernel, ring } = both;
  kernel.write([1]);
  const busy = kernel.write([2], BUSY);
  kernel.write([3]);
  const end = ring.reserved;
  assert.deepEqual(drained(ring), [[1]]);
  assert.deepEqual(drained(ring), []);
  assert.ok(ring.taken < end, "an empty drain does not mean that the ring buffer is empty");
  kernel.setHeader(busy, 1);
  assert.deepEqual(drained(ring), [[2], [3]]);
  assert.equal(ring.taken, end);
});

Deno.test("RingBuffer passes over discarded records, and is not at its end because of them", () => {
  using both = opened();
  const { kernel, ring } = both;
  kernel.write([1, 2, 3], DISCARDED);
  const end = ring.reserved;
  assert.deepEqual(drained(ring), []);
  assert.equal(ring.taken, end);
  kernel.write([4]);
  assert.ok(ring.taken < ring.reserved);
  assert.deepEqual(drained(ring), [[4]]);
});

Deno.test("RingBuffer gives its mappings back, also when the second one is refused", () => {
  {
    using both = opened();
    assert.equal(both.kernel.mapped, 2);
    both.ring[Symbol.dispose]();
    assert.equal(both.kernel.mapped, 0);
  }
  using kernel = new Ring();
  kernel.refuse = 2;
  assert.throws(() => new RingBuffer(kernel, 3, BYTES), /no memory/);
  assert.equal(kernel.mapped, 1, "the refused one, and no other");
});

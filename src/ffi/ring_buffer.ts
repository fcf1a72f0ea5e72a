/**
 * Reads a BPF ring buffer from its mapping: no system call and no callback per event.
 *
 * Layout (kernel/bpf/ringbuf.c): one page with the consumer's position, one with the producer's, then the data. A record
 * is a u32 length with two flag bits, a u32 that is the kernel's own, then the bytes, padded to 8.
 */
import type { Libc, Mapping } from "./libc.ts";

const BUSY = 0x8000_0000, DISCARDED = 0x4000_0000;
const HEADER_BYTES = 8;

/** Receives one record: `length` bytes from `offset`, valid during the call only. */
export type Visit = (record: DataView<ArrayBuffer>, offset: number, length: number) => void;

/**
 * The reading end of one ring buffer map.
 *
 * Committed records are first copied out in one piece and handed on from there: the kernel gets its room back at once,
 * no view of shared memory leaves this file, and the data need not be mapped twice for records that wrap.
 */
export class RingBuffer implements Disposable {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #consumed: BigUint64Array<ArrayBuffer>;
  readonly #produced: BigUint64Array<ArrayBuffer>;
  readonly #headers: Int32Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #mask: number;
  readonly #copy: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;

  /** @param bytes size of the map: a power of two, a multiple of the page size */
  constructor(libc: Libc, fd: number, bytes: number) {
    const page = libc.pageBytes();
    using stack = new DisposableStack();
    this.#consumer = stack.use(libc.map(fd, { offset: 0, length: page, writable: true }));
    this.#producer = stack.use(libc.map(fd, { offset: page, length: page + bytes, writable: false }));
    this.#consumed = new BigUint64Array(this.#consumer.bytes, 0, 1);
    this.#produced = new BigUint64Array(this.#producer.bytes, 0, 1);
    this.#headers = new Int32Array(this.#producer.bytes, page, bytes >> 2);
    this.#data = new Uint8Array(this.#producer.bytes, page, bytes);
    this.#mask = bytes - 1;
    this.#copy = new Uint8Array(Math.min(bytes, 256 << 10));
    this.#view = new DataView(this.#copy.buffer);
    stack.move();
  }

  /** Bytes that programs have reserved up to now, committed or not; a record that is reserved later lies behind. */
  get reserved(): bigint {
    return Atomics.load(this.#produced, 0);
  }

  /** Bytes that were handed over. */
  get taken(): bigint {
    return Atomics.load(this.#consumed, 0);
  }

  /** Hands over what is there now; returns the number of records, at most about 256 KiB worth. */
  drain(visit: Visit): number {
    const from = Atomics.load(this.#consumed, 0);
    const available = Number(Atomics.load(this.#produced, 0) - from);
    const start = Number(from & BigInt(this.#mask));
    const ready = this.#committed(start, Math.min(available, this.#copy.length));
    if (ready === 0) return 0;
    this.#copyOut(start, ready);
    Atomics.store(this.#consumed, 0, from + BigInt(ready));
    return this.#visitAll(ready, visit);
  }

  [Symbol.dispose](): void {
    this.#consumer[Symbol.dispose]();
    this.#producer[Symbol.dispose]();
  }

  /** Bytes from `start` that are whole, committed records, within `limit`. */
  #committed(start: number, limit: number): number {
    let bytes = 0;
    while (bytes < limit) {
      // ordered before the record's bytes: the kernel clears the flag last, with a release
      const header = Atomics.load(this.#headers, ((start + bytes) & this.#mask) >> 2);
      if ((header & BUSY) !== 0) break;
      const next = bytes + recordBytes(header);
      if (next > limit) break;
      bytes = next;
    }
    return bytes;
  }

  #copyOut(start: number, bytes: number): void {
    const first = Math.min(bytes, this.#data.length - start);
    this.#copy.set(this.#data.subarray(start, start + first));
    if (first < bytes) this.#copy.set(this.#data.subarray(0, bytes - first), first);
  }

  #visitAll(bytes: number, visit: Visit): number {
    let records = 0;
    for (let at = 0; at < bytes;) {
      const header = this.#view.getInt32(at, true);
      if ((header & DISCARDED) === 0) {
        visit(this.#view, at + HEADER_BYTES, header);
        records++;
      }
      at += recordBytes(header);
    }
    return records;
  }
}

function recordBytes(header: number): number {
  return ((header & ~(BUSY | DISCARDED)) + HEADER_BYTES + 7) & ~7;
}

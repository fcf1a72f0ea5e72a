/** `--max-cpu`: how much of a CPU the reading of events may take. */

/** Used at once after idling, in seconds of the share. */
const BURST_S = 0.25;
/** Longest rest in one piece, so that tracing can be ended in between. */
const MAX_REST_MS = 200;
/** A few hundred events; the kernel takes any power of two that is whole pages, and pages may have 64 KiB. */
const SMALLEST_RING_BYTES = 256 << 10;

export interface Clocks {
  /** CPU time that this process has used, all threads together. */
  readonly cpu_ns: bigint;
  readonly wall_ns: bigint;
}

/**
 * Says when to rest: what is read and decoded is never cut short, but then nothing is read until the share allows more.
 * Meanwhile the kernel counts every hit as before, and the events that find the ring buffer full as lost.
 */
export class OwnShare {
  readonly #share: number;
  readonly #now: () => Clocks;
  #last: Clocks;
  /** CPU time that may be used; below zero, what was used too much. */
  #allowed_ns: number;

  /** @param percent of one CPU */
  constructor(percent: number, now: () => Clocks) {
    this.#share = percent / 100;
    this.#now = now;
    this.#last = now();
    this.#allowed_ns = this.#burst_ns;
  }

  /** Milliseconds to rest now; 0: go on. */
  restMs(): number {
    const now = this.#now();
    const earned_ns = Number(now.wall_ns - this.#last.wall_ns) * this.#share;
    const used_ns = Number(now.cpu_ns - this.#last.cpu_ns);
    this.#last = now;
    this.#allowed_ns = Math.min(this.#burst_ns, this.#allowed_ns + earned_ns - used_ns);
    return this.#allowed_ns >= 0 ? 0 : Math.min(MAX_REST_MS, -this.#allowed_ns / this.#share / 1e6);
  }

  get #burst_ns(): number {
    return BURST_S * this.#share * 1e9;
  }
}

/** A ring buffer whose content, read at the end in one go, takes no more than about a second's share. */
export function ringBytes(percent: number | undefined, largest: number): number {
  if (percent === undefined || percent >= 100) return largest;
  const bytes = largest * percent / 100;
  return Math.max(SMALLEST_RING_BYTES, 2 ** Math.floor(Math.log2(bytes)));
}

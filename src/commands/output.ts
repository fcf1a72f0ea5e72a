/** Output of a program in bounded memory: its beginning and its end are kept. */

export interface Captured {
  readonly text: string;
  readonly total_bytes: number;
  /** 0 when everything was kept. */
  readonly cut_bytes: number;
}

/** Keeps the first and the last half of a limit, whatever passes through. */
export class HeadAndTail {
  readonly #head: Uint8Array;
  readonly #ring: Uint8Array;
  #total = 0;

  /** @param limit_bytes kept at most, half of it from the beginning, the other half from the end */
  constructor(limit_bytes: number) {
    this.#head = new Uint8Array(Math.ceil(limit_bytes / 2));
    this.#ring = new Uint8Array(limit_bytes - this.#head.length);
  }

  write(chunk: Uint8Array): void {
    const forHead = Math.max(0, Math.min(chunk.length, this.#head.length - this.#total));
    if (forHead > 0) this.#head.set(chunk.subarray(0, forHead), this.#total);
    this.#writeRing(chunk.subarray(forHead), Math.max(0, this.#total - this.#head.length));
    this.#total += chunk.length;
  }

  /** The text with the cut marked where it is; bytes that are not UTF-8 become U+FFFD. */
  finish(): Captured {
    const head = this.#head.subarray(0, Math.min(this.#total, this.#head.length));
    const tail = this.#tail();
    const cut_bytes = this.#total - head.length - tail.length;
    if (cut_bytes === 0) return { text: decode(concat(head, tail)), total_bytes: this.#total, cut_bytes };
    const text = `${decode(head, "cut-at-end")}\n[ktriage: ${cut_bytes} bytes cut here]\n${
      decode(tail, "cut-at-start")
    }`;
    return { text, total_bytes: this.#total, cut_bytes };
  }

  /** @param position bytes that have gone through the ring before */
  #writeRing(bytes: Uint8Array, position: number): void {
    const size = this.#ring.length;
    if (size === 0 || bytes.length === 0) return;
    const last = bytes.subarray(Math.max(0, bytes.length - size));
    const start = (position + bytes.length - last.length) % size;
    const untilEnd = last.subarray(0, size - start);
    this.#ring.set(untilEnd, start);
    this.#ring.set(last.subarray(untilEnd.length), 0);
  }

  #tail(): Uint8Array {
    const passed = Math.max(0, this.#total - this.#head.length);
    if (passed <= this.#ring.length) return this.#ring.subarray(0, passed);
    const start = passed % this.#ring.length;
    return concat(this.#ring.subarray(start), this.#ring.subarray(0, start));
  }
}

/** A character that the cut went through is left out, so that it does not look like broken output. */
function decode(bytes: Uint8Array, cut?: "cut-at-end" | "cut-at-start"): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  if (cut === "cut-at-end") return decoder.decode(bytes, { stream: true });
  let start = 0;
  while (cut === "cut-at-start" && start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return decoder.decode(bytes.subarray(start));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

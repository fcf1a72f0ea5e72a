/** Output of a program in bounded memory: its beginning and its end are kept. */
import { describeBinary, encodingOf } from "./binary.ts";

const NEWLINE = 0x0a;

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

  readonly #lines: number;

  /**
   * @param limit_bytes kept at most, half of it from the beginning, the other half from the end
   * @param limit_lines likewise; default 2000
   */
  constructor(limit_bytes: number, limit_lines = 2000) {
    this.#lines = limit_lines;
    this.#head = new Uint8Array(Math.ceil(limit_bytes / 2));
    this.#ring = new Uint8Array(limit_bytes - this.#head.length);
  }

  write(chunk: Uint8Array): void {
    const forHead = Math.max(0, Math.min(chunk.length, this.#head.length - this.#total));
    if (forHead > 0) this.#head.set(chunk.subarray(0, forHead), this.#total);
    this.#writeRing(chunk.subarray(forHead), Math.max(0, this.#total - this.#head.length));
    this.#total += chunk.length;
  }

  /** The text with the cut marked where it is, decoded as what it looks like; what is not text is described. */
  finish(): Captured {
    const kept_head = this.#head.subarray(0, Math.min(this.#total, this.#head.length));
    const kept_tail = this.#tail();
    const total_bytes = this.#total;
    const text = describeBinary(kept_head, total_bytes);
    if (text !== undefined) return { text, total_bytes, cut_bytes: 0 };
    const encoding = encodingOf(kept_head);
    const [head, tail] = this.#total > kept_head.length + kept_tail.length
      ? [firstLines(kept_head, this.#lines >> 1), lastLines(kept_tail, this.#lines >> 1)]
      : withinLines(concat(kept_head, kept_tail), this.#lines);
    const cut_bytes = total_bytes - head.length - tail.length;
    if (cut_bytes === 0) return { text: decode(concat(head, tail), encoding), total_bytes, cut_bytes };
    const parts = [decode(head, encoding, "cut-at-end"), decode(tail, encoding, "cut-at-start")];
    return { text: parts.join(`\n[ktriage: ${cut_bytes} bytes cut here]\n`), total_bytes, cut_bytes };
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

/** All, or the first and the last half of so many lines. */
function withinLines(bytes: Uint8Array, lines: number): readonly [Uint8Array, Uint8Array] {
  const head = firstLines(bytes, lines >> 1);
  const tail = lastLines(bytes.subarray(head.length), lines >> 1);
  return [head, tail];
}

/** Without the last line's end, where something is cut behind it. */
function firstLines(bytes: Uint8Array, lines: number): Uint8Array {
  let at = -1;
  for (let line = 0; line < lines; line++) {
    at = bytes.indexOf(NEWLINE, at + 1);
    if (at < 0) return bytes;
  }
  return bytes.subarray(0, at + 1);
}

function lastLines(bytes: Uint8Array, lines: number): Uint8Array {
  let at = bytes.at(-1) === NEWLINE ? bytes.length - 1 : bytes.length;
  for (let line = 0; line < lines; line++) {
    at = at === 0 ? -1 : bytes.lastIndexOf(NEWLINE, at - 1);
    if (at < 0) return bytes;
  }
  return bytes.subarray(at + 1);
}

/** A character that the cut went through is left out, so that it does not look like broken output. */
function decode(bytes: Uint8Array, encoding: string, cut?: "cut-at-end" | "cut-at-start"): string {
  const decoder = new TextDecoder(encoding, { ignoreBOM: encoding === "utf-8" });
  if (cut === "cut-at-end") return decoder.decode(bytes, { stream: true });
  let start = 0;
  while (cut === "cut-at-start" && encoding === "utf-8" && start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return decoder.decode(bytes.subarray(start));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** Counts the lines of a stream that begin alike. */

/** What a tool says beside its events begins otherwise: a summary, what it has attached. */
export class LineCounter {
  count = 0;
  #line: Uint8Array = new Uint8Array(0);
  #last: Uint8Array = new Uint8Array(0);
  readonly #prefix: Uint8Array;

  constructor(prefix: string) {
    this.#prefix = new TextEncoder().encode(prefix);
  }

  add(bytes: Uint8Array): void {
    const text = this.#line.length === 0 ? bytes : joined(this.#line, bytes);
    let start = 0;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
      if (this.#matches(text, start)) this.count++;
      this.#last = text.subarray(start, end);
      start = end + 1;
    }
    this.#line = text.slice(start);
  }

  /** The last complete line. */
  last(): string {
    return new TextDecoder().decode(this.#last);
  }

  #matches(text: Uint8Array, start: number): boolean {
    for (let at = 0; at < this.#prefix.length; at++) if (text[start + at] !== this.#prefix[at]) return false;
    return true;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

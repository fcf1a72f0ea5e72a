/** Reading where a part may be missing or hidden: what could not be read is remembered, and the rest goes on. */
import type { Collected, Sources } from "../collector.ts";

/** What a collector could not read. */
export class Gaps {
  readonly #gaps = new Map<string, string>();

  /** The value, or undefined with the reason noted. */
  try<T>(what: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.note(what, error);
      return undefined;
    }
  }

  note(what: string, error: unknown): void {
    this.#gaps.set(what, error instanceof Error ? error.message : String(error));
  }

  /** For {@link Collected}: `partial` when something was noted. */
  state(): Pick<Collected, "state"> {
    if (this.#gaps.size === 0) return {};
    const told = [...this.#gaps].slice(0, 3).map(([what, why]) => `${what}: ${why}`).join("; ");
    const more = this.#gaps.size > 3 ? `; and ${this.#gaps.size - 3} more` : "";
    return { state: { state: "partial", detail: `could not read ${told}${more}` } };
  }
}

/** For a host that has no such thing. */
export function absent(detail: string): Collected {
  return { figures: [], findings: [], state: { state: "absent", detail } };
}

/** The file's text; undefined where it is missing or may not be read, where that says nothing about the host. */
export function quiet(sources: Sources, path: string): string | undefined {
  try {
    return sources.text(path);
  } catch {
    return undefined;
  }
}

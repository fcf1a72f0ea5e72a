/** Calls of the C library that are made to be seen by a probe: what goes in and comes out is known to the caller. */
import { cString } from "./libc.ts";
import { knownCallSymbols } from "./libc_symbols.ts";

/** The function that {@link KnownCalls.numberIn} calls, as a request names it. */
export const NUMBER_FUNCTION = "libc:atoi";

export class KnownCalls implements Disposable {
  readonly #lib = Deno.dlopen("libc.so.6", knownCallSymbols);

  /** atoi(3) */
  numberIn(text: string): number {
    return this.#lib.symbols.atoi(cString(text));
  }

  [Symbol.dispose](): void {
    this.#lib.close();
  }
}

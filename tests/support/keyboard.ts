/** A keyboard whose lines a test types. */
import type { Keyboard } from "../../src/cli/keyboard.ts";

export interface TypedKeyboard extends Keyboard {
  /** A line, or null for Ctrl-D. */
  type(line: string | null): void;
}

export function typedKeyboard(): TypedKeyboard {
  const typed: (string | null)[] = [];
  let reader: ((line: string | null) => void) | undefined;
  return {
    isHeeded: () => true,
    type(line): void {
      if (reader === undefined) return void typed.push(line);
      reader(line);
      reader = undefined;
    },
    line(): Promise<string | null> {
      const { promise, resolve } = Promise.withResolvers<string | null>();
      const line = typed.shift();
      if (line === undefined) reader = resolve;
      else resolve(line);
      return promise;
    },
  };
}

/** Lets everything that is due happen: promises that settle one another, not timers. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

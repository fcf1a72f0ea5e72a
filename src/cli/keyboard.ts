/**
 * Lines that a person types.
 *
 * The terminal stays as it is, in its line mode: what is typed is shown and edited by the kernel, and there is nothing
 * that a program which is killed could leave behind.
 */
import { setTimeout as delay } from "node:timers/promises";
import { SystemCalls } from "../ffi/confine.ts";

const STDIN = 0;
const FOR_EVER = -1;
/** The longest line that a terminal hands out. */
const MAX_LINE_BYTES = 4096;
/** How often a process in the background looks whether it is in the foreground again. */
const BACKGROUND_MS = 500;

export interface Keyboard {
  /** The next line, without its end; null at the end of input (Ctrl-D, or a terminal that is gone). One at a time. */
  line(): Promise<string | null>;
  /** Whether anybody types here now: to a program in the background nobody does. */
  isHeeded(): boolean;
}

/**
 * Standard input, which is a terminal.
 *
 * It is read only when a line is there, and only in the foreground: who reads a terminal in the background is stopped
 * (SIGTTIN), and `ktriage diagnose … &` must go on.
 */
export function standardKeyboard(): Keyboard {
  // never closed: somebody may wait in it until the process ends
  const system = new SystemCalls();
  return {
    isHeeded,
    async line(): Promise<string | null> {
      for (;;) {
        const found = await system.waitReadable(STDIN, FOR_EVER);
        if (!isHeeded()) await delay(BACKGROUND_MS);
        else if (found !== "nothing") return await readLine();
      }
    },
  };
}

function isHeeded(): boolean {
  return isInForeground(Deno.readTextFileSync("/proc/self/stat"));
}

/**
 * Whether a process may read its terminal without being stopped.
 *
 * @param stat `/proc/<pid>/stat`
 */
export function isInForeground(stat: string): boolean {
  // the name in front may hold spaces and parentheses
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return terminal === "0" || foreground === group || foreground === "-1";
}

async function readLine(): Promise<string | null> {
  const bytes = new Uint8Array(MAX_LINE_BYTES);
  try {
    const length = await Deno.stdin.read(bytes);
    return length === null ? null : new TextDecoder().decode(bytes.subarray(0, length)).replace(/\r?\n$/, "");
  } catch {
    return null; // the terminal is gone
  }
}

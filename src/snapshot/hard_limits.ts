/** What a snapshot may take of time and memory, whatever hangs. */
import { SystemCalls } from "../ffi/confine.ts";

export interface HardLimitsOptions {
  readonly timeout_ms: number;
}

/** Behind the time limit: what was seen is judged, written and printed in it. Then the kernel ends the process. */
const GRACE_MS = 10_000;
/** Twice what a snapshot of ten thousand processes takes. */
const MAX_RSS_BYTES = 256 << 20;
const LOOK_MS = 500;
const PAGE_BYTES = 4096;
const ITIMER_REAL = 0;
/** struct itimerval: interval and value, in seconds and microseconds each. */
const ITIMERVAL_BYTES = 32, VALUE_S_AT = 16, VALUE_US_AT = 24;

/**
 * Ends the waiting when time or memory is used up, and has the kernel end the whole process (SIGALRM) should even that not
 * happen: a read of /proc that never returns stops JavaScript, but not the kernel's timer.
 */
export class HardLimits implements Disposable {
  /** What could not be bounded. */
  readonly notes: string[] = [];
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #memory: ReturnType<typeof setInterval>;

  constructor({ timeout_ms }: HardLimitsOptions) {
    const end = (): void => this.#controller.abort();
    this.#timer = setTimeout(end, timeout_ms);
    this.#memory = setInterval(() => residentBytes() > MAX_RSS_BYTES && end(), LOOK_MS);
    Deno.unrefTimer(this.#memory);
    this.#alarm(timeout_ms + GRACE_MS);
  }

  /** Aborted when nothing is waited for any more. */
  get deadline(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lifts them: what follows has limits of its own. */
  release(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#memory);
    this.#alarm(0);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** @param ms 0 takes it back */
  #alarm(ms: number): void {
    try {
      using system = new SystemCalls();
      const value = new DataView(new ArrayBuffer(ITIMERVAL_BYTES));
      value.setBigInt64(VALUE_S_AT, BigInt(Math.floor(ms / 1000)), true);
      value.setBigInt64(VALUE_US_AT, BigInt(Math.round(ms % 1000) * 1000), true);
      system.call("setitimer", ITIMER_REAL, new Uint8Array(value.buffer), 0);
    } catch (error) {
      this.notes.push(`Nothing ends this run should it hang: ${error instanceof Error ? error.message : error}.`);
    }
  }
}

/** The second figure of proc_pid_statm(5), in pages. */
function residentBytes(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/self/statm").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

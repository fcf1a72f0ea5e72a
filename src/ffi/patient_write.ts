/** Writing to a reader that may take nothing for a while, without being deaf to signals meanwhile. */
import { SystemCalls } from "./confine.ts";

/** A pipe that can be written takes at least so much at once: PIPE_BUF, pipe(7). It holds its bytes in pages of that size. */
const PAGE_BYTES = 4096;
/** Of what is no pipe: a terminal takes what it can, a file takes all. */
const PIECE_BYTES = 1 << 16;
const F_GETPIPE_SZ = 1032, FIONREAD = 0x541b;
/** After so long the reader has stopped: it is a pager, or itself stopped. */
const STALLED_S = 1n;
const POLLOUT = 4;
const EINTR = 4;
/** The kernel's struct sigaction, and its set of signals. */
const ACTION_BYTES = 32, SET_BYTES = 8;
const SIG_IGN = 1n;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Deno hears of a signal when it next comes round, which a write that waits for its reader keeps it from. So while that
 * lasts, signals do what they do to other programs: end this one at once; the kernel takes back what it has attached.
 */
export class PatientWrites implements Disposable {
  readonly #system = new SystemCalls();
  /** Bytes that each descriptor holds, where it is a pipe; negative where not. */
  readonly #capacities = new Map<number, number>();

  /** Writes a piece with `write` once the reader takes one; returns what that returns. */
  write(fd: number, bytes: Uint8Array, write: (piece: Uint8Array) => number): number {
    const room = this.#room(fd);
    if (room > 0) return write(bytes.subarray(0, room));
    if (!this.#takes(fd, STALLED_S)) this.#wait(fd);
    return write(bytes.subarray(0, this.#isPipe(fd) ? PAGE_BYTES : PIECE_BYTES));
  }

  [Symbol.dispose](): void {
    this.#system[Symbol.dispose]();
  }

  #isPipe(fd: number): boolean {
    return this.#capacity(fd) > 0;
  }

  #capacity(fd: number): number {
    const known = this.#capacities.get(fd) ?? this.#system.attempt("fcntl", fd, F_GETPIPE_SZ);
    this.#capacities.set(fd, known);
    return known;
  }

  /** Bytes that a pipe takes at once, or less: its first page may have been read in part, the last one be written in part. */
  #room(fd: number): number {
    if (!this.#isPipe(fd)) return 0;
    const held = new Int32Array(1);
    if (this.#system.attempt("ioctl", fd, FIONREAD, new Uint8Array(held.buffer)) < 0) return 0;
    const pages = Math.floor((this.#capacity(fd) - (held[0] ?? 0)) / PAGE_BYTES);
    return held[0] === 0 ? this.#capacity(fd) : (pages - 2) * PAGE_BYTES;
  }

  #wait(fd: number): void {
    const before = Object.values(SIGNALS).map((signal) => ({ signal, action: this.#action(signal) }));
    const heard = before.filter(({ action }) => new DataView(action.buffer).getBigUint64(0, true) !== SIG_IGN);
    for (const { signal } of heard) this.#setAction(signal, new Uint8Array(ACTION_BYTES)); // SIG_DFL
    while (!this.#takes(fd)) { /* another signal came */ }
    for (const { signal, action } of heard) this.#setAction(signal, action);
  }

  /** Whether a write would not wait, be it that it fails; without a time it waits for that, until a signal comes. */
  #takes(fd: number, seconds?: bigint): boolean {
    const poll = new Int32Array([fd, POLLOUT]);
    const time = seconds === undefined ? 0 : new Uint8Array(BigInt64Array.of(seconds, 0n).buffer);
    const found = this.#system.attempt("ppoll", new Uint8Array(poll.buffer), 1, time, 0, 0);
    return found > 0 || found < 0 && found !== -EINTR;
  }

  #action(signal: number): Uint8Array<ArrayBuffer> {
    const action = new Uint8Array(ACTION_BYTES);
    this.#system.call("rt_sigaction", signal, 0, action, SET_BYTES);
    return action;
  }

  #setAction(signal: number, action: Uint8Array<ArrayBuffer>): void {
    this.#system.call("rt_sigaction", signal, action, 0, SET_BYTES);
  }
}

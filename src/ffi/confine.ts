/** System calls by name, for what gives up rights, and for what watches over it. */
import { addressOf, SystemError } from "./libc.ts";
import { confineSymbols } from "./libc_symbols.ts";
import { callNumber, type SystemCall } from "./system_calls.ts";

const ENOSYS = 38;
const POLLIN = 1, POLLHUP = 0x10;
const WNOHANG = 1;
const SIGPIPE = 13, SIG_DFL = 0n;

/** A number, or a buffer whose address is handed over; -1 and the like become two's complement. */
export type Word = number | bigint | Uint8Array<ArrayBuffer>;

/** The C library's door to any system call, open until disposed. Calls act on this thread. */
export class SystemCalls implements Disposable {
  readonly #lib = Deno.dlopen("libc.so.6", confineSymbols);

  /**
   * @returns what the kernel returned
   * @throws {SystemError} it failed, ENOSYS where this architecture does not have the call
   */
  call(name: SystemCall, ...args: readonly Word[]): number {
    const result = this.attempt(name, ...args);
    if (result < 0) throw new SystemError(name, -result);
    return result;
  }

  /** As {@link call}, with a negative errno in place of an exception. */
  attempt(name: SystemCall, ...args: readonly Word[]): number {
    const number = callNumber(name);
    if (number === undefined) return -ENOSYS;
    // the buffers are alive to the end of this function: `args` holds them
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = args.map(wordOf);
    const result = Number(this.#lib.symbols.syscall(BigInt(number), a, b, c, d, e, f));
    return result === -1 ? -this.#errno() : result;
  }

  /** Waits at most so long for something to read. `gone`: whoever would write has ended. */
  async waitReadable(fd: number, milliseconds: number): Promise<"ready" | "gone" | "nothing"> {
    const poll = new Int32Array([fd, POLLIN]);
    const found = await this.#lib.symbols.poll(poll, 1n, milliseconds);
    const seen = (poll[1] ?? 0) >>> 16;
    if (found <= 0) return "nothing";
    if ((seen & POLLIN) !== 0) return "ready";
    return (seen & POLLHUP) !== 0 ? "gone" : "nothing";
  }

  /** Deno ignores SIGPIPE, and a program inherits that. */
  restoreBrokenPipeSignal(): void {
    this.#lib.symbols.signal(SIGPIPE, SIG_DFL);
  }

  /** Lets go of a child that has ended; false while it runs. */
  reap(pid: number): boolean {
    return this.#lib.symbols.waitpid(pid, new Int32Array(1), WNOHANG) !== 0;
  }

  [Symbol.dispose](): void {
    this.#lib.close();
  }

  #errno(): number {
    const at = this.#lib.symbols.__errno_location();
    return at === null ? 0 : new Deno.UnsafePointerView(at).getInt32();
  }
}

/** Addresses of texts, one after the other, with the null at the end that execve(2) wants. */
export function addressList(texts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([...texts.map(addressOf), 0n]).buffer);
}

function wordOf(word: Word): bigint {
  return BigInt.asUintN(64, word instanceof Uint8Array ? addressOf(word) : BigInt(word));
}

/**
 * Opens files for a confined command: it may not open any for writing itself.
 *
 * The kernel stops such a call and asks the holder of the filter's listener (seccomp_unotify(2)). What may be written is
 * opened here and the descriptor handed over, so that nothing depends on memory that the command can change meanwhile.
 */
import { SystemCalls, type Word } from "../../ffi/confine.ts";
import { callNumber, type SystemCall } from "../../ffi/system_calls.ts";

const NOTIF_RECV = 0xc050_2100, NOTIF_SEND = 0xc018_2101, NOTIF_ID_VALID = 0x4008_2102, NOTIF_ADDFD = 0x4018_2103;
const NOTIF_BYTES = 80, ANSWER_BYTES = 24;
const CONTINUE = 1;
const EPERM = 1, ENOENT = 2, EACCES = 13, EFAULT = 14, EINVAL = 22, ENAMETOOLONG = 36;
const O_DIRECTORY = 0o200000, O_PATH = 0o10000000, O_CLOEXEC = 0o2000000, O_NOFOLLOW = 0o400000, O_NONBLOCK = 0o4000;
const O_CREAT = 0o100, O_WRONLY = 0o1, O_TRUNC = 0o1000, ACCESS_MODE = 0o3, TEMPORARY = 0o20000000;
/** RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH */
const INSIDE = 0x02n | 0x04n | 0x08n;
const AT_FDCWD = -100, AT_REMOVEDIR = 0x200, F_GETFL = 3;
const PATH_BYTES = 4096;
const AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10;
/** struct sockaddr_storage; a local socket without a name has only the family. */
const ADDRESS_BYTES = 128, FAMILY_BYTES = 2;
const FIRST_FREE_PORT = 1024;
const POLL_MS = 250;

export interface BrokerOptions {
  /** The process that holds the listener, before it executes the command. */
  readonly pid: number;
  /** The listener there. */
  readonly listener: number;
  readonly directory: string;
  readonly devices: readonly string[];
  /** Whether a process belongs to the command: it may be signalled. */
  readonly owns: (pid: number) => boolean;
}

interface Request {
  readonly id: bigint;
  /** The thread that asks. */
  readonly pid: number;
  readonly call: SystemCall;
  readonly arguments: readonly bigint[];
}

/** `fd` is handed over, with `flags`; `through`: the kernel goes on with the call as it is. */
type Reply =
  | { readonly errno: number }
  | { readonly value: 0 }
  | { readonly fd: number; readonly flags: number }
  | "through";

const CALLS = [
  "open",
  "openat",
  "creat",
  "unlink",
  "unlinkat",
  "mkdir",
  "mkdirat",
  "rmdir",
  "bind",
  "kill",
  "tkill",
  "tgkill",
] as const;

/** Serves one command until disposed of. */
export class Broker implements AsyncDisposable {
  readonly #system = new SystemCalls();
  readonly #options: BrokerOptions;
  readonly #listener: number;
  readonly #directory: number;
  readonly #served: Promise<void>;
  #stopped = false;

  /** @throws {SystemError} the listener cannot be taken over */
  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#listener = this.#take(options.pid, options.listener);
    const path = text(options.directory);
    this.#directory = this.#system.call("openat", AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    this.#served = this.#serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#served;
    this.#system.call("close", this.#listener);
    this.#system.call("close", this.#directory);
    this.#system[Symbol.dispose]();
  }

  async #serve(): Promise<void> {
    while (!this.#stopped) {
      const state = await this.#system.waitReadable(this.#listener, POLL_MS);
      if (state === "gone") return;
      if (state === "ready") this.#answerOne();
    }
  }

  #answerOne(): void {
    const bytes = new Uint8Array(NOTIF_BYTES);
    // fails when who asked was killed meanwhile
    if (this.#system.attempt("ioctl", this.#listener, NOTIF_RECV, bytes) < 0) return;
    const view = new DataView(bytes.buffer);
    const number = view.getInt32(16, true);
    const call = CALLS.find((name) => callNumber(name) === number);
    const words = [0, 1, 2, 3].map((i) => view.getBigUint64(32 + 8 * i, true));
    const request = { id: view.getBigUint64(0, true), pid: view.getUint32(8, true), arguments: words };
    this.#send(request.id, call === undefined ? { errno: EPERM } : this.#decideSafely({ ...request, call }));
  }

  /** An odd request costs who makes it, not ktriage. */
  #decideSafely(request: Request): Reply {
    try {
      return this.#decide(request);
    } catch {
      return { errno: EACCES }; // it has ended, or what it points to is not its memory
    }
  }

  #decide(request: Request): Reply {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = request.arguments;
    const flags = (word: bigint): number => Number(word & 0xffff_ffffn);
    const here = BigInt.asUintN(64, BigInt(AT_FDCWD));
    switch (request.call) {
      case "open":
        return this.#open(request, { at: here, path: a, flags: flags(b), mode: c });
      case "openat":
        return this.#open(request, { at: a, path: b, flags: flags(c), mode: d });
      case "creat":
        return this.#open(request, { at: here, path: a, flags: O_CREAT | O_WRONLY | O_TRUNC, mode: b });
      case "unlink":
        return this.#change(request, { at: here, path: a }, "unlinkat", 0);
      case "rmdir":
        return this.#change(request, { at: here, path: a }, "unlinkat", AT_REMOVEDIR);
      case "unlinkat":
        return this.#change(request, { at: a, path: b }, "unlinkat", c);
      case "mkdir":
        return this.#change(request, { at: here, path: a }, "mkdirat", b);
      case "mkdirat":
        return this.#change(request, { at: a, path: b }, "mkdirat", c);
      case "bind":
        return this.#bind(request, { number: flags(a), address: b, length: flags(c) });
      default:
        return this.#options.owns(Number(BigInt.asIntN(32, a))) ? "through" : { errno: EPERM };
    }
  }

  #open(request: Request, wish: { at: bigint; path: bigint; flags: number; mode: bigint }): Reply {
    const path = this.#path(request, wish);
    if (typeof path !== "string") return path;
    const flags = wish.flags & ~O_CLOEXEC | O_CLOEXEC;
    if (this.#options.devices.includes(path)) {
      const device = flags & ~O_CREAT & ~O_TRUNC | O_NOFOLLOW | O_NONBLOCK;
      return descriptor(this.#system.attempt("openat", AT_FDCWD, text(path), device), wish.flags);
    }
    const own = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d+)$/.exec(path)?.[1] ?? { "/dev/stdout": 1, "/dev/stderr": 2 }[path];
    if (own !== undefined) return this.#duplicate(request, { number: Number(own), flags: wish.flags });
    const name = this.#inside(path);
    if (name === undefined) return { errno: EACCES };
    // struct open_how: flags, mode, resolve
    const creates = (flags & (O_CREAT | TEMPORARY)) !== 0;
    // whatever is there, ktriage does not wait for it
    const how = new BigUint64Array([BigInt(flags | O_NONBLOCK), creates ? wish.mode & 0o777n & ~0o077n : 0n, INSIDE]);
    const bytes = new Uint8Array(how.buffer);
    return descriptor(this.#system.attempt("openat2", this.#directory, text(name), bytes, bytes.length), wish.flags);
  }

  /** Removes or makes a name in the private directory, which has no links to elsewhere: making any is denied. */
  #change(request: Request, at: { at: bigint; path: bigint }, call: "unlinkat" | "mkdirat", last: Word): Reply {
    const path = this.#path(request, at);
    if (typeof path !== "string") return path;
    const name = this.#inside(path);
    if (name === undefined) return { errno: EACCES };
    const result = this.#system.attempt(call, this.#directory, text(name), last);
    return result < 0 ? { errno: -result } : { value: 0 };
  }

  /** A descriptor of the command's own that it may write already. */
  #duplicate({ pid }: Request, { number, flags }: { readonly number: number; readonly flags: number }): Reply {
    let fd: number;
    try {
      fd = this.#take(pid, number);
    } catch {
      return { errno: ENOENT };
    }
    if ((this.#system.attempt("fcntl", fd, F_GETFL) & ACCESS_MODE) !== 0) return { fd, flags };
    this.#system.call("close", fd);
    return { errno: EACCES };
  }

  /** Done here, on the same socket: the address and the descriptor there could be others by the time of the call. */
  #bind(
    { id, pid }: Request,
    { number, address, length }: { readonly number: number; readonly address: bigint; readonly length: number },
  ): Reply {
    if (length < FAMILY_BYTES || length > ADDRESS_BYTES) return { errno: EINVAL };
    const bytes = readMemory(pid, address, length);
    if (bytes.length < length) return { errno: EFAULT };
    const family = new DataView(bytes.buffer).getUint16(0, true);
    if (family === AF_UNIX && length > FAMILY_BYTES) return { errno: EACCES };
    // ktriage may take any port, the command may not
    const port = family === AF_INET || family === AF_INET6 ? (bytes[2] ?? 0) << 8 | (bytes[3] ?? 0) : 0;
    if (port > 0 && port < FIRST_FREE_PORT) return { errno: EACCES };
    const socket = this.#take(pid, number);
    try {
      if (!this.#stillAsks(id)) return { errno: EACCES };
      const result = this.#system.attempt("bind", socket, bytes, length);
      return result < 0 ? { errno: -result } : { value: 0 };
    } finally {
      this.#system.call("close", socket);
    }
  }

  /** The process is still the one that asked, not another with its number: what was read is its own. */
  #stillAsks(id: bigint): boolean {
    const cookie = new Uint8Array(new BigUint64Array([id]).buffer);
    return this.#system.attempt("ioctl", this.#listener, NOTIF_ID_VALID, cookie) >= 0;
  }

  #inside(path: string): string | undefined {
    const start = `${this.#options.directory}/`;
    return path.startsWith(start) ? path.slice(start.length) : undefined;
  }

  /** The absolute path that is meant, without `.` and `..`; links are not followed. */
  #path({ id, pid }: Request, { at, path }: { readonly at: bigint; readonly path: bigint }): string | Reply {
    const named = readText(pid, path);
    if (named === undefined) return { errno: ENAMETOOLONG };
    if (named === "") return { errno: ENOENT };
    const fd = Number(BigInt.asIntN(32, at));
    const start = named.startsWith("/")
      ? ""
      : Deno.readLinkSync(fd === AT_FDCWD ? `/proc/${pid}/cwd` : `/proc/${pid}/fd/${fd}`);
    if (!this.#stillAsks(id)) return { errno: EACCES };
    return normalised(`${start}/${named}`);
  }

  #take(pid: number, number: number): number {
    const process = this.#system.call("pidfd_open", threadGroup(pid), 0);
    try {
      return this.#system.call("pidfd_getfd", process, number, 0);
    } finally {
      this.#system.call("close", process);
    }
  }

  #send(id: bigint, reply: Reply): void {
    if (typeof reply === "object" && "fd" in reply) {
      const value = this.#handOver(id, reply);
      this.#system.attempt("close", reply.fd);
      this.#answer(id, value < 0 ? { error: value } : { value });
    } else if (reply === "through") this.#answer(id, { flags: CONTINUE });
    else this.#answer(id, "errno" in reply ? { error: -reply.errno } : {});
  }

  /** @returns its number there */
  #handOver(id: bigint, { fd, flags }: { readonly fd: number; readonly flags: number }): number {
    const view = new DataView(new ArrayBuffer(ANSWER_BYTES));
    view.setBigUint64(0, id, true);
    view.setUint32(12, fd, true);
    view.setUint32(20, flags & O_CLOEXEC, true);
    return this.#system.attempt("ioctl", this.#listener, NOTIF_ADDFD, new Uint8Array(view.buffer));
  }

  #answer(id: bigint, { value = 0, error = 0, flags = 0 }: { value?: number; error?: number; flags?: number }): void {
    const view = new DataView(new ArrayBuffer(ANSWER_BYTES));
    view.setBigUint64(0, id, true);
    view.setBigInt64(8, BigInt(value), true);
    view.setInt32(16, error, true);
    view.setUint32(20, flags, true);
    this.#system.attempt("ioctl", this.#listener, NOTIF_SEND, new Uint8Array(view.buffer));
  }
}

function descriptor(result: number, flags: number): Reply {
  return result < 0 ? { errno: -result } : { fd: result, flags };
}

function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${value}\0`);
}

/** Memory of another process up to the NUL; undefined: there is none within a path's length. */
function readText(pid: number, address: bigint): string | undefined {
  const bytes = readMemory(pid, address, PATH_BYTES);
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, end));
}

/** Fewer bytes than asked for where the memory ends. */
function readMemory(pid: number, address: bigint, length: number): Uint8Array<ArrayBuffer> {
  using memory = Deno.openSync(`/proc/${pid}/mem`);
  memory.seekSync(address, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, memory.readSync(bytes) ?? 0);
}

/** A thread's process: what asks may be any thread of it. */
function threadGroup(pid: number): number {
  return Number(/^Tgid:\s*(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? pid);
}

function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

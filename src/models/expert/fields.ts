/** Reads values of captured data that may be absent or of another shape: all doubt about shapes lives here. */

/** Where a socket leads. IPv4-mapped addresses are written as IPv4, the wildcard as the loopback that it reaches. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Errors that the diagnoses know by name, as errno(3) numbers them on x86-64 and arm64. */
const ERRNO: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  11: "EAGAIN",
  13: "EACCES",
  20: "ENOTDIR",
  28: "ENOSPC",
  30: "EROFS",
  101: "ENETUNREACH",
  104: "ECONNRESET",
  106: "EISCONN",
  110: "ETIMEDOUT",
  111: "ECONNREFUSED",
  113: "EHOSTUNREACH",
  114: "EALREADY",
  115: "EINPROGRESS",
  122: "EDQUOT",
};

/** Signals whose default action ends a process and that mean a fault or a kill, as signal(7) numbers them. */
const SIGNALS: Readonly<Record<number, string>> = {
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
  31: "SIGSYS",
};

/** States of include/net/tcp_states.h that tell how a connection attempt ended. */
const TCP_STATES: Readonly<Record<number, string>> = { 1: "ESTABLISHED", 2: "SYN_SENT", 7: "CLOSE" };

export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" && /^-?\d+$/.test(value)) return Number(value);
  return undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The name of an error given by name, as an errno, or as the negative return value of a system call. */
export function errorName(value: unknown): string | undefined {
  if (typeof value === "string" && /^E[A-Z0-9]+$/.test(value)) return value;
  const number = numberOf(value);
  if (number === undefined || number === 0) return undefined;
  return ERRNO[Math.abs(number)] ?? `errno ${Math.abs(number)}`;
}

/** The error of a finished system call; undefined when it succeeded or had not returned. */
export function callError(data: Readonly<Record<string, unknown>>): string | undefined {
  if (data.error !== undefined) return errorName(data.error);
  const ret = numberOf(data.ret);
  return ret !== undefined && ret < 0 && ret > -4096 ? errorName(ret) : undefined;
}

export function signalName(value: unknown): string | undefined {
  if (typeof value === "string" && value.startsWith("SIG")) return value;
  const number = numberOf(value);
  return number === undefined ? undefined : SIGNALS[number] ?? `signal ${number}`;
}

/** A TCP state without its prefix, for example SYN_SENT. */
export function tcpState(value: unknown): string | undefined {
  const number = numberOf(value);
  if (number !== undefined) return TCP_STATES[number];
  return textOf(value)?.replace(/^TCP_/, "");
}

/** The address of a socket call's decoded `sockaddr`; undefined for other families than IPv4 and IPv6. */
export function endpointOf(sockaddr: unknown): Endpoint | undefined {
  if (typeof sockaddr !== "object" || sockaddr === null) return undefined;
  const { address, port } = sockaddr as { address?: unknown; port?: unknown };
  return endpoint(textOf(address), numberOf(port));
}

/** The path of a decoded `sockaddr_un`. */
export function unixPathOf(sockaddr: unknown): string | undefined {
  if (typeof sockaddr !== "object" || sockaddr === null) return undefined;
  return textOf((sockaddr as { path?: unknown }).path);
}

/** The peer of the kernel's socket tracepoints (`daddr` or `daddr_v6`, and `dport`). */
export function peerOf(data: Readonly<Record<string, unknown>>): Endpoint | undefined {
  const isV6 = data.family === "AF_INET6" || data.family === 10;
  const address = textOf(isV6 ? data.daddr_v6 ?? data.daddr : data.daddr);
  return endpoint(address, numberOf(data.dport));
}

export function endpoint(address: string | undefined, port: number | undefined): Endpoint | undefined {
  if (address === undefined || port === undefined) return undefined;
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  const reached = plain === "0.0.0.0" ? "127.0.0.1" : plain === "::" ? "::1" : plain;
  return { address: reached, port };
}

export function formatEndpoint({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Addresses that stay on this host: what listens there can be looked up here. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

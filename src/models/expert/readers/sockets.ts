/** Reads the sockets that commands list. */
import { type Endpoint, endpoint, isLoopback } from "../fields.ts";

export interface Socket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** As the kernel numbers it in include/net/tcp_states.h: 1 established, 2 SYN sent, 7 closed or unconnected, 10 listening. */
  readonly state: number;
  /** Bytes to read; of a listening socket: connections that wait to be accepted. */
  readonly receive_queue: number;
}

export interface Listener {
  readonly local: Endpoint;
  /** Connections that wait to be accepted, and how many may. */
  readonly waiting: number;
  readonly backlog: number;
  /** As `ss -p` prints it, for example `users:(("nginx",pid=7,fd=6))`. */
  readonly owner: string | undefined;
}

/** Reads `/proc/net/{tcp,udp}{,6}`, one or several after each other; lines of another form are skipped. */
export function parseProcSockets(text: string): readonly Socket[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+)/
      .exec(line);
    if (match === null) return [];
    const [, localAddress = "", localPort = "", remoteAddress = "", remotePort = "", state = "", queue = ""] = match;
    return [{
      local: { address: addressOfHex(localAddress), port: parseInt(localPort, 16) },
      remote: { address: addressOfHex(remoteAddress), port: parseInt(remotePort, 16) },
      state: parseInt(state, 16),
      receive_queue: parseInt(queue, 16),
    }];
  });
}

/** Reads `ss -ltnp`. */
export function parseListeners(text: string): readonly Listener[] {
  return text.split("\n").flatMap((line) => {
    const match = /^LISTEN\s+(\d+)\s+(\d+)\s+(\S+):(\d+)(?:\s+\S+\s*(.*))?$/.exec(line);
    if (match === null) return [];
    const [, waiting = "", backlog = "", address = "", port = "", owner = ""] = match;
    const plain = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "").replace(/^\*$/, "::");
    return [{
      local: { address: plain, port: Number(port) },
      waiting: Number(waiting),
      backlog: Number(backlog),
      owner: owner === "" ? undefined : owner.trim(),
    }];
  });
}

/** True when a socket that is bound to `local` takes what is sent to `peer` on this host. */
export function accepts(local: Endpoint, peer: Endpoint): boolean {
  if (local.port !== peer.port) return false;
  if (local.address === "::") return true;
  if (local.address === "0.0.0.0") return !peer.address.includes(":");
  return endpoint(local.address, local.port)?.address === peer.address;
}

/** True when `peer` can only be this host, so that its listeners tell everything. */
export function isHere(peer: Endpoint, sockets: readonly Socket[]): boolean {
  return isLoopback(peer.address) || sockets.some(({ local }) => local.address === peer.address);
}

/** Eight digits are an IPv4 address, 32 an IPv6 address, each 32-bit word in the byte order of a little-endian CPU. */
function addressOfHex(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).map((byte) => parseInt(byte, 16)).reverse()
  );
  if (bytes.length === 4) return bytes.join(".");
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0));
  return compress(groups.map((group) => group.toString(16)).join(":"));
}

/** Writes the longest run of zero groups as `::` (RFC 5952). */
function compress(address: string): string {
  const runs = [...address.matchAll(/(?:^|:)(?:0(?::0)+)(?=:|$)/g)].map(([run]) => run);
  const longest = runs.sort((a, b) => b.length - a.length)[0];
  if (longest === undefined) return address;
  return address.replace(longest, ":").replace(/^:(?!:)/, "::").replace(/(?<!:):$/, "::");
}

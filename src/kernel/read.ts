/** Values out of bytes: what every decoder needs, written for a million events a second. */

const UTF8 = new TextDecoder();

/** A kernel's 64-bit unsigned integer: a Number while that is exact. */
export function readUint64(view: DataView<ArrayBuffer>, at: number): number | bigint {
  const high = view.getUint32(at + 4, true);
  return high < 0x20_0000 ? high * 0x1_0000_0000 + view.getUint32(at, true) : view.getBigUint64(at, true);
}

/** A kernel's 64-bit signed integer: a Number while that is exact. */
export function readInt64(view: DataView<ArrayBuffer>, at: number): number | bigint {
  const high = view.getInt32(at + 4, true);
  return high < 0x20_0000 && high >= -0x20_0000
    ? high * 0x1_0000_0000 + view.getUint32(at, true)
    : view.getBigInt64(at, true);
}

/** Text up to the first NUL, or `length` bytes; what is not UTF-8 becomes U+FFFD. */
export function readText(view: DataView<ArrayBuffer>, at: number, length: number): string {
  let text = "";
  for (let i = at; i < at + length; i++) {
    const byte = view.getUint8(i);
    if (byte === 0) return text;
    if (byte > 127) return UTF8.decode(textBytes(view, at, length));
    text += String.fromCharCode(byte);
  }
  return text;
}

function textBytes(view: DataView<ArrayBuffer>, at: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** A kernel address or a user one, as people write it. */
export function readPointer(view: DataView<ArrayBuffer>, at: number): string {
  return `0x${view.getBigUint64(at, true).toString(16)}`;
}

export function readHex(view: DataView<ArrayBuffer>, at: number, length: number): string {
  let text = "";
  for (let i = at; i < at + length; i++) text += view.getUint8(i).toString(16).padStart(2, "0");
  return text;
}

export function readMac(view: DataView<ArrayBuffer>, at: number): string {
  return readHex(view, at, 6).replace(/..(?=.)/g, "$&:");
}

export function readIpv4(view: DataView<ArrayBuffer>, at: number): string {
  return `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}.${view.getUint8(at + 3)}`;
}

/** RFC 5952: lower case, the longest run of zero groups compressed, IPv4-mapped addresses with a dotted tail. */
export function readIpv6(view: DataView<ArrayBuffer>, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${readIpv4(view, at + 12)}`;
  }
  const text = groups.map((group) => group.toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return text.join(":");
  return `${text.slice(0, start).join(":")}::${text.slice(start + length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

const AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;

/** A socket address as the system call got it (struct sockaddr_in, _in6, _un). */
export type SocketAddress = {
  readonly family: string;
  readonly address?: string;
  readonly port?: number;
  readonly path?: string;
};

/**
 * @param family_name gives an address family its name, for the families that are not taken apart here
 */
export function readSocketAddress(
  view: DataView<ArrayBuffer>,
  at: number,
  length: number,
  family_name: (family: number) => string,
): SocketAddress {
  const family = length >= 2 ? view.getUint16(at, true) : 0;
  if (family === AF_INET && length >= 8) {
    return { family: "AF_INET", address: readIpv4(view, at + 4), port: view.getUint16(at + 2) };
  }
  if (family === AF_INET6 && length >= 24) {
    return { family: "AF_INET6", address: readIpv6(view, at + 8), port: view.getUint16(at + 2) };
  }
  if (family === AF_UNIX) return { family: "AF_UNIX", path: unixPath(view, at + 2, length - 2) };
  if (family === AF_NETLINK) return { family: "AF_NETLINK" };
  return { family: family_name(family) };
}

/** An abstract name starts with NUL, shown as @ (unix(7)). */
function unixPath(view: DataView<ArrayBuffer>, at: number, length: number): string {
  if (length <= 0) return "";
  return view.getUint8(at) === 0 && length > 1 ? `@${readText(view, at + 1, length - 1)}` : readText(view, at, length);
}

/** Strings in slots of `slot_bytes`, as the argv directive brings them; one that fills its slot is cut and ends in `…`. */
export function readSlots(view: DataView<ArrayBuffer>, at: number, length: number, slot_bytes: number): string[] {
  const strings: string[] = [];
  for (let slot = at; slot < at + length; slot += slot_bytes) {
    const is_cut = endOfText(view, slot) === slot + slot_bytes - 1;
    strings.push(readText(view, slot, slot_bytes) + (is_cut ? "…" : ""));
  }
  return strings;
}

function endOfText(view: DataView<ArrayBuffer>, at: number): number {
  let end = at;
  while (view.getUint8(end) !== 0) end++;
  return end;
}

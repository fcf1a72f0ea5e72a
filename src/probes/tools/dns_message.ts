/** Names in DNS messages: what is asked for, and what is answered. */

/** RFC 1035 and https://www.iana.org/assignments/dns-parameters: those that hosts ask for. */
const TYPES: Readonly<Record<number, string>> = {
  1: "A",
  2: "NS",
  5: "CNAME",
  6: "SOA",
  12: "PTR",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  35: "NAPTR",
  43: "DS",
  48: "DNSKEY",
  64: "SVCB",
  65: "HTTPS",
  255: "ANY",
};
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"] as const;

/**
 * A name of a message, in lower case, for some resolvers mix cases at random; it ends in `…` where it was cut.
 *
 * @param bytes labels, each behind its length, up to an empty one (RFC 1035, 4.1.2)
 */
export function nameOf(bytes: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 0;;) {
    const length = bytes[at];
    if (length === 0) return labels.length === 0 ? "." : labels.join(".");
    if (length === undefined || at + 1 + length > bytes.length) return `${labels.join(".")}…`;
    labels.push(labelText(bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
}

/** Bytes that no host name has are shown as RFC 1035, 5.1 writes them: \DDD. */
function labelText(label: Uint8Array): string {
  return Array.from(
    label,
    (byte) =>
      byte > 32 && byte < 127 && byte !== 46
        ? String.fromCharCode(byte).toLowerCase()
        : `\\${String(byte).padStart(3, "0")}`,
  ).join("");
}

export function typeName(type: number): string {
  return TYPES[type] ?? `type ${type}`;
}

export function rcodeName(rcode: number): string {
  return RCODES[rcode] ?? `rcode ${rcode}`;
}

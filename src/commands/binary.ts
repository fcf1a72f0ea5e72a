/** Tells output that is meant for programs from text in whatever encoding. */

const MAGIC: readonly (readonly [name: string, bytes: string])[] = [
  ["ELF", "7f454c46"],
  ["gzip", "1f8b08"],
  ["xz", "fd377a585a00"],
  ["zstd", "28b52ffd"],
  ["bzip2", "425a68"],
  ["a zip archive", "504b0304"],
  ["SQLite", "53514c69746520666f726d6174203300"],
  ["PNG", "89504e470d0a1a0a"],
  ["JPEG", "ffd8ff"],
  ["PDF", "255044462d"],
  ["a Java class", "cafebabe"],
  ["systemd's journal", "4c504b5348485248"],
  ["a pcap file", "d4c3b2a1"],
  ["a pcap file", "0a0d0d0a"],
];
const SAMPLE_BYTES = 8192;
const SHOWN_BYTES = 16;
/** Of a sample: random bytes have 10%, text none. */
const ODD_SHARE = 0.05;
const TAB = 0x09, CARRIAGE_RETURN = 0x0d, BELL = 0x07, ESCAPE = 0x1b, SPACE = 0x20, DELETE = 0x7f;

/**
 * What stands in place of binary output: its size, how it begins, and what it looks like.
 *
 * @param head the output's beginning
 * @returns undefined when it is text; single NULs between words are, as in /proc/PID/cmdline
 */
export function describeBinary(head: Uint8Array, total_bytes: number): string | undefined {
  const hex = [...head.subarray(0, SHOWN_BYTES)].map((byte) => byte.toString(16).padStart(2, "0"));
  const magic = MAGIC.find(([, bytes]) => hex.join("").startsWith(bytes))?.[0];
  if (encodingOf(head) === "utf-16le" || isPlain(head)) return undefined;
  const looks = magic === undefined ? "" : `, looks like ${magic}`;
  return `[binary output: ${total_bytes.toLocaleString("en-US")} bytes, begins ${hex.join(" ")}${looks}]`;
}

/** By the byte order mark, and by whether it is UTF-8 at all. */
export function encodingOf(head: Uint8Array): "utf-8" | "utf-16le" | "windows-1252" {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

function isPlain(head: Uint8Array): boolean {
  const sample = head.subarray(0, SAMPLE_BYTES);
  const odd = sample.reduce((count, byte, i) => count + (isOdd(byte, sample[i - 1]) ? 1 : 0), 0);
  return odd <= ODD_SHARE * sample.length;
}

function isOdd(byte: number, before: number | undefined): boolean {
  if (byte === 0) return before === 0;
  if (byte >= SPACE) return byte === DELETE;
  return !(byte >= TAB && byte <= CARRIAGE_RETURN) && byte !== BELL && byte !== BELL + 1 && byte !== ESCAPE;
}

/** Which function of the kernel an address lies in. */
import { withoutSuffix } from "./kallsyms.ts";

export interface KernelPlace {
  /** Without what the compiler put behind it; a `.cold` part has the name of its function. */
  readonly name: string;
  /** Of a BPF program `bpf`. */
  readonly module?: string;
}

/** Letters of nm(1) for code. */
const CODE = "TtWw";
const HEX_DIGITS = 16;
/** No function is longer: what lies this far behind the last symbol lies in none of it. */
const MAX_FUNCTION_BYTES = 1n << 20n;

/**
 * @param kallsyms text of /proc/kallsyms; 120,000 lines are indexed in some 50 ms, and never split
 * @returns undefined where no function is known: the kernel hides its addresses, or it is no address of its code
 */
export function kernelAddresses(kallsyms: string): (address: bigint) => KernelPlace | undefined {
  // all addresses have 16 digits, so that their order is that of their texts; the first of several names at one address
  // is the one that the kernel itself prefers (compare_symbols() in scripts/kallsyms.c), and sort() is stable
  const lines: { readonly address: string; readonly at: number }[] = [];
  for (let at = 0; at < kallsyms.length;) {
    const next = kallsyms.indexOf("\n", at);
    const end = next < 0 ? kallsyms.length : next;
    if (CODE.includes(kallsyms[at + HEX_DIGITS + 1] ?? " ")) {
      lines.push({ address: kallsyms.slice(at, at + HEX_DIGITS), at });
    }
    at = end + 1;
  }
  if (lines.every(({ address }) => /^0+$/.test(address))) return () => undefined;
  lines.sort((a, b) => a.address < b.address ? -1 : a.address > b.address ? 1 : 0);
  return (address) => {
    const wanted = address.toString(16).padStart(HEX_DIGITS, "0");
    const line = lines[lastNotAfter(lines, wanted)];
    if (line === undefined || address - BigInt(`0x${line.address}`) >= MAX_FUNCTION_BYTES) return undefined;
    return placeIn(kallsyms, line.at);
  };
}

/** Index of the first line among those with the greatest address up to `wanted`; -1 where there is none. */
function lastNotAfter(lines: readonly { readonly address: string }[], wanted: string): number {
  let low = 0, high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.address ?? "") <= wanted) low = middle + 1;
    else high = middle;
  }
  let found = low - 1;
  while (found > 0 && lines[found - 1]?.address === lines[found]?.address) found--;
  return found;
}

function placeIn(kallsyms: string, at: number): KernelPlace {
  const end = kallsyms.indexOf("\n", at);
  const [, name = "", module] = /^\S+ \w (\S+)(?:\s+\[([^\]]+)\])?/.exec(
    kallsyms.slice(at, end < 0 ? undefined : end),
  ) ?? [];
  return {
    name: withoutSuffix(name.replace(/\.cold(\.\d+)?$/, "")),
    ...(module === undefined ? {} : { module }),
  };
}

/** Values as the kernel names them: fast enough for every event. */
import type { FieldPresentation, FlagsPart, SymbolicPart } from "./print_fmt.ts";
import type { FlagTable, SymbolTable } from "./symbols.ts";

/** Turns a field's value (a Number while that is exact, a bigint beyond) into its name, or gives it back as it is. */
export type Describe = (value: number | bigint) => string | number | bigint;

/** Different values remembered per field; a field with more is no set of names. */
const CACHE_ENTRIES = 512;

/**
 * Prepares the lookup of a field's names.
 *
 * A value that has no name stays a number. Flags without name are added in hex, as the kernel does.
 */
export function describer(presentation: FieldPresentation & { kind: "named" }): Describe {
  const { parts } = presentation;
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "symbolic" && only.mask === undefined && only.shift === 0) {
    const { names, otherwise } = only;
    return (value) => names.get(value) ?? otherwise ?? value;
  }
  return remembering((value) => describeParts(parts, value));
}

/** Names out of a table of single values. */
export function symbolDescriber(names: SymbolTable): Describe {
  return (value) => names.get(Number(value)) ?? value;
}

/** Names out of a table of flags, joined by `|`; a value without any name stays a number. */
export function flagDescriber({ flags, low, none }: FlagTable): Describe {
  const part = {
    flags: flags.map(([mask, name]) => ({ mask: BigInt(mask), name })),
    separator: "|",
    none: undefined,
  };
  return remembering((value) => {
    const bits = BigInt.asUintN(64, BigInt(value));
    const lowBits = BigInt(low?.mask ?? 0) & bits;
    const lowName = low?.names.get(Number(lowBits));
    const highName = flagsText(part, lowName === undefined ? bits : bits & ~lowBits);
    const names = [lowName, highName].filter((name) => name !== undefined);
    if (lowName !== undefined && highName === undefined && bits !== lowBits) {
      names.push(`0x${(bits & ~lowBits).toString(16)}`);
    }
    return names.join("|") || (bits === 0n ? none : undefined) || value;
  });
}

function remembering(describe: Describe): Describe {
  const seen = new Map<number | bigint, string | number | bigint>();
  return (value) => {
    const known = seen.get(value);
    if (known !== undefined) return known;
    const text = describe(value);
    if (seen.size < CACHE_ENTRIES) seen.set(value, text);
    return text;
  };
}

function describeParts(parts: readonly (SymbolicPart | FlagsPart)[], value: number | bigint): string | number | bigint {
  let text = "";
  for (const part of parts) {
    const selected = select(part, BigInt(value));
    const name = part.kind === "flags" ? flagsText(part, selected) : symbolText(part, selected);
    if (name === undefined) return value;
    text += name;
  }
  return text === "" ? value : text;
}

function select({ shift, mask }: SymbolicPart | FlagsPart, value: bigint): bigint {
  const shifted = value >> BigInt(shift);
  return mask === undefined ? shifted : shifted & mask;
}

function symbolText({ names, otherwise }: SymbolicPart, value: bigint): string | undefined {
  const number = Number(value);
  return names.get(Number.isSafeInteger(number) ? number : value) ?? otherwise;
}

function flagsText(
  { flags, separator, none }: Pick<FlagsPart, "flags" | "separator" | "none">,
  value: bigint,
): string | undefined {
  let left = BigInt.asUintN(64, value);
  if (left === 0n) return none;
  const names: string[] = [];
  for (const { mask, name } of flags) {
    if ((left & mask) !== mask) continue;
    left &= ~mask;
    names.push(name);
  }
  if (names.length === 0) return undefined;
  if (left !== 0n) names.push(`0x${left.toString(16)}`);
  return names.join(separator);
}

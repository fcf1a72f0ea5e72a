/** How the fields of an event are shown: by the kernel's own print fmt, then by what ktriage knows of the field. */
import { describer } from "../../kernel/tracing/describe.ts";
import type { Field, Format } from "../../kernel/tracing/format.ts";
import { fieldMeaning } from "../../kernel/tracing/meanings.ts";
import { type FieldPresentation, parsePrintFmt } from "../../kernel/tracing/print_fmt.ts";
import { ADDRESS_FAMILIES } from "../../kernel/tracing/symbols.ts";
import type { ByteFormat, Describe, ShownField } from "../events/decode.ts";

export type Presented = Pick<ShownField, "describe" | "byte_format">;

/** Prepares the fields of one event; a field that nothing is known of is shown as the number or text it is. */
export function presenter(category: string, format: Format): (field: Field) => Presented {
  const presentation = parsePrintFmt(format);
  return (field): Presented => {
    const shown = presentation.get(field.name);
    const meaning = fieldMeaning(category, format.name, field.name);
    // of system calls print fmt knows only "0x%08lx"
    if (meaning !== undefined && (shown?.kind !== "named" || category === "syscalls")) {
      return { describe: meaning.describe };
    }
    if (shown === undefined) return {};
    return shown.kind === "named" ? { describe: describer(shown) } : presentAs(shown.kind);
  };
}

/** Name of an address family, or its number. */
export function familyName(family: number): string {
  return ADDRESS_FAMILIES.get(family) ?? `AF_${family}`;
}

type PlainKind = Exclude<FieldPresentation["kind"], "named">;

/** dev_t inside the kernel: 12 bits major, 20 bits minor (include/linux/kdev_t.h). */
const MINOR_BITS = 20n;

const DESCRIBERS: Partial<Record<PlainKind, Describe>> = {
  hex: hexText,
  code: hexText,
  octal: (value) => `0${value.toString(8)}`,
  device: (value) => `${BigInt(value) >> MINOR_BITS}:${BigInt(value) & ((1n << MINOR_BITS) - 1n)}`,
};

const BYTE_FORMATS: Partial<Record<PlainKind, ByteFormat>> = {
  ip4: "ipv4",
  ip6: "ipv6",
  mac: "mac",
  sockaddr: "sockaddr",
};

function presentAs(kind: PlainKind): Presented {
  const describe = DESCRIBERS[kind], byte_format = BYTE_FORMATS[kind];
  return { ...(describe === undefined ? {} : { describe }), ...(byte_format === undefined ? {} : { byte_format }) };
}

function hexText(value: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

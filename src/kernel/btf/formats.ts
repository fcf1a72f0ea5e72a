/** Formats that a capture may ask for, whatever the type says. */
import { readHex, readIpv4, readIpv6, readMac } from "../read.ts";
import { numberDecoder, type NumberShape } from "./numbers.ts";
import { addressOf, followed, isWhole, type Place, readAt, readPlace } from "./place.ts";
import { type Get, MAX_READ_BYTES, type ReadList } from "./read_list.ts";
import { orAddress, pointedText, textIn } from "./scalars.ts";

const NUMBERS = {
  u8: { bytes: 1, signed: false },
  u16: { bytes: 2, signed: false },
  u32: { bytes: 4, signed: false },
  u64: { bytes: 8, signed: false },
  s8: { bytes: 1, signed: true },
  s16: { bytes: 2, signed: true },
  s32: { bytes: 4, signed: true },
  s64: { bytes: 8, signed: true },
  be16: { bytes: 2, signed: false, is_big_endian: true },
  be32: { bytes: 4, signed: false, is_big_endian: true },
  be64: { bytes: 8, signed: false, is_big_endian: true },
} as const;

const ADDRESSES = {
  ipv4: { bytes: 4, decode: readIpv4 },
  ipv6: { bytes: 16, decode: readIpv6 },
  mac: { bytes: 6, decode: readMac },
} as const;

export const FORMATS = [
  ...Object.keys(NUMBERS) as (keyof typeof NUMBERS)[],
  ...Object.keys(ADDRESSES) as (keyof typeof ADDRESSES)[],
  "hex",
  "str",
  "path",
] as const;

export type Format = (typeof FORMATS)[number];

export function isFormat(name: string): name is Format {
  return FORMATS.some((format) => format === name);
}

/** What is known of a value without its type's name. */
export interface Held {
  /** An address of what is meant, a number (which may be an address as well), or what is meant itself. */
  readonly kind: "pointer" | "number" | "data";
  /** Of the value. */
  readonly bytes: number;
  /** The pointer may as well be one of the process, though its type does not say so. */
  readonly may_be_user: boolean;
}

/** Text that somebody asked for. */
const TEXT_BYTES = MAX_READ_BYTES;

/** @returns undefined where a value cannot be shown so: `path` needs a type, 16 bytes need memory */
export function formatGet(place: Place, format: Format, held: Held, list: ReadList): Get | undefined {
  switch (format) {
    case "path":
      return undefined;
    case "hex":
      return hexGet(place, held, list);
    case "str":
      return textGet(place, held, list);
    case "ipv4":
    case "ipv6":
    case "mac":
      return addressGet(place, format, held, list);
    default:
      return numberGet(place, NUMBERS[format], list);
  }
}

function numberGet(place: Place, shape: NumberShape, list: ReadList): Get {
  return readPlace(place, list, { bytes: shape.bytes, decode: numberDecoder(shape) });
}

function hexGet(place: Place, { kind, bytes }: Held, list: ReadList): Get {
  if (kind === "data" && place.where.kind === "memory") {
    const length = Math.min(bytes, MAX_READ_BYTES);
    return readPlace(place, list, { bytes: length, decode: (view, at) => readHex(view, at, length) });
  }
  const shape = { bytes: Math.min(bytes, 8), signed: false };
  const number = numberDecoder(shape);
  return readPlace(place, list, { bytes: shape.bytes, decode: (view, at) => `0x${number(view, at).toString(16)}` });
}

function textGet(place: Place, { kind, bytes, may_be_user }: Held, list: ReadList): Get | undefined {
  if (kind === "data") {
    const { where } = place;
    if (where.kind === "argument") return undefined;
    const { path } = where, length = bytes === 0 ? TEXT_BYTES : Math.min(bytes, TEXT_BYTES);
    const text = list.whole(readAt(place, { path, kind: "string", bytes: length }), textIn);
    return orAddress(text, place, { path, list });
  }
  return isWhole(place) ? pointedText(place, list, { bytes: TEXT_BYTES, may_be_user }) : undefined;
}

function addressGet(place: Place, format: keyof typeof ADDRESSES, { kind }: Held, list: ReadList): Get | undefined {
  const { bytes } = ADDRESSES[format];
  const is_value = kind === "data" || kind === "number" && (place.where.kind === "memory" || format === "ipv4");
  if (!is_value) {
    return isWhole(place) ? list.memory(addressOf(place, followed(place)), ADDRESSES[format]) : undefined;
  }
  return place.where.kind === "argument" && bytes > 4 ? undefined : readPlace(place, list, ADDRESSES[format]);
}

/** Single values by their type: numbers, names, text, addresses. */
import type { Slot } from "../capture.ts";
import { readHex, readIpv4, readPointer, readText } from "../read.ts";
import { type Btf, KIND } from "./image.ts";
import { bitBytes, bitDecoder, enumNames, numberDecoder, type NumberShape } from "./numbers.ts";
import { elementOf, followed, isWhole, memberOf, type Place, readAt, readPlace, type TypedPlace } from "./place.ts";
import { type Get, MAX_READ_BYTES, type ReadList, type View } from "./read_list.ts";
import { arrayLength, bareType, elementType, members, pointedTo, sizeOf, typedefNames } from "./types.ts";

/** Of a `char *` that nobody asked for by name: enough for file names, and three fit where one of full size does. */
const DEFAULT_TEXT_BYTES = 128;
const MAX_ELEMENTS = 16;
const INT_SIGNED = 1, INT_BOOL = 4;

/** @returns undefined for a struct of several members, and for what has no size */
export function scalarGet(place: TypedPlace, list: ReadList): Get | undefined {
  const { btf } = place;
  const bare = bareType(btf, place.type);
  switch (btf.kind(bare)) {
    case KIND.pointer:
      return isText(btf, btf.sizeOrType(bare)) ? pointedTextOrAddress(place, list) : pointerGet(place, list);
    case KIND.array:
      return arrayGet(place, list);
    case KIND.struct:
    case KIND.union:
      return onlyMember(place, list);
    default:
      return numberGet(place, list);
  }
}

/** An address in hex. */
export function pointerGet(place: Place, list: ReadList): Get {
  return readPlace(place, list, { bytes: 8, decode: readPointer });
}

/** Text that a pointer points to, in the place's own memory; its end is cut off after `bytes`. */
export function kernelText(place: Place, list: ReadList, bytes: number): Get {
  return list.whole(readAt(place, { path: followed(place), kind: "string", bytes }), textIn);
}

export interface TextOptions {
  /** The slot's size; longer text is cut. */
  readonly bytes: number;
  /** The address may be one of the process's. */
  readonly may_be_user: boolean;
}

/** Text that a place's value points to, in the memory that the address belongs to; see {@link orAddress}. */
export function pointedText(place: Place, list: ReadList, { bytes, may_be_user }: TextOptions): Get {
  const path = followed(place);
  const first = kernelText(place, list, bytes);
  if (place.space === "user" || !may_be_user) return orAddress(first, place, { path, list });
  const second = list.whole({ ...readAt(place, { path, kind: "string", bytes }), space: "user" }, textIn);
  return orAddress((slots) => first(slots) ?? second(slots), place, { path, list });
}

/**
 * Text at the end of a path; undefined behind a NULL pointer, and `(not in memory: 0x…)` behind another one: a process's
 * page that was not touched so far, or an address that is none.
 */
export function orAddress(
  text: Get,
  { source, space }: Place,
  { path, list }: { readonly path: readonly number[]; readonly list: ReadList },
): Get {
  const offset = BigInt(path.at(-1) ?? 0), behind = path.slice(0, -1);
  const decode = (view: View, at: number): string | undefined => {
    const pointer = view.getBigUint64(at, true);
    return pointer === 0n ? undefined : `(not in memory: 0x${(pointer + offset).toString(16)})`;
  };
  const address = behind.length === 0
    ? list.value(source, decode)
    : list.memory({ source, space, path: behind }, { bytes: 8, decode });
  return (slots) => text(slots) ?? address(slots);
}

/**
 * Whether a pointer may be a process's. Kernels built by gcc do not mark those, so both memories are tried. What the
 * kernel's own structs point to is the kernel's, but for what is no pointer to C, as the registers in pt_regs.
 */
export function mayBeUser({ btf, where, type }: TypedPlace): boolean {
  return where.kind === "argument" || pointedTo(btf, type) === undefined;
}

/** Text of a string's slot; `…` where it goes on. */
export function textIn({ view, at, bytes }: Slot): string {
  let length = 0;
  while (length < bytes && view.getUint8(at + length) !== 0) length++;
  return readText(view, at, length) + (length >= bytes - 1 ? "…" : "");
}

/** Whether bytes of this type are characters: `char`, `unsigned char`, but not `u8`. */
export function isText(btf: Btf, type: number): boolean {
  const bare = bareType(btf, type);
  return btf.kind(bare) === KIND.int && btf.sizeOrType(bare) === 1 && typedefNames(btf, type).length === 0 &&
    btf.name(bare).endsWith("char");
}

/** A number, and how it is shown. */
interface Shape extends NumberShape {
  readonly present?: (value: number | bigint) => unknown;
}

/** An integer or an enumeration; undefined for everything else. */
function shapeOf(btf: Btf, type: number): Shape | undefined {
  const bare = bareType(btf, type), bytes = sizeOf(btf, bare);
  if (bytes > 8) return undefined;
  const typedefs = typedefNames(btf, type);
  const is_big_endian = typedefs.some((name) => name.startsWith("__be"));
  switch (btf.kind(bare)) {
    case KIND.int: {
      const encoding = btf.extra(bare, 0) >>> 24;
      const present = (encoding & INT_BOOL) !== 0 ? Boolean : typedefs.map((name) => PRESENTED[name]).find(Boolean);
      return { bytes, signed: (encoding & INT_SIGNED) !== 0, is_big_endian, ...(present && { present }) };
    }
    case KIND.enum:
    case KIND.enum64: {
      const names = enumNames(btf, bare);
      return { bytes, signed: btf.kindFlag(bare), is_big_endian, present: (value) => names.get(value) ?? value };
    }
    default:
      return undefined;
  }
}

/** By typedef. */
const PRESENTED: Readonly<Record<string, (value: number | bigint) => unknown>> = {
  dev_t: deviceText,
  umode_t: (value) => `0${value.toString(8)}`,
};

/** `major:minor`, as in /proc/self/mountinfo (include/linux/kdev_t.h). */
function deviceText(device: number | bigint): string {
  return `${Number(device) >>> 20}:${Number(device) & 0xf_ffff}`;
}

function numberGet(place: TypedPlace, list: ReadList): Get | undefined {
  const shape = shapeOf(place.btf, place.type);
  if (shape === undefined) return undefined;
  const { present, bytes } = shape;
  // in the kernel's names, what ends so is an IPv4 address and not a number
  if (shape.is_big_endian && bytes === 4 && place.name.endsWith("addr")) {
    return readPlace(place, list, { bytes, decode: readIpv4 });
  }
  const { bits } = place;
  const number = bits === undefined ? numberDecoder(shape) : bitDecoder({ ...bits, signed: shape.signed });
  return readPlace(place, list, {
    bytes: bits === undefined ? bytes : bitBytes(bits),
    decode: present === undefined ? number : (view, at) => present(number(view, at)),
  });
}

/** Text, bytes in hex, or the first elements. */
function arrayGet(place: TypedPlace, list: ReadList): Get | undefined {
  const { btf, where } = place;
  if (where.kind === "argument") return undefined;
  const bare = bareType(btf, place.type), element = elementType(btf, bare), length = arrayLength(btf, bare);
  const bytes = Math.min(sizeOf(btf, bare), MAX_READ_BYTES);
  if (isText(btf, element)) {
    if (length > 0) return readPlace(place, list, { bytes, decode: (view, at) => readText(view, at, bytes) });
    return list.whole(readAt(place, { path: where.path, kind: "string", bytes: DEFAULT_TEXT_BYTES }), textIn);
  }
  if (length === 0) return undefined;
  if (sizeOf(btf, element) === 1) {
    return readPlace(place, list, { bytes, decode: (view, at) => readHex(view, at, bytes) });
  }
  const gets = Array.from({ length: Math.min(length, MAX_ELEMENTS) }, (_, i) => {
    const at = elementOf(place, i);
    return at && scalarGet(at, list);
  });
  return (slots) => gets.map((get) => get?.(slots));
}

/** A struct around one value, as `kuid_t` and `atomic_t` are. */
function onlyMember(place: TypedPlace, list: ReadList): Get | undefined {
  const { btf } = place;
  const [only, second] = members(btf, bareType(btf, place.type));
  const inner = only === undefined || second !== undefined ? undefined : memberOf(place, only.name);
  return inner && scalarGet(inner, list);
}

/** What is there and no text is shown as what it is, an address. */
function pointedTextOrAddress(place: TypedPlace, list: ReadList): Get {
  const address = pointerGet(place, list);
  if (!isWhole(place)) return address;
  const text = pointedText(place, list, { bytes: DEFAULT_TEXT_BYTES, may_be_user: mayBeUser(place) });
  return (slots) => {
    const value = text(slots);
    return typeof value === "string" && NO_TEXT.test(value) ? address(slots) : value;
  };
}

/** Control characters but for line ends and tabs, and what was not UTF-8. */
const NO_TEXT = /(?![\n\r\t])[\p{Cc}\ufffd]/u;

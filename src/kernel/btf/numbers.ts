/** Numbers, names of enumerators and bit fields out of bytes. */
import { readInt64, readUint64 } from "../read.ts";
import { type Btf, KIND } from "./image.ts";
import type { View } from "./read_list.ts";

export type DecodeNumber = (view: View, at: number) => number | bigint;

export interface NumberShape {
  /** 1, 2, 4 or 8. */
  readonly bytes: number;
  readonly signed: boolean;
  /** In the network's byte order; such numbers have no sign. */
  readonly is_big_endian?: boolean;
}

export function numberDecoder({ bytes, signed, is_big_endian = false }: NumberShape): DecodeNumber {
  switch (bytes) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed && !is_big_endian
        ? (view, at) => view.getInt16(at, true)
        : (view, at) => view.getUint16(at, !is_big_endian);
    case 4:
      return signed && !is_big_endian
        ? (view, at) => view.getInt32(at, true)
        : (view, at) => view.getUint32(at, !is_big_endian);
    default:
      if (is_big_endian) return (view, at) => exact(view.getBigUint64(at));
      return signed ? readInt64 : readUint64;
  }
}

/** A Number while that is exact. */
function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

export interface BitShape {
  /** Of the field's lowest bit, from the first byte on. */
  readonly first: number;
  readonly size: number;
  readonly signed: boolean;
}

/** A bit field of up to 64 bits (little-endian order). */
export function bitDecoder({ first, size, signed }: BitShape): DecodeNumber {
  const bytes = bitBytes({ first, size });
  return (view, at) => {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = value << 8n | BigInt(view.getUint8(at + i));
    value >>= BigInt(first);
    return exact(signed ? BigInt.asIntN(size, value) : BigInt.asUintN(size, value));
  };
}

/** Bytes that a bit field touches. */
export function bitBytes({ first, size }: { readonly first: number; readonly size: number }): number {
  return (first + size + 7) >>> 3;
}

/** Enumerators by value; BTF of kernels before 6.0 does not say whether an enumeration is signed. */
export function enumNames(btf: Btf, enumeration: number): Map<number | bigint, string> {
  const is_wide = btf.kind(enumeration) === KIND.enum64;
  const words = is_wide ? 3 : 2;
  const names = new Map<number | bigint, string>();
  for (let i = 0; i < btf.memberCount(enumeration); i++) {
    const name = btf.text(btf.extra(enumeration, words * i));
    const low = btf.extra(enumeration, words * i + 1);
    const high = is_wide ? btf.extra(enumeration, words * i + 2) : 0;
    // of an enumeration without its sign, both readings of a value have its name
    for (const value of is_wide ? wideValues(high, low) : [low, low | 0]) if (!names.has(value)) names.set(value, name);
  }
  return names;
}

function wideValues(high: number, low: number): (number | bigint)[] {
  const value = BigInt(high) << 32n | BigInt(low);
  return [exact(value), exact(BigInt.asIntN(64, value))];
}

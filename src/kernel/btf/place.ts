/** Where a value is when a function is hit: in an argument, or in memory that an argument leads to. */
import type { Read } from "../capture.ts";
import { type Btf, KIND, type Member } from "./image.ts";
import type { Address, Decode, Get, ReadList } from "./read_list.ts";
import type { Parameter, Signature } from "./signature.ts";
import { arrayLength, bareType, elementType, isCompound, isUserMemory, members, pointedTo, sizeOf } from "./types.ts";

/** A value somewhere, of which nothing needs to be known but how to get there. */
export interface Place {
  readonly source: number | "ret";
  /** Of the value: its byte in the argument, or a path of addresses. */
  readonly where:
    | { readonly kind: "argument"; readonly byte: number }
    | { readonly kind: "memory"; readonly path: readonly number[] };
  readonly space: "kernel" | "user";
}

/** A value of a known type. */
export interface TypedPlace extends Place {
  readonly btf: Btf;
  /** As declared, with typedefs. */
  readonly type: number;
  /** Of the member, for what only its name tells; empty for an argument. */
  readonly name: string;
  /** A bit field: `first` counts from the value's first byte. */
  readonly bits?: { readonly first: number; readonly size: number };
}

/** The first bytes of an argument, or of the returned value. */
export function argument(source: number | "ret", space: "kernel" | "user"): Place {
  return { source, where: { kind: "argument", byte: 0 }, space };
}

/** @returns undefined for a struct that is handed over on the stack */
export function argumentPlace({ btf }: Signature, { slot, slots, type_id }: Parameter): TypedPlace | undefined {
  return slots === 0 ? undefined : { ...argument(slot, "kernel"), btf, type: type_id, name: "" };
}

/** @returns undefined for void */
export function returnPlace({ btf, returns }: Signature): TypedPlace | undefined {
  return returns && { ...argument("ret", "kernel"), btf, type: returns.type_id, name: "" };
}

/** What a pointer points to; undefined where the place holds none. */
export function pointee(place: TypedPlace): TypedPlace | undefined {
  const { btf, source, name } = place;
  const type = pointedTo(btf, place.type);
  if (type === undefined || !isWhole(place)) return undefined;
  const space = isUserMemory(btf, type) ? "user" : place.space;
  return { btf, source, type, name, where: { kind: "memory", path: followed(place) }, space };
}

/** The address that the value at a place is. */
export function followed({ where }: Place): number[] {
  return where.kind === "argument" ? [0] : [...where.path, 0];
}

/** Only the argument itself can be followed, not a byte of it. */
export function isWhole({ where, bits }: Place & Pick<TypedPlace, "bits">): boolean {
  return bits === undefined && (where.kind === "memory" || where.byte === 0);
}

/** A member of the struct at a place, or of the struct that it points to, however deep in anonymous ones. */
export function memberOf(place: TypedPlace, name: string): TypedPlace | undefined {
  const struct = structAt(place);
  const member = struct && findMember(struct.btf, bareType(struct.btf, struct.type), name);
  return struct && member && memberPlace(struct, member);
}

/** Names of the members that {@link memberOf} finds there. */
export function memberNames(place: TypedPlace): string[] {
  const struct = structAt(place);
  return struct === undefined ? [] : namesIn(struct.btf, bareType(struct.btf, struct.type), 0);
}

/** Follows names separated by dots, through structs and pointers. */
export function follow(place: TypedPlace, chain: string): TypedPlace | undefined {
  let at: TypedPlace | undefined = place;
  for (const name of chain.split(".")) at = at && memberOf(at, name);
  return at;
}

/** An element of the array at a place, or of what it points to. */
export function elementOf(place: TypedPlace, index: number): TypedPlace | undefined {
  const { btf } = place;
  const bare = bareType(btf, place.type);
  const is_array = btf.kind(bare) === KIND.array;
  if (is_array && arrayLength(btf, bare) > 0 && index >= arrayLength(btf, bare)) return undefined;
  const first = is_array ? { ...place, type: elementType(btf, bare) } : pointee(place);
  const bytes = first && sizeOf(btf, first.type);
  return first && bytes ? moved(first, index * bytes) : undefined;
}

/** The struct or union at a place, or that it points to. */
export function structAt(place: TypedPlace): TypedPlace | undefined {
  if (isStruct(place)) return place;
  const target = pointee(place);
  return target !== undefined && isStruct(target) ? target : undefined;
}

function isStruct({ btf, type }: TypedPlace): boolean {
  return isCompound(btf, bareType(btf, type));
}

export interface Bytes {
  readonly bytes: number;
  readonly decode: Decode;
}

/** Reads the bytes at a place; of an argument no more than its 8. */
export function readPlace(place: Place, list: ReadList, { bytes, decode }: Bytes): Get {
  const { where } = place;
  if (where.kind === "memory") return list.memory(addressOf(place, where.path), { bytes, decode });
  const is_inside = where.byte + bytes <= 8;
  return list.value(place.source, (view, at) => is_inside ? decode(view, at + where.byte) : undefined);
}

/** @param path of the place, or beyond it */
export function addressOf({ source, space }: Place, path: readonly number[]): Address {
  return { source, path, space };
}

/** A read of another kind than bytes, at the address that a path leads to. */
export function readAt(
  { source, space }: Place,
  read: Pick<Read, "path" | "kind" | "bytes">,
): Read {
  return { source, space, ...read };
}

interface FoundMember extends Member {
  /** From the start of the outermost struct. */
  readonly bit_offset: number;
}

/** Anonymous structs of the kernel are nested 4 deep at most; more is broken BTF. */
const MAX_NESTING = 12;

function findMember(btf: Btf, compound: number, name: string, depth = 0): FoundMember | undefined {
  if (depth > MAX_NESTING) throw new SyntaxError(`BTF type ${compound} contains itself`);
  const all = members(btf, compound);
  const named = all.find((member) => member.name === name);
  if (named !== undefined || name === "") return named;
  for (const member of all) {
    const bare = bareType(btf, member.type);
    if (member.name !== "" || !isCompound(btf, bare)) continue;
    const inner = findMember(btf, bare, name, depth + 1);
    if (inner !== undefined) return { ...inner, bit_offset: member.bit_offset + inner.bit_offset };
  }
  return undefined;
}

function namesIn(btf: Btf, compound: number, depth: number): string[] {
  if (depth > MAX_NESTING) throw new SyntaxError(`BTF type ${compound} contains itself`);
  return members(btf, compound).flatMap((member) => {
    if (member.name !== "") return [member.name];
    const bare = bareType(btf, member.type);
    return isCompound(btf, bare) ? namesIn(btf, bare, depth + 1) : [];
  });
}

function memberPlace(struct: TypedPlace, { name, type, bit_offset, bit_size }: FoundMember): TypedPlace | undefined {
  const bytes = bit_offset >>> 3;
  const place = moved({ ...struct, type, name }, bytes);
  if (place === undefined || bit_size === 0) return place;
  return { ...place, bits: { first: bit_offset & 7, size: bit_size } };
}

/** A place some bytes further on; the second 8 bytes of a struct by value are the next argument. */
function moved(place: TypedPlace, bytes: number): TypedPlace | undefined {
  const { where, source } = place;
  if (where.kind === "memory") {
    const path = [...where.path];
    path.push((path.pop() ?? 0) + bytes);
    return { ...place, where: { kind: "memory", path } };
  }
  const byte = where.byte + bytes;
  if (source === "ret") return byte < 8 ? { ...place, where: { kind: "argument", byte } } : undefined;
  return { ...place, source: source + (byte >>> 3), where: { kind: "argument", byte: byte & 7 } };
}

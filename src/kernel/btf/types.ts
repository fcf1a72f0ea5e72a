/** What C makes of types: names behind typedefs, sizes, declarations as text. */
import { type Btf, KIND, type Kind, type Member } from "./image.ts";

/** Kinds that only qualify another type. */
const QUALIFIERS: ReadonlySet<Kind | 0> = new Set([KIND.volatile, KIND.const, KIND.restrict, KIND.type_tag]);
const COMPOUND: readonly Kind[] = [KIND.struct, KIND.union];
/** Longer chains of types are a loop: the kernel's longest has 7. */
const MAX_DEPTH = 32;

/** The type behind typedefs and qualifiers, and the whole struct behind a forward declaration. */
export function bareType(btf: Btf, id: number): number {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const kind = btf.kind(id);
    if (kind === KIND.forward) return btf.find(btf.name(id), COMPOUND) ?? id;
    if (kind !== KIND.typedef && !QUALIFIERS.has(kind)) return id;
    id = btf.sizeOrType(id);
  }
  throw new SyntaxError(`BTF type ${id} refers to itself`);
}

/** Names of the typedefs around a type, from the outermost on: `__be16`, `__u16`. */
export function typedefNames(btf: Btf, id: number): string[] {
  const names: string[] = [];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const kind = btf.kind(id);
    if (kind === KIND.typedef) names.push(btf.name(id));
    else if (!QUALIFIERS.has(kind)) return names;
    id = btf.sizeOrType(id);
  }
  return names;
}

/** What a pointer points to, with its qualifiers; undefined for anything else. */
export function pointedTo(btf: Btf, id: number): number | undefined {
  const bare = bareType(btf, id);
  return btf.kind(bare) === KIND.pointer ? btf.sizeOrType(bare) : undefined;
}

/** Whether a type is marked as the memory of a process; kernels built by gcc do not mark it. */
export function isUserMemory(btf: Btf, id: number): boolean {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const kind = btf.kind(id);
    if (kind === KIND.type_tag && btf.name(id) === "user") return true;
    if (kind !== KIND.typedef && !QUALIFIERS.has(kind)) return false;
    id = btf.sizeOrType(id);
  }
  return false;
}

export function isCompound(btf: Btf, bare: number): boolean {
  const kind = btf.kind(bare);
  return kind === KIND.struct || kind === KIND.union;
}

/** In bytes; 0 for what has none: void, functions, structs that are declared only. */
export function sizeOf(btf: Btf, id: number): number {
  let count = 1;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const bare = bareType(btf, id);
    switch (btf.kind(bare)) {
      case KIND.pointer:
        return 8 * count;
      case KIND.array:
        count *= arrayLength(btf, bare);
        id = elementType(btf, bare);
        break;
      case KIND.int:
      case KIND.struct:
      case KIND.union:
      case KIND.enum:
      case KIND.enum64:
      case KIND.float:
        return btf.sizeOrType(bare) * count;
      default:
        return 0;
    }
  }
  throw new SyntaxError(`BTF type ${id} is an array of itself`);
}

export function elementType(btf: Btf, array: number): number {
  return btf.extra(array, 0);
}

export function arrayLength(btf: Btf, array: number): number {
  return btf.extra(array, 2);
}

/** Members of a struct or union, in order. */
export function members(btf: Btf, compound: number): Member[] {
  const has_bit_sizes = btf.kindFlag(compound);
  return Array.from({ length: btf.memberCount(compound) }, (_, i) => {
    const offset = btf.extra(compound, 3 * i + 2);
    return {
      name: btf.text(btf.extra(compound, 3 * i)),
      type: btf.extra(compound, 3 * i + 1),
      bit_offset: has_bit_sizes ? offset & 0xff_ffff : offset,
      bit_size: has_bit_sizes ? offset >>> 24 : 0,
    };
  });
}

/** A type as C writes it. */
export function typeText(btf: Btf, id: number): string {
  return declaration(btf, id, "");
}

/** A variable, member or parameter as C declares it: `struct sock *sk`, `char comm[16]`, `int (*fn)(void *)`. */
export function declaration(btf: Btf, id: number, inner: string, depth = 0): string {
  if (depth > MAX_DEPTH) throw new SyntaxError(`BTF type ${id} refers to itself`);
  const around = (text: string): string => declaration(btf, btf.sizeOrType(id), text, depth + 1);
  switch (btf.kind(id)) {
    case KIND.pointer:
      return around(needsParentheses(btf, btf.sizeOrType(id)) ? `(*${inner})` : `*${inner}`);
    case KIND.array:
      return declaration(btf, elementType(btf, id), `${inner}[${arrayLength(btf, id)}]`, depth + 1);
    case KIND.prototype:
      return around(`${inner}(${prototypeParameters(btf, id, depth + 1)})`);
    case KIND.const:
    case KIND.volatile:
    case KIND.restrict:
    case KIND.type_tag:
      return qualified(btf, id, inner, depth);
    default:
      return joined(baseText(btf, id), inner);
  }
}

/** Parameters of a prototype as C lists them. */
export function prototypeParameters(btf: Btf, prototype: number, depth = 0): string {
  const texts = Array.from({ length: btf.memberCount(prototype) }, (_, i) => {
    const type = btf.extra(prototype, 2 * i + 1);
    return type === 0 ? "..." : declaration(btf, type, btf.text(btf.extra(prototype, 2 * i)), depth + 1);
  });
  return texts.length === 0 ? "void" : texts.join(", ");
}

const QUALIFIER_WORDS: Partial<Record<Kind | 0, string>> = {
  [KIND.const]: "const",
  [KIND.volatile]: "volatile",
  [KIND.restrict]: "restrict",
};

/** A qualified pointer has its qualifier behind the `*`, everything else in front. */
function qualified(btf: Btf, id: number, inner: string, depth: number): string {
  const target = btf.sizeOrType(id);
  const word = QUALIFIER_WORDS[btf.kind(id)] ?? `__${btf.name(id)}`;
  const is_behind = btf.kind(target) === KIND.pointer || btf.kind(id) === KIND.type_tag;
  if (is_behind) return declaration(btf, target, inner === "" ? word : `${word} ${inner}`, depth + 1);
  return `${word} ${declaration(btf, target, inner, depth + 1)}`;
}

function baseText(btf: Btf, id: number): string {
  const name = btf.name(id);
  switch (btf.kind(id)) {
    case KIND.struct:
      return `struct ${name || "{…}"}`;
    case KIND.union:
      return `union ${name || "{…}"}`;
    case KIND.enum:
    case KIND.enum64:
      return `enum ${name || "{…}"}`;
    case KIND.forward:
      return `${btf.kindFlag(id) ? "union" : "struct"} ${name}`;
    default:
      return name;
  }
}

function needsParentheses(btf: Btf, id: number): boolean {
  const kind = btf.kind(id);
  return kind === KIND.array || kind === KIND.prototype;
}

function joined(base: string, inner: string): string {
  return inner === "" || inner.startsWith("[") ? `${base}${inner}` : `${base} ${inner}`;
}

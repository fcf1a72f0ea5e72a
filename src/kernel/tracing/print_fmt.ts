/** How the kernel itself prints the fields of an event: names of values, flags, addresses. */
import { type ConstantLookup, constantOf, type Node, parseArguments } from "./c_expression.ts";
import type { Field, Format } from "./format.ts";
import { KERNEL_CONSTANTS } from "../kernel_constants.ts";

/** Part of a value: `(value >> shift) & mask`. */
export interface Part {
  readonly shift: number;
  /** All bits when absent. */
  readonly mask: bigint | undefined;
}

export interface SymbolicPart extends Part {
  readonly kind: "symbolic";
  /** Keys are Numbers while those are exact. */
  readonly names: ReadonlyMap<number | bigint, string>;
  /** For every value that has no name. */
  readonly otherwise: string | undefined;
}

export interface FlagsPart extends Part {
  readonly kind: "flags";
  /** In the kernel's order: a combination stands before its bits. */
  readonly flags: readonly { readonly mask: bigint; readonly name: string }[];
  readonly separator: string;
  /** What the kernel writes when no bit is set. */
  readonly none: string | undefined;
}

/**
 * How a field is shown. `named`: by the texts of all parts, joined; the others say what the bytes are: `code` is an
 * address in the kernel's text, `device` a dev_t, `sockaddr` a whole struct sockaddr inside the record.
 */
export type FieldPresentation =
  | { readonly kind: "named"; readonly signed: boolean; readonly parts: readonly (SymbolicPart | FlagsPart)[] }
  | { readonly kind: "ip4" | "ip6" | "mac" | "uuid" | "sockaddr" | "hex" | "octal" | "device" | "code" | "character" };

/** Per field name; a field without entry is shown as the number, text or bytes it is. */
export type Presentation = ReadonlyMap<string, FieldPresentation>;

export interface PrintFmtOptions {
  /** Knows enum constants that a print fmt leaves as names, beyond the built-in ones (BTF does). */
  readonly constants?: ConstantLookup;
}

/**
 * Reads an event's `print fmt`: the tables of `__print_symbolic` and `__print_flags`, conditional texts, and what
 * conversions such as `%pI4` say about a field. What is not understood is left out; never throws.
 */
export function parsePrintFmt(format: Format, options: PrintFmtOptions = {}): Presentation {
  const lookup: ConstantLookup = (name) => KERNEL_CONSTANTS.get(name) ?? options.constants?.(name);
  const [template, ...args] = parseArguments(format.print_fmt);
  if (template?.kind !== "text") return new Map();
  const reader = new Reader(format, lookup);
  let argument = 0;
  for (const conversion of conversionsOf(template.value)) {
    argument += conversion.stars;
    const node = args[argument++];
    if (node !== undefined) reader.read(node, conversion);
  }
  return reader.presentation;
}

interface Conversion {
  /** What follows the flags and the width, such as `d`, `lx`, `pI6c`. */
  readonly type: string;
  /** Widths and precisions that are arguments themselves. */
  readonly stars: number;
  /** It stands directly behind the one before. */
  readonly adjacent: boolean;
}

const CONVERSION = /%(?:%|([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?((?:hh|h|ll|l|z|t|L)?(?:p[A-Za-z0-9]*|[a-zA-Z])))/g;

function* conversionsOf(template: string): Generator<Conversion> {
  let end = -1;
  for (const match of template.matchAll(CONVERSION)) {
    const [whole, , width, precision, type] = match;
    if (type !== undefined) {
      const stars = (width === "*" ? 1 : 0) + (precision === "*" ? 1 : 0);
      yield { type, stars, adjacent: match.index === end };
    }
    end = match.index + whole.length;
  }
}

interface Selected extends Part {
  readonly field: Field;
}

class Reader {
  readonly presentation = new Map<string, FieldPresentation>();
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #lookup: ConstantLookup;
  /** Every argument of a system call is printed with %lx: that says nothing. */
  readonly #isSyscall: boolean;
  #last: string | undefined;

  constructor(format: Format, lookup: ConstantLookup) {
    this.#fields = new Map(format.fields.map((field) => [field.name, field]));
    this.#lookup = lookup;
    this.#isSyscall = format.name.startsWith("sys_enter_") || format.name.startsWith("sys_exit_");
  }

  read(node: Node, conversion: Conversion): void {
    const before = this.#last;
    this.#last = undefined;
    const named = this.#named(node);
    if (named === undefined) return this.#readConversion(node, conversion.type);
    const { field, part } = named;
    const known = this.presentation.get(field.name);
    if (known === undefined || known.kind !== "named") {
      // `flags & MANAGED ? "managed" : "unmanaged"` tells one bit of many: it must not hide the others.
      if (!field.type.startsWith("enum ") && part.kind === "symbolic" && part.otherwise !== undefined && part.mask) {
        return;
      }
      this.presentation.set(field.name, { kind: "named", signed: field.signed, parts: [part] });
    } else if (conversion.adjacent && before === field.name) {
      this.presentation.set(field.name, { ...known, parts: [...known.parts, part] });
    } else return;
    this.#last = field.name;
  }

  #readConversion(node: Node, type: string): void {
    const selected = this.#select(node);
    if (selected === undefined) return;
    const { field, shift, mask } = selected;
    const kind = shift === 20 && mask === undefined ? "device" : conversionKind(type, field);
    if (kind === undefined || this.presentation.has(field.name)) return;
    if ((shift !== 0 || mask !== undefined) && kind !== "device") return;
    if (!this.#isSyscall) this.presentation.set(field.name, { kind });
  }

  /** A text for a field's values. */
  #named(node: Node): { field: Field; part: SymbolicPart | FlagsPart } | undefined {
    if (node.kind === "choice") return this.#choice(node);
    if (node.kind !== "call") return undefined;
    const [value, ...rest] = node.args;
    if (value === undefined) return undefined;
    if (/^__print_symbolic/.test(node.name)) return this.#symbolic(value, rest);
    if (/^__print_flags/.test(node.name)) return this.#flags(value, rest);
    return undefined;
  }

  #symbolic(value: Node, entries: readonly Node[]): { field: Field; part: SymbolicPart } | undefined {
    const selected = this.#select(value);
    if (selected === undefined) return undefined;
    const names = new Map<number | bigint, string>();
    for (const { number, name } of this.#table(entries)) {
      const key = exactKey(keyValue(number, selected.field.signed));
      if (!names.has(key)) names.set(key, name);
    }
    if (names.size === 0) return undefined;
    const { field, shift, mask } = selected;
    return { field, part: { kind: "symbolic", shift, mask, names, otherwise: undefined } };
  }

  #flags(
    value: Node,
    [delimiter, ...entries]: readonly Node[],
  ): { field: Field; part: SymbolicPart | FlagsPart } | undefined {
    const table = [...this.#table(entries)];
    if (table.length === 0) return undefined;
    const bit = this.#bitNumber(value);
    if (bit !== undefined) {
      const names = new Map(table.map(({ number, name }) => [number.toString(2).length - 1, name]));
      return { field: bit, part: { kind: "symbolic", shift: 0, mask: undefined, names, otherwise: undefined } };
    }
    const selected = this.#select(value);
    if (selected === undefined) return undefined;
    const { field, shift, mask } = selected;
    const flags = table.filter(({ number }) => number !== 0n)
      .map(({ number, name }) => ({ mask: BigInt.asUintN(64, number), name }));
    const none = table.find(({ number }) => number === 0n)?.name;
    const separator = delimiter?.kind === "text" ? delimiter.value : "|";
    return { field, part: { kind: "flags", shift, mask, flags, separator, none } };
  }

  /** `1 << REC->x` */
  #bitNumber(node: Node): Field | undefined {
    if (node.kind !== "binary" || node.operator !== "<<" || constantOf(node.left, this.#lookup) !== 1n) {
      return undefined;
    }
    return node.right.kind === "field" ? this.#fields.get(node.right.name) : undefined;
  }

  *#table(entries: readonly Node[]): Generator<{ number: bigint; name: string }> {
    for (const entry of entries) {
      if (entry.kind !== "braces") continue;
      const [value, name] = entry.items;
      const number = value === undefined ? undefined : constantOf(value, this.#lookup);
      if (number !== undefined && name?.kind === "text") yield { number, name: name.value };
    }
  }

  /** `a ? table : "none"`, `a ? "yes" : "no"`, `a == 1 ? "one" : a == 2 ? "two" : "many"` */
  #choice(node: Node & { kind: "choice" }): { field: Field; part: SymbolicPart | FlagsPart } | undefined {
    const inner = this.#named(node.yes);
    if (inner !== undefined) {
      const tested = this.#select(node.condition);
      const none = node.no.kind === "text" && tested?.field === inner.field ? node.no.value : undefined;
      return inner.part.kind === "flags" ? { ...inner, part: { ...inner.part, none: none ?? inner.part.none } } : inner;
    }
    if (node.yes.kind !== "text") return undefined;
    const tested = this.#test(node.condition);
    if (tested === undefined || tested.field.kind === "bool") return undefined;
    const rest = node.no.kind === "text" ? node.no.value : this.#named(node.no);
    if (rest === undefined) return undefined;
    return this.#conditional(tested, node.yes.value, rest);
  }

  #conditional(
    tested: Selected & { readonly equals: bigint | undefined },
    yes: string,
    rest: string | { field: Field; part: SymbolicPart | FlagsPart },
  ): { field: Field; part: SymbolicPart } | undefined {
    const { field, shift, mask, equals } = tested;
    const names = new Map<number | bigint, string>();
    if (typeof rest === "string") {
      const part = { kind: "symbolic" as const, shift, mask };
      if (equals === undefined) return { field, part: { ...part, names: names.set(0, rest), otherwise: yes } };
      return { field, part: { ...part, names: names.set(exactKey(equals), yes), otherwise: rest } };
    }
    const more = rest.part;
    if (more.kind !== "symbolic" || rest.field !== field || more.mask !== mask || more.shift !== shift) {
      return undefined;
    }
    if (equals === undefined) return undefined;
    return { field, part: { ...more, names: new Map([...more.names, [exactKey(equals), yes]]) } };
  }

  #test(condition: Node): Selected & { readonly equals: bigint | undefined } | undefined {
    if (condition.kind === "binary" && condition.operator === "==") {
      const selected = this.#select(condition.left);
      const equals = constantOf(condition.right, this.#lookup);
      return selected === undefined || equals === undefined ? undefined : { ...selected, equals };
    }
    const selected = this.#select(condition);
    return selected && { ...selected, equals: undefined };
  }

  /** A field, maybe shifted and masked by constants. */
  #select(node: Node): Selected | undefined {
    if (node.kind === "field") {
      const field = this.#fields.get(node.name);
      return field && { field, shift: 0, mask: undefined };
    }
    if (node.kind !== "binary" || (node.operator !== "&" && node.operator !== ">>")) return undefined;
    const inner = this.#select(node.left);
    const constant = constantOf(node.right, this.#lookup);
    if (inner === undefined || constant === undefined) return undefined;
    const { field, shift, mask } = inner;
    if (node.operator === ">>") {
      if (constant < 0n || constant > 63n) return undefined;
      return { field, shift: shift + Number(constant), mask: mask === undefined ? undefined : mask >> constant };
    }
    const wanted = BigInt.asUintN(64, constant);
    return { field, shift, mask: mask === undefined ? wanted : mask & wanted };
  }
}

function conversionKind(type: string, field: Field): Exclude<FieldPresentation["kind"], "named"> | undefined {
  if (type.startsWith("p")) {
    if (/^pI4/.test(type)) return "ip4";
    if (/^p[Ii]6/.test(type)) return "ip6";
    if (/^pIS/.test(type)) return "sockaddr";
    if (/^p[mM]/.test(type)) return "mac";
    if (/^pU/.test(type)) return "uuid";
    return /^p[SsBFf]/.test(type) ? "code" : undefined;
  }
  if (field.kind !== "integer") return undefined;
  const letter = type.at(-1);
  if (letter === "x" || letter === "X") return "hex";
  if (letter === "o") return "octal";
  return letter === "c" && field.size === 1 ? "character" : undefined;
}

/** The kernel compares as unsigned long: a signed field is extended, so that -1 meets -1. */
function keyValue(value: bigint, signed: boolean): bigint {
  return signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
}

function exactKey(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

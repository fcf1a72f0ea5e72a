/** The tracefs `format` file of an event: which bytes of a record are which field. */

/**
 * How the bytes of a field are read.
 *
 * | kind | bytes at `offset` |
 * |---|---|
 * | `integer`, `bool`, `pointer` | one little-endian value of `element_bytes` |
 * | `string` | `char[size]`, ends at the first zero byte |
 * | `integer_array`, `pointer_array` | `array` values of `element_bytes` |
 * | `bytes` | `size` bytes with a meaning of their own (addresses, structs by value, unions) |
 * | `data_loc_*` | a u32, `length << 16 | offset`; offset counts from the record's start |
 * | `rel_loc_*` | the same, but offset counts from the end of this u32 |
 * | `*_loc_string` | text there, ends at the first zero byte or at length |
 * | `*_loc_array` | length / `element_bytes` values there |
 * | `trailing` | everything from `offset` to the end of the record (an array without length, size 0) |
 */
export type FieldKind =
  | "integer"
  | "bool"
  | "pointer"
  | "string"
  | "integer_array"
  | "pointer_array"
  | "bytes"
  | "data_loc_string"
  | "data_loc_array"
  | "rel_loc_string"
  | "rel_loc_array"
  | "trailing";

export interface Field {
  readonly name: string;
  /** C type without the name, as the kernel wrote it (`const char *`, `__data_loc char[]`, `__u8[4]`). */
  readonly type: string;
  /** Bytes from the record's start. */
  readonly offset: number;
  /** Bytes in the fixed part of the record. */
  readonly size: number;
  /** Sign of the value or of each element. */
  readonly signed: boolean;
  /** Elements of an array of fixed length. */
  readonly array: number | undefined;
  /**
   * Bytes of the value, or of one element. Less than `size` where the slot is wider than the C type: every argument of
   * a system call has 8 bytes, and the upper ones of an `int` are not defined.
   */
  readonly element_bytes: number;
  readonly kind: FieldKind;
}

export interface Format {
  readonly name: string;
  /** What perf_event_attr.config takes. */
  readonly id: number;
  /** Fields of this event, in file order. */
  readonly fields: readonly Field[];
  /** `common_*`, the same in all events of a kernel. */
  readonly common: readonly Field[];
  /** The C expression list that the kernel prints a record with, for `parsePrintFmt`. */
  readonly print_fmt: string;
  /** Where the fixed part of the record ends; `__data_loc` and `__rel_loc` data comes after it. */
  readonly record_bytes: number;
}

const FIELD = /^\s*field:(.*);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(-?\d+);)?\s*$/;
const DECLARATION = /^(.*?)\s*([A-Za-z_]\w*)\s*((?:\[[^\]]*\]\s*)*)(?::\s*\d+\s*)?$/s;

/**
 * Turns the text of a tracefs `format` file into fields.
 *
 * @param text the file's content
 * @returns fields in file order; offsets and sizes in bytes from the record's start
 * @throws {SyntaxError} a line that does not parse, with the line
 * @see Documentation/trace/events.rst in the kernel
 */
export function parseFormat(text: string): Format {
  const fields: Field[] = [];
  const common: Field[] = [];
  let name: string | undefined;
  let id: number | undefined;
  let print_fmt = "";
  let record_bytes = 0;
  const [head = "", ...print] = text.split(/^print fmt: ?/m);
  for (const line of head.split("\n")) {
    if (line.startsWith("name:")) name = line.slice("name:".length).trim();
    else if (line.startsWith("ID:")) id = Number(line.slice("ID:".length));
    else if (line.trim() === "" || line.startsWith("format:")) continue;
    else {
      const field = parseField(line);
      if (name !== undefined && isStringCopy(name, field)) continue;
      record_bytes = Math.max(record_bytes, field.offset + field.size);
      (field.name.startsWith("common_") ? common : fields).push(field);
    }
  }
  print_fmt = print.join("print fmt: ").trimEnd();
  if (name === undefined || id === undefined || !Number.isInteger(id)) {
    throw new SyntaxError(`Cannot read event format: no name or ID in ${JSON.stringify(text.slice(0, 80))}`);
  }
  return { name, id, fields, common, print_fmt, record_bytes };
}

/**
 * From 6.19 on, system call records end in copies of the strings that arguments point to (`__filename_val`). Only
 * ftrace makes them: a BPF program gets the arguments and nothing behind them (perf_call_bpf_enter in
 * kernel/trace/trace_syscalls.c), so the fields are left out.
 */
function isStringCopy(event: string, field: Field): boolean {
  return event.startsWith("sys_enter_") && field.type.startsWith("__data_loc") && /^__.*_val$/.test(field.name);
}

/**
 * Turns one `field:` line into a field.
 *
 * @throws {SyntaxError} a line of another shape
 */
export function parseField(line: string): Field {
  const [, declaration = "", offset, size, signed] = FIELD.exec(line) ?? [];
  const [, base = "", name, brackets = ""] = DECLARATION.exec(declaration) ?? [];
  if (name === undefined || base === "") throw new SyntaxError(`Cannot read field of event format: ${line.trim()}`);
  const type = (base + brackets.replace(/\s+/g, "")).trim();
  const place = { name, type, offset: Number(offset), size: Number(size) };
  return { ...place, ...shapeOf(type, place.size, signed !== undefined && Number(signed) !== 0) };
}

type Shape = Pick<Field, "kind" | "signed" | "array" | "element_bytes">;

function shapeOf(type: string, size: number, signed: boolean): Shape {
  const location = /^__(data|rel)_loc\s+(.*)$/.exec(type);
  if (location) return locationShape(location[1] === "rel" ? "rel_loc" : "data_loc", location[2] ?? "", signed);
  const brackets = type.indexOf("[");
  if (brackets >= 0) return arrayShape(type.slice(0, brackets).trim(), size, signed);
  if (type.endsWith("*")) return { kind: "pointer", signed: false, array: undefined, element_bytes: size };
  const base = baseType(type);
  if (/^(struct|union) /.test(base) || ![1, 2, 4, 8].includes(size)) {
    return { kind: "bytes", signed: false, array: size, element_bytes: 1 };
  }
  const known = base.startsWith("enum ") ? U32 : INTEGERS[base];
  const slotIsWider = known !== undefined && known.bytes < size;
  return {
    kind: base === "bool" || base === "_Bool" ? "bool" : "integer",
    // System call arguments are declared unsigned long, whatever their type: there the type knows the sign.
    signed: slotIsWider ? known.signed : signed,
    array: undefined,
    element_bytes: slotIsWider ? known.bytes : size,
  };
}

function locationShape(prefix: "data_loc" | "rel_loc", target: string, signed: boolean): Shape {
  const element = baseType(target.replace(/\[.*$/, ""));
  if (element === "char") return { kind: `${prefix}_string`, signed: false, array: undefined, element_bytes: 1 };
  // cpumask_t and other bitmaps are arrays of unsigned long.
  const known = target.includes("*") ? undefined : INTEGERS[element];
  return {
    kind: `${prefix}_array`,
    signed: known?.signed ?? signed,
    array: undefined,
    element_bytes: known?.bytes ?? 8,
  };
}

function arrayShape(target: string, size: number, signed: boolean): Shape {
  const element = baseType(target);
  if (size === 0) {
    const bytes = element === "char" ? 1 : INTEGERS[element]?.bytes ?? 1;
    return { kind: "trailing", signed: INTEGERS[element]?.signed ?? signed, array: undefined, element_bytes: bytes };
  }
  if (element === "char") return { kind: "string", signed: false, array: size, element_bytes: 1 };
  if (target.endsWith("*")) return { kind: "pointer_array", signed: false, array: size / 8, element_bytes: 8 };
  const known = INTEGERS[element];
  if (known === undefined || known.bytes === 1 || size % known.bytes !== 0) {
    return { kind: "bytes", signed: false, array: size, element_bytes: 1 };
  }
  return {
    kind: "integer_array",
    signed: known.signed,
    array: size / known.bytes,
    element_bytes: known.bytes,
  };
}

function baseType(type: string): string {
  return type.replace(/\b(const|volatile|__user|__percpu|__rcu)\b/g, "").replace(/\s+/g, " ").trim();
}

interface IntegerType {
  readonly bytes: number;
  readonly signed: boolean;
}

const S32: IntegerType = { bytes: 4, signed: true };
const U32: IntegerType = { bytes: 4, signed: false };
const S64: IntegerType = { bytes: 8, signed: true };
const U64: IntegerType = { bytes: 8, signed: false };
const U16: IntegerType = { bytes: 2, signed: false };
const S16: IntegerType = { bytes: 2, signed: true };
const U8: IntegerType = { bytes: 1, signed: false };
const S8: IntegerType = { bytes: 1, signed: true };

/** Types of array elements and of system call arguments, on a 64-bit kernel (include/linux/types.h). */
const INTEGERS: Readonly<Record<string, IntegerType>> = {
  "char": S8,
  "signed char": S8,
  "unsigned char": U8,
  "bool": U8,
  "u8": U8,
  "__u8": U8,
  "uint8_t": U8,
  "s8": S8,
  "__s8": S8,
  "int8_t": S8,
  "short": S16,
  "s16": S16,
  "__s16": S16,
  "int16_t": S16,
  "unsigned short": U16,
  "u16": U16,
  "__u16": U16,
  "__be16": U16,
  "uint16_t": U16,
  "umode_t": U16,
  "int": S32,
  "s32": S32,
  "__s32": S32,
  "int32_t": S32,
  "pid_t": S32,
  "key_t": S32,
  "key_serial_t": S32,
  "clockid_t": S32,
  "mqd_t": S32,
  "timer_t": S32,
  "rwf_t": S32,
  "unsigned": U32,
  "unsigned int": U32,
  "uint": U32,
  "u32": U32,
  "__u32": U32,
  "__be32": U32,
  "uint32_t": U32,
  "uid_t": U32,
  "gid_t": U32,
  "qid_t": U32,
  "dev_t": U32,
  "long": S64,
  "long long": S64,
  "s64": S64,
  "__s64": S64,
  "int64_t": S64,
  "loff_t": S64,
  "off_t": S64,
  "ssize_t": S64,
  "unsigned long": U64,
  "unsigned long long": U64,
  "u64": U64,
  "__u64": U64,
  "uint64_t": U64,
  "size_t": U64,
  "cpumask_t": U64,
};

/** Bytes of an event become fields with names, and values that a person understands. */
import type { Field } from "../../kernel/tracing/format.ts";
import type { TraceEvent } from "../../protocol/mod.ts";
import { errnoName, MAX_ERRNO } from "../../kernel/errno.ts";
import { headedEvent } from "./event_head.ts";
import type { DIRECTIVE_KIND } from "../engine/layout.ts";
import { ARGUMENT_SLOT_BYTES, EVENT, EVENT_RETURN, EXTRA, EXTRA_FLAG, MAX_DIRECTIVES } from "../engine/layout.ts";
import {
  readHex,
  readInt64,
  readIpv4,
  readIpv6,
  readMac,
  readPointer,
  readSlots,
  readSocketAddress,
  readText,
  readUint64,
} from "../../kernel/read.ts";

type View = DataView<ArrayBuffer>;

/** Names a number; returns it unchanged when it has no name. */
export type Describe = (value: number | bigint) => unknown;

/** How raw bytes are shown when they are no plain numbers. */
export type ByteFormat = "ipv4" | "ipv6" | "mac" | "sockaddr";

/** One field of the record as the result shows it. */
export interface ShownField {
  readonly field: Field;
  readonly describe?: Describe;
  readonly byte_format?: ByteFormat;
  /** Index and kind of the directive that reads what the field points to. */
  readonly directive?: { readonly index: number; readonly kind: keyof typeof DIRECTIVE_KIND };
}

/** What a decoder needs of a plan. */
export interface Decodable {
  readonly event: string;
  readonly shown: readonly ShownField[];
  readonly familyName: (family: number) => string;
}

/** Turns the events of one program into data. */
export class Decoder {
  readonly #plan: Decodable;
  readonly #readers: readonly { readonly name: string; readonly read: Reader }[];
  readonly #extras = new Extras();
  readonly #epoch_offset_ns: bigint;

  constructor(plan: Decodable, epoch_offset_ns: bigint) {
    this.#plan = plan;
    this.#epoch_offset_ns = epoch_offset_ns;
    this.#readers = plan.shown.map((shown) => ({ name: shown.field.name, read: this.#readerOf(shown) }));
  }

  /** `struct event` at `at`, with the record and extras behind it. */
  event(view: View, at: number): TraceEvent {
    const record = at + EVENT.bytes;
    const record_bytes = view.getUint16(at + EVENT.record_bytes, true);
    const extra_bytes = view.getUint16(at + EVENT.extra_bytes, true);
    this.#extras.scan(view, record + ((record_bytes + 7) & ~7), extra_bytes);
    const data: Record<string, unknown> = {};
    for (const { name, read } of this.#readers) data[name] = read(view, record, record_bytes);
    return headedEvent(view, at, { event_type: this.#plan.event, data, epoch_offset_ns: this.#epoch_offset_ns });
  }

  /** `struct event_return` at `at` completes the event of its call: result, latency, and what entry could not read. */
  completeCall(event: TraceEvent, view: View, at: number): void {
    const extra_bytes = view.getUint16(at + EVENT_RETURN.extra_bytes, true);
    if (extra_bytes > 0) {
      this.#extras.scan(view, at + EVENT_RETURN.bytes, extra_bytes);
      for (const [i, { directive }] of this.#plan.shown.entries()) {
        const reader = this.#readers[i];
        if (directive !== undefined && reader !== undefined && this.#extras.has(directive.index)) {
          // null: gone with the old program's memory, as after execve; what entry could read of it stays
          event.data[reader.name] = reader.read(view, at, 0) ?? event.data[reader.name];
        }
      }
    }
    const ret = readInt64(view, at + EVENT_RETURN.ret);
    event.data["ret"] = ret;
    const error = errorOf(ret);
    if (error !== undefined) event.data["error"] = error;
    event.data["latency_ns"] = Number(view.getBigUint64(at + EVENT_RETURN.latency_ns, true));
  }

  #readerOf({ field, describe, byte_format, directive }: ShownField): Reader {
    if (directive !== undefined && directive.kind !== "data_loc" && directive.kind !== "rel_loc") {
      return this.#extras.reader(directive, this.#plan.familyName);
    }
    return fieldReader(field, { describe, formatBytes: this.#byteFormatter(byte_format) });
  }

  #byteFormatter(format: ByteFormat | undefined): FormatBytes | undefined {
    if (format !== "sockaddr") return format === undefined ? undefined : BYTE_FORMATS[format];
    const { familyName } = this.#plan;
    return (view, at, length) => readSocketAddress(view, at, length, familyName);
  }
}

/** Name of the error that a system call's result stands for. */
export function errorOf(ret: number | bigint): string | undefined {
  return ret < 0 && ret >= -MAX_ERRNO ? errnoName(-Number(ret)) : undefined;
}

/** Reads a field of the record that starts at `record` and has `record_bytes`. */
type Reader = (view: View, record: number, record_bytes: number) => unknown;

/** Where in the event each directive's data is; filled anew for every event. */
class Extras {
  readonly #at = new Int32Array(MAX_DIRECTIVES);
  readonly #length = new Int32Array(MAX_DIRECTIVES);
  readonly #flags = new Uint8Array(MAX_DIRECTIVES);

  scan(view: View, from: number, bytes: number): void {
    this.#at.fill(-1);
    for (let at = from; at < from + bytes;) {
      const index = view.getUint8(at + EXTRA.directive);
      const length = view.getUint16(at + EXTRA.length, true);
      this.#at[index] = at + EXTRA.bytes;
      this.#length[index] = length;
      this.#flags[index] = view.getUint8(at + EXTRA.flags);
      at += EXTRA.bytes + ((length + 7) & ~7);
    }
  }

  has(index: number): boolean {
    return (this.#at[index] ?? -1) >= 0;
  }

  /** null: a null pointer, or memory that could not be read. */
  reader(
    { index, kind }: NonNullable<ShownField["directive"]>,
    familyName: (family: number) => string,
  ): Reader {
    const read = (view: View, at: number, length: number): unknown => {
      if (kind === "sockaddr") return readSocketAddress(view, at, length, familyName);
      if (kind === "argv") return readSlots(view, at, length, ARGUMENT_SLOT_BYTES);
      return readText(view, at, length);
    };
    return (view) => {
      const at = this.#at[index] ?? -1, length = this.#length[index] ?? 0, flags = this.#flags[index] ?? 0;
      if (at < 0 || (length === 0 && (flags & EXTRA_FLAG.fault) !== 0)) return null;
      const value = read(view, at, length);
      return flags === 0 ? value : marked(value);
    };
  }
}

/** Shows that the value goes on in the traced process. */
function marked(value: unknown): unknown {
  if (typeof value === "string") return `${value}…`;
  return Array.isArray(value) ? [...value, "…"] : value;
}

type FormatBytes = (view: View, at: number, length: number) => unknown;

interface Presented {
  readonly describe: Describe | undefined;
  readonly formatBytes: FormatBytes | undefined;
}

function fieldReader(field: Field, { describe, formatBytes }: Presented): Reader {
  const { offset, size, kind } = field;
  switch (kind) {
    case "string":
      return (view, record) => readText(view, record + offset, size);
    case "pointer":
      return (view, record) => readPointer(view, record + offset);
    case "bool":
      return (view, record) => view.getUint8(record + offset) !== 0;
    case "integer":
      return integerReader(field, describe);
    case "bytes":
      return (view, record) => (formatBytes ?? readHex)(view, record + offset, size);
    case "integer_array":
    case "pointer_array":
      return formatBytes === undefined
        ? (view, record) => readElements(field, view, record + offset, size)
        : (view, record) => formatBytes(view, record + offset, size);
    case "data_loc_string":
    case "data_loc_array":
    case "rel_loc_string":
    case "rel_loc_array":
      return locationReader(field, formatBytes);
    case "trailing":
      return (view, record, record_bytes) => readHex(view, record + offset, Math.max(0, record_bytes - offset));
  }
}

const BYTE_FORMATS = { ipv4: readIpv4, ipv6: readIpv6, mac: readMac } as const;

function integerReader(field: Field, describe: Describe | undefined): Reader {
  const read = elementReader(field);
  const { offset } = field;
  if (describe === undefined) return (view, record) => read(view, record + offset);
  return (view, record) => describe(read(view, record + offset));
}

function elementReader({ element_bytes, signed }: Field): (view: View, at: number) => number | bigint {
  switch (element_bytes) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed ? (view, at) => view.getInt16(at, true) : (view, at) => view.getUint16(at, true);
    case 4:
      return signed ? (view, at) => view.getInt32(at, true) : (view, at) => view.getUint32(at, true);
    default:
      return signed ? readInt64 : readUint64;
  }
}

function readElements(field: Field, view: View, at: number, bytes: number): unknown[] {
  const read = field.kind === "pointer_array" ? readPointer : elementReader(field);
  const values: unknown[] = [];
  for (let i = 0; i + field.element_bytes <= bytes; i += field.element_bytes) values.push(read(view, at + i));
  return values;
}

/** Dynamic data; null when it lies beyond what was copied of the record. */
function locationReader(
  field: Field,
  formatBytes: FormatBytes | undefined,
): Reader {
  const { offset, kind } = field;
  const base = kind.startsWith("rel_loc") ? offset + 4 : 0;
  const is_text = kind.endsWith("string");
  return (view, record, record_bytes) => {
    const location = view.getUint32(record + offset, true);
    const start = base + (location & 0xffff), length = location >>> 16;
    if (start + length > record_bytes) return null;
    if (is_text) return readText(view, record + start, length);
    if (formatBytes !== undefined) return formatBytes(view, record + start, length);
    return field.element_bytes === 1
      ? readHex(view, record + start, length)
      : readElements(field, view, record + start, length);
  };
}

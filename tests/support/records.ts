/** Records of the ring buffer, made by hand: what the kernel would have written for given values. */
import type { Format } from "../../src/kernel/tracing/format.ts";
import { EVENT, EVENT_KIND, EVENT_RETURN, EXTRA, EXTRA_FLAG } from "../../src/probes/engine/layout.ts";

export type RecordView = DataView<ArrayBuffer>;

/** Bytes behind the fixed part of a record, and the u32 that says where they are. */
export class Dynamic {
  constructor(readonly bytes: Uint8Array) {}
}

/** What a directive brought along. */
export interface Extra {
  readonly directive: number;
  readonly bytes?: Uint8Array;
  readonly fault?: true;
  readonly truncated?: true;
}

export type FieldValue = number | bigint | string | Uint8Array | Dynamic;

const encoder = new TextEncoder();

export function cText(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}

/** Strings in slots of 128 bytes, as an argv directive brings them. */
export function slots(...texts: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(texts.length * 128).fill(0x2e); // what an earlier event left behind
  for (const [i, text] of texts.entries()) bytes.set(cText(text), i * 128);
  return bytes;
}

/** A trace record with these fields; the others are zero. */
export function traceRecord(format: Format, values: Readonly<Record<string, FieldValue>>): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  let end = format.record_bytes;
  for (const [name, value] of Object.entries(values)) {
    const field = format.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`${format.name} has no field ${name}`);
    const { offset, size, kind } = field;
    if (value instanceof Dynamic) {
      const from = kind.startsWith("rel_loc") ? end - (offset + 4) : end;
      view.setUint32(offset, (value.bytes.length << 16) | from, true);
      bytes.set(value.bytes, end);
      end += value.bytes.length;
    } else if (typeof value === "string") bytes.set(encoder.encode(value), offset);
    else if (value instanceof Uint8Array) bytes.set(value, offset);
    else bytes.set(new Uint8Array(new BigUint64Array([BigInt.asUintN(64, BigInt(value))]).buffer, 0, size), offset);
  }
  return bytes.slice(0, end);
}

export interface HitOptions {
  readonly record: Uint8Array;
  readonly extras?: readonly Extra[];
  readonly tgid?: number;
  readonly tid?: number;
  readonly uid?: number;
  readonly time_ns?: bigint;
  readonly comm?: string | Uint8Array;
}

/** `struct event` with its record and extras, between bytes that belong to other events. */
export function hitAt(at: number, options: HitOptions): RecordView {
  const { record, extras = [], tgid = 100, tid = 101, uid = 1000, time_ns = 5n, comm = "worker" } = options;
  const extra_bytes = extrasBytes(extras);
  const padded = (record.length + 7) & ~7;
  const bytes = new Uint8Array(at + EVENT.bytes + padded + extra_bytes.length + 16).fill(0xee);
  bytes.fill(0, at, at + EVENT.bytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(at + EVENT.time_ns, time_ns, true);
  view.setUint32(at + EVENT.tgid, tgid, true);
  view.setUint32(at + EVENT.tid, tid, true);
  view.setUint32(at + EVENT.uid, uid, true);
  view.setUint8(at + EVENT.kind, EVENT_KIND.hit);
  view.setUint16(at + EVENT.record_bytes, record.length, true);
  view.setUint16(at + EVENT.extra_bytes, extra_bytes.length, true);
  bytes.set(typeof comm === "string" ? encoder.encode(comm) : comm, at + EVENT.comm);
  bytes.set(record, at + EVENT.bytes);
  bytes.set(extra_bytes, at + EVENT.bytes + padded);
  return view;
}

export interface ReturnOptions {
  readonly ret: bigint;
  readonly latency_ns?: bigint;
  readonly tid?: number;
  readonly extras?: readonly Extra[];
}

/** `struct event_return` with its extras. */
export function returnAt(at: number, { ret, latency_ns = 1500n, tid = 101, extras = [] }: ReturnOptions): RecordView {
  const extra_bytes = extrasBytes(extras);
  const bytes = new Uint8Array(at + EVENT_RETURN.bytes + extra_bytes.length + 16).fill(0xee);
  bytes.fill(0, at, at + EVENT_RETURN.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(at + EVENT_RETURN.tid, tid, true);
  view.setUint8(at + EVENT_RETURN.kind, EVENT_KIND.return);
  view.setUint16(at + EVENT_RETURN.extra_bytes, extra_bytes.length, true);
  view.setBigInt64(at + EVENT_RETURN.ret, ret, true);
  view.setBigUint64(at + EVENT_RETURN.latency_ns, latency_ns, true);
  bytes.set(extra_bytes, at + EVENT_RETURN.bytes);
  return view;
}

function extrasBytes(extras: readonly Extra[]): Uint8Array {
  const bytes: number[] = [];
  for (const { directive, bytes: data = new Uint8Array(), fault, truncated } of extras) {
    const head = new DataView(new ArrayBuffer(EXTRA.bytes));
    head.setUint8(EXTRA.directive, directive);
    head.setUint8(EXTRA.flags, (fault ? EXTRA_FLAG.fault : 0) | (truncated ? EXTRA_FLAG.truncated : 0));
    head.setUint16(EXTRA.length, data.length, true);
    bytes.push(...new Uint8Array(head.buffer), ...data, ...new Uint8Array(-data.length & 7).fill(0x2e));
  }
  return Uint8Array.from(bytes);
}

/** struct sockaddr_in, or the same without its last bytes. */
export function inetAddress(address: readonly number[], port: number): Uint8Array {
  return Uint8Array.from([2, 0, port >> 8, port & 0xff, ...address, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** struct sockaddr_in6 */
export function inet6Address(address: Uint8Array, port: number): Uint8Array {
  return Uint8Array.from([10, 0, port >> 8, port & 0xff, 0, 0, 0, 0, ...address, 0, 0, 0, 0]);
}

/** struct sockaddr_un with the bytes that the caller says it has. */
export function unixAddress(path: string): Uint8Array {
  return Uint8Array.from([1, 0, ...encoder.encode(path)]);
}

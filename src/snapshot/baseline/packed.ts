/** Figures as they lie in the store: arrays of numbers, one after the other, in the byte order of all hosts that run ktriage. */
import { constants, deflateSync, inflateSync } from "node:zlib";
import type { Hour } from "./hours.ts";

const BYTES = 4;
/** A document is text that was written by us: larger ones are no document. */
const MAX_DOCUMENT_BYTES = 64 << 20;

/** Values by metric; those of a snapshot are dense, and NaN where it has none. */
export function packValues(values: Float32Array): Uint8Array {
  const metrics = Uint32Array.from(values.keys()).filter((metric) => !Number.isNaN(values[metric]));
  return joined([metrics, Float32Array.from(metrics, (metric) => values[metric] ?? NaN)]);
}

/** @throws {RangeError} the bytes are no packed values */
export function unpackValues(bytes: Uint8Array): Float32Array {
  const [metrics = new Uint32Array(), numbers = new Uint32Array()] = parts(bytes, 2);
  const values = new Float32Array((metrics.at(-1) ?? -1) + 1).fill(NaN);
  const read = floats(numbers);
  metrics.forEach((metric, i) => values[metric] = read[i] ?? NaN);
  return values;
}

export function packHour({ metrics, low, middle, high }: Hour): Uint8Array {
  return joined([metrics, low, middle, high]);
}

/** @throws {RangeError} the bytes are no packed hour */
export function unpackHour(hour: number, bytes: Uint8Array): Hour {
  const [metrics = new Uint32Array(), ...numbers] = parts(bytes, 4);
  const [low, middle, high] = numbers.map(floats);
  const none = new Float32Array();
  return { hour, metrics, low: low ?? none, middle: middle ?? none, high: high ?? none };
}

export function packText(text: string): Uint8Array {
  return deflateSync(text, { level: constants.Z_BEST_SPEED });
}

/** @throws {Error} the bytes are no packed text */
export function unpackText(bytes: Uint8Array): string {
  return new TextDecoder().decode(inflateSync(bytes, { maxOutputLength: MAX_DOCUMENT_BYTES }));
}

function joined(arrays: readonly (Uint32Array | Float32Array)[]): Uint8Array {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return bytes;
}

function parts(bytes: Uint8Array, count: number): readonly Uint32Array[] {
  if (bytes.length % (count * BYTES) !== 0) throw new RangeError(`${bytes.length} bytes are not ${count} arrays`);
  const aligned = bytes.byteOffset % BYTES === 0 ? bytes : bytes.slice();
  const length = bytes.length / BYTES / count;
  return Array.from(
    { length: count },
    (_, i) => new Uint32Array(aligned.buffer, aligned.byteOffset + i * length * BYTES, length),
  );
}

function floats(numbers: Uint32Array): Float32Array {
  return new Float32Array(numbers.buffer, numbers.byteOffset, numbers.length);
}

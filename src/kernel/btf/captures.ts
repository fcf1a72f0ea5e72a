/** What is captured of a function when nobody names anything: all its arguments, and its result. */
import { isBuffer } from "../tracing/arguments.ts";
import { type Capture, MAX_READS } from "../capture.ts";
import { MAX_ERRNO } from "../errno.ts";
import { readPointer } from "../read.ts";
import { knownGet } from "./known.ts";
import { argumentPlace, readPlace, returnPlace, type TypedPlace } from "./place.ts";
import { type Get, ReadList } from "./read_list.ts";
import { pointerGet, scalarGet } from "./scalars.ts";
import type { Signature } from "./signature.ts";
import { pointedTo } from "./types.ts";

/** What a value at a place is to a person; undefined for structs that are not shown as one value. */
export function shownGet(place: TypedPlace, list: ReadList): Get | undefined {
  return knownGet(place, list) ?? scalarGet(place, list);
}

/**
 * A capture for each argument that can be read. Buffers are shown as their addresses, and so are the last arguments where
 * all would be too many reads.
 */
export function argumentCaptures(signature: Signature): Capture[] {
  const captures: Capture[] = [];
  let reads = 0;
  for (const [index, parameter] of signature.parameters.entries()) {
    const place = argumentPlace(signature, parameter);
    if (place === undefined) continue;
    const named = { name: parameter.name, type: parameter.type };
    const is_buffer = /\bchar\b[^*]*\*/.test(parameter.type) && isBuffer(parameter.name);
    const capture = captureAt(
      named,
      (list) => (is_buffer ? undefined : shownGet(place, list)) ?? pointerGet(place, list),
    );
    const to_come = signature.parameters.length - index - 1;
    const fits = reads + capture.reads.length + to_come <= MAX_READS;
    captures.push(fits ? capture : captureAt(named, (list) => pointerGet(place, list)));
    reads += captures.at(-1)?.reads.length ?? 0;
  }
  return captures;
}

/** The returned value as `ret`, without its error's name; undefined for void. */
export function returnCapture(signature: Signature): Capture | undefined {
  const place = returnPlace(signature);
  if (place === undefined || signature.returns === undefined) return undefined;
  const get = (list: ReadList): Get => returnGet(place, list);
  return captureAt({ name: "ret", type: signature.returns.type }, get);
}

/** An integer, a name, or a pointer: in hex, and as a negative number where it stands for an error (IS_ERR()). */
function returnGet(place: TypedPlace, list: ReadList): Get {
  if (pointedTo(place.btf, place.type) === undefined) return scalarGet(place, list) ?? pointerGet(place, list);
  return readPlace(place, list, {
    bytes: 8,
    decode: (view, at) => {
      const value = view.getBigInt64(at, true);
      return value < 0n && value >= -BigInt(MAX_ERRNO) ? Number(value) : readPointer(view, at);
    },
  });
}

/** Puts a capture together; null stands for what could not be read, and for text that a NULL pointer points to. */
export function captureAt(
  named: { readonly name: string; readonly type: string },
  prepare: (list: ReadList) => Get,
): Capture {
  const list = new ReadList();
  const get = prepare(list);
  return { ...named, reads: list.reads(), decode: (slots) => get(slots) ?? null };
}

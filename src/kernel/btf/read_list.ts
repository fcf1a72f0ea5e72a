/** Collects what is to be read for one capture; fields that lie side by side become one read. */
import type { Read, Slot } from "../capture.ts";

export type View = DataView<ArrayBuffer>;
export type Slots = readonly (Slot | undefined)[];

/** Makes a value of the slots that a list's reads filled; undefined where memory could not be read. */
export type Get = (slots: Slots) => unknown;

export type Decode = (view: View, at: number) => unknown;

/** A place in memory, as {@link Read} describes it. */
export interface Address {
  readonly source: number | "ret";
  readonly path: readonly number[];
  readonly space: "kernel" | "user";
}

/** A read copies at most this much. */
export const MAX_READ_BYTES = 256;
/** Copying this many bytes that nobody asked for costs less than a second read. */
const MAX_GAP_BYTES = 64;

/** Something wanted, and, once the reads are made, where it is. */
interface Wanted {
  readonly read: Read;
  slot: number;
  offset: number;
}

/** Reads of one capture. Values are decoded after {@link ReadList.reads} has put the list together. */
export class ReadList {
  readonly #wanted: Wanted[] = [];

  /** The argument or the returned value itself. */
  value(source: number | "ret", decode: Decode): Get {
    return this.#want({ source, path: [], kind: "value", bytes: 8, space: "kernel" }, decode);
  }

  /** Bytes at an address, at most 256. */
  memory(address: Address, { bytes, decode }: { readonly bytes: number; readonly decode: Decode }): Get {
    return this.#want({ ...address, kind: "memory", bytes }, decode);
  }

  /** A read whose slot belongs to it alone. */
  whole(read: Read, decode: (slot: Slot) => unknown): Get {
    const wanted = this.#add(read);
    return (slots) => {
      const slot = slots[wanted.slot];
      return slot === undefined ? undefined : decode(slot);
    };
  }

  /** The reads, joined where that is possible, in the order in which they were first asked for. */
  reads(): Read[] {
    const reads: Read[] = [];
    for (const group of this.#groups()) {
      group.sort((a, b) => offsetOf(a.read) - offsetOf(b.read));
      for (const run of runsOf(group)) {
        for (const { wanted, offset } of run.parts) Object.assign(wanted, { slot: reads.length, offset });
        reads.push(run.read);
      }
    }
    return reads;
  }

  #groups(): Wanted[][] {
    const groups = new Map<string, Wanted[]>();
    for (const [index, wanted] of this.#wanted.entries()) {
      const { source, path, kind, space } = wanted.read;
      const is_shared = kind === "value" || kind === "memory";
      const key = is_shared ? `${kind} ${space} ${source} ${path.slice(0, -1)} ${path.length}` : `${index}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [wanted]);
      else group.push(wanted);
    }
    return [...groups.values()];
  }

  #want(read: Read, decode: Decode): Get {
    const wanted = this.#add(read);
    return (slots) => {
      const slot = slots[wanted.slot];
      return slot === undefined ? undefined : decode(slot.view, slot.at + wanted.offset);
    };
  }

  #add(read: Read): Wanted {
    const wanted = { read, slot: -1, offset: 0 };
    this.#wanted.push(wanted);
    return wanted;
  }
}

interface Run {
  readonly read: Read;
  readonly parts: readonly { readonly wanted: Wanted; readonly offset: number }[];
}

/** Joins neighbours of a group that is sorted by offset. */
function runsOf(group: readonly Wanted[]): Run[] {
  const runs: Run[] = [];
  for (const wanted of group) {
    const { read } = wanted, last = runs.at(-1);
    const start = last === undefined ? 0 : offsetOf(last.read);
    const offset = offsetOf(read) - start;
    const is_near = last !== undefined && offset <= last.read.bytes + MAX_GAP_BYTES &&
      offset + read.bytes <= MAX_READ_BYTES;
    if (!is_near) {
      runs.push({ read, parts: [{ wanted, offset: 0 }] });
      continue;
    }
    const bytes = Math.max(last.read.bytes, offset + read.bytes);
    runs[runs.length - 1] = { read: { ...last.read, bytes }, parts: [...last.parts, { wanted, offset }] };
  }
  return runs;
}

function offsetOf(read: Read): number {
  return read.path.at(-1) ?? 0;
}

/** A value made of named ones; those that could not be read are left out, undefined when that is all of them. */
export function recordOf(entries: readonly (readonly [name: string, get: Get | undefined])[]): Get {
  return (slots) => {
    let record: Record<string, unknown> | undefined;
    for (const [name, get] of entries) {
      const value = get?.(slots);
      if (value !== undefined) (record ??= {})[name] = value;
    }
    return record;
  };
}

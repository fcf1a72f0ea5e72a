/** Event formats recorded on other kernels: `tests/data/formats/linux-<line>.txt`. */
import { type Field, type Format, parseFormat } from "../../src/kernel/tracing/format.ts";

const FOLDER = new URL("../data/formats/", import.meta.url);

export const KERNELS = ["5.10", "6.1", "6.12", "7.3"] as const;
export type RecordedKernel = (typeof KERNELS)[number];

/** The formats of a kernel's file, by `category:name`. */
export function recordedTexts(kernel: RecordedKernel): ReadonlyMap<string, string> {
  const text = Deno.readTextFileSync(new URL(`linux-${kernel}.txt`, FOLDER));
  const [, ...blocks] = text.split(/^# event /m);
  return new Map(blocks.map((block) => {
    const end = block.indexOf("\n");
    return [block.slice(0, end), block.slice(end + 1)];
  }));
}

export function recordedFormat(kernel: RecordedKernel, event: string): Format {
  const text = recordedTexts(kernel).get(event);
  if (text === undefined) throw new Error(`no format of ${event} was recorded on ${kernel}`);
  return parseFormat(text);
}

export function fieldOf(format: Format, name: string): Field {
  const field = format.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`${format.name} has no field ${name}`);
  return field;
}

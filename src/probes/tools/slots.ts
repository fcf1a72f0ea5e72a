/** The rows of bpf/include/tool_slots.h: in the slots of each CPU, and in a hash map those that have lost theirs. */
import { COUNT_KEY, SLOT, SLOTS } from "./layout.ts";
import type { ToolObject } from "./object.ts";
import { countKeyAt } from "./reading.ts";

export interface SlotMaps {
  /** The map with a value for each CPU that begins with its slots, and how long that is. */
  readonly per_cpu: string;
  readonly cpu_bytes: number;
  /** Where in a slot the counts are, and how long it is. */
  readonly slot: { readonly counts: number; readonly bytes: number };
  /** The hash map. */
  readonly rows: string;
  readonly counts_bytes: number;
}

/**
 * @param add gets whose row it is, and where its counts are; the same row may come several times
 * @returns what each CPU has, for what follows the slots
 */
export function forEachSlotRow(
  object: ToolObject,
  { per_cpu, cpu_bytes, slot, rows, counts_bytes }: SlotMaps,
  add: (key: ReturnType<typeof countKeyAt>, counts: DataView<ArrayBuffer>, at: number) => void,
): readonly DataView<ArrayBuffer>[] {
  const cpus = object.perCpu(per_cpu, cpu_bytes);
  for (const cpu of cpus) {
    for (let i = 0; i < SLOTS; i++) add(countKeyAt(cpu, i * slot.bytes + SLOT.row), cpu, i * slot.bytes + slot.counts);
  }
  object.forEachRow(
    rows,
    { key_bytes: COUNT_KEY.bytes, value_bytes: counts_bytes },
    (key, value) => add(countKeyAt(key), value, 0),
  );
  return cpus;
}

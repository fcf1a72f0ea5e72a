/** A plan for a function as the bytes of `struct function_config`: every read has its slot in the record. */
import { PACKET_SLOT_BYTES, PATH_SLOT_BYTES, type Read } from "../../kernel/capture.ts";
import { type SessionConfig, writeSessionConfig } from "./config.ts";
import type { FunctionPlan } from "../plan/function_plan.ts";
import {
  FUNCTION_CONFIG,
  MAX_ARGUMENTS,
  MAX_READS,
  MAX_STEPS,
  PACKET_LAYOUT,
  PATH_LAYOUT,
  READ,
  READ_FLAG,
  READ_KIND,
} from "./layout.ts";

/** All slots of a record: what the governor's rate lets through must fit into the ring buffer many times. */
const MAX_SLOT_BYTES = 8192;

/** A read with its place. */
export interface PlacedRead {
  readonly read: Read;
  /** Position among the reads: the number of its bit in `faults`. */
  readonly index: number;
  /** Of its slot, in bytes behind the record's head. */
  readonly at: number;
  readonly bytes: number;
}

export interface PlacedReads {
  readonly placed: readonly PlacedRead[];
  /** For each capture those of its reads. */
  readonly by_capture: readonly (readonly PlacedRead[])[];
  /** Of all slots; a multiple of 8. */
  readonly slot_bytes: number;
}

/**
 * Gives every read of a plan its slot; equal reads of several captures share one.
 *
 * @throws {RangeError} more reads, steps or bytes than one program can do
 */
export function placeReads(plan: FunctionPlan): PlacedReads {
  const placed = new Map<string, PlacedRead>();
  let at = 0;
  const place = (read: Read): PlacedRead => {
    const key = JSON.stringify([read.source, read.path, read.kind, read.bytes, read.space]);
    const known = placed.get(key);
    if (known !== undefined) return known;
    const bytes = slotBytes(read);
    const made = { read, index: placed.size, at, bytes };
    at += (bytes + 7) & ~7;
    placed.set(key, made);
    return made;
  };
  const by_capture = plan.captures.map(({ reads }) => reads.map(place));
  checkBounds(plan, [...placed.values()], at);
  return { placed: [...placed.values()], by_capture, slot_bytes: at };
}

/** @throws {RangeError} as {@link placeReads} */
export function functionConfig(
  plan: FunctionPlan,
  { placed, slot_bytes }: PlacedReads,
  session: SessionConfig,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FUNCTION_CONFIG.bytes);
  const view = new DataView(bytes.buffer);
  const user_function = isUserFunction(plan);
  writeSessionConfig(bytes, session);
  view.setUint32(FUNCTION_CONFIG.slot_bytes, slot_bytes, true);
  view.setUint32(FUNCTION_CONFIG.argument_count, plan.argument_count, true);
  view.setUint32(FUNCTION_CONFIG.user_function, Number(user_function), true);
  writeMembers(view, FUNCTION_CONFIG.path, { layout: PATH_LAYOUT, values: plan.path_layout });
  writeMembers(view, FUNCTION_CONFIG.packet, { layout: PACKET_LAYOUT, values: plan.packet_layout });
  for (const { read, index, at, bytes: bytes_read } of placed) {
    const to = FUNCTION_CONFIG.reads + index * READ.bytes;
    read.path.forEach((step, i) => view.setInt32(to + READ.steps + 4 * i, step, true));
    view.setUint8(to + READ.kind, READ_KIND[read.kind]);
    view.setUint8(to + READ.source, read.source === "ret" ? MAX_ARGUMENTS : read.source);
    view.setUint8(to + READ.step_count, read.path.length);
    view.setUint8(to + READ.flags, flagsOf(read, user_function));
    view.setUint16(to + READ.at, at, true);
    view.setUint16(to + READ.bytes_read, bytes_read, true);
  }
  return bytes;
}

function isUserFunction({ attachment: { kind } }: FunctionPlan): boolean {
  return kind === "uprobe" || kind === "uretprobe";
}

function flagsOf({ space }: Read, user_function: boolean): number {
  return (space === "user" ? READ_FLAG.user : 0) | (user_function ? READ_FLAG.follow_user : 0);
}

function slotBytes({ kind, bytes }: Read): number {
  if (kind === "value") return 8;
  if (kind === "packet") return PACKET_SLOT_BYTES;
  return kind === "path" || kind === "dentry_path" ? PATH_SLOT_BYTES : bytes;
}

function checkBounds(plan: FunctionPlan, placed: readonly PlacedRead[], slot_bytes: number): void {
  const fail = (why: string): never => {
    throw new RangeError(`Cannot read all that is captured of ${plan.event}: ${why}. Capture fewer fields.`);
  };
  if (placed.length > MAX_READS) fail(`${placed.length} reads, a program does ${MAX_READS}`);
  if (slot_bytes > MAX_SLOT_BYTES) fail(`${slot_bytes} bytes, a record has ${MAX_SLOT_BYTES}`);
  for (const { read } of placed) {
    if (read.path.length > MAX_STEPS) fail(`${read.path.length} pointers in a row, a program follows ${MAX_STEPS}`);
    if (read.source !== "ret" && read.source >= plan.argument_count) fail(`there is no argument ${read.source}`);
    if (read.kind.endsWith("path") && plan.path_layout === undefined) fail("where paths are is not known");
    if (read.kind === "packet" && plan.packet_layout === undefined) fail("where packets are is not known");
  }
}

/** Numbers of 4 bytes, each at the offset that `layout` has for its name. */
function writeMembers<Name extends string>(
  view: DataView,
  at: number,
  { layout, values }: {
    readonly layout: Readonly<Record<NoInfer<Name>, number>>;
    readonly values: Readonly<Record<Name, number>> | undefined;
  },
): void {
  if (values === undefined) return;
  for (const name in values) view.setUint32(at + layout[name], values[name], true);
}

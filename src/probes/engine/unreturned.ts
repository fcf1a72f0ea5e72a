/** Calls of a function that are under way when tracing ends. */
import type { Libbpf } from "../../ffi/libbpf.ts";
import { CALL_KEY, FUNCTION_CALL } from "./layout.ts";
import { isHostId } from "./process_ids.ts";

/** Whose stack the frames of remembered calls are on. */
export type CallsOf = "program" | "kernel";

/** A call in the map `calls` of bpf/function.bpf.c, named by its frame and thread. */
export type Call = `${bigint} ${number}`;

/**
 * The calls in the map that are under way: their threads live and, in a program, have not left the function's frame. A
 * call that was left by longjmp(), or whose return the kernel skipped, leaves a row behind that looks like any other.
 */
export function callsUnderWay(bpf: Libbpf, calls_fd: number, calls_of: CallsOf): ReadonlySet<Call> {
  const under_way = new Set<Call>();
  forEachCall(bpf, calls_fd, ({ call, tid, frame }) => {
    if (isUnderWay(tid, calls_of === "program" ? frame : undefined)) under_way.add(call);
  });
  return under_way;
}

/** How many of `calls` have not returned since. */
export function countRemaining(bpf: Libbpf, calls_fd: number, calls: ReadonlySet<Call>): number {
  let remaining = 0;
  if (calls.size > 0) forEachCall(bpf, calls_fd, ({ call }) => remaining += Number(calls.has(call)));
  return remaining;
}

interface Row {
  readonly call: Call;
  readonly tid: number;
  readonly frame: bigint;
}

/** Those that count as entered. */
function forEachCall(bpf: Libbpf, calls_fd: number, visit: (row: Row) => void): void {
  bpf.forEach(calls_fd, { key_bytes: CALL_KEY.bytes, value_bytes: FUNCTION_CALL.bytes }, (key, value) => {
    if (value.getBigUint64(FUNCTION_CALL.in_window, true) === 0n) return;
    const tid = key.getUint32(CALL_KEY.tid, true), frame = key.getBigUint64(CALL_KEY.frame, true);
    visit({ call: `${frame} ${tid}`, tid, frame });
  });
}

function isUnderWay(tid: number, frame: bigint | undefined): boolean {
  if (isHostId(tid)) return true; // /proc here does not have it
  try {
    const text = Deno.readTextFileSync(`/proc/${tid}/syscall`);
    return frame === undefined || isWithin(frame, text);
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound); // the thread has ended, or nobody may look at it
  }
}

/**
 * Whether a thread's stack pointer is in a frame or in one that was called from there: stacks grow down.
 *
 * @param text of `/proc/<tid>/syscall` (proc(5)), which ends with stack pointer and program counter; "running" tells
 * neither, and a thread that has ended has none
 */
export function isWithin(frame: bigint, text: string): boolean {
  const stack_pointer = /(0x[0-9a-f]+) 0x[0-9a-f]+\s*$/.exec(text)?.[1];
  if (stack_pointer === undefined) return true;
  const at = BigInt(stack_pointer);
  return at !== 0n && at <= frame;
}

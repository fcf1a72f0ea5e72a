/** Arguments whose types nobody knows: of a kernel without BTF, and of programs. */
import { type Capture, MAX_STEPS } from "../capture.ts";
import { readPointer } from "../read.ts";
import { captureAt } from "./captures.ts";
import type { CaptureResult } from "./expression.ts";
import { formatGet, type Held } from "./formats.ts";
import { argument, followed, type Place, readPlace } from "./place.ts";
import type { Get, ReadList, View } from "./read_list.ts";
import { type Expression, parseExpression, type Refusal } from "./syntax.ts";

export interface PlainOptions {
  /** Whose memory arguments point to. */
  readonly space: "kernel" | "user";
}

/** Arguments in registers that every architecture has. */
const MAX_ARGUMENTS = 6;
const TYPE = "unsigned long";

/** The first arguments as numbers, `arg0` …; what is too large for a count is in hex, as an address would be. */
export function plainCaptures(count: number): Capture[] {
  return Array.from({ length: Math.min(count, MAX_ARGUMENTS) }, (_, index) => plainCapture(`arg${index}`, index));
}

/** The returned value of a function whose type is unknown. */
export function plainReturnCapture(): Capture {
  return plainCapture("ret", "ret");
}

function plainCapture(name: string, source: number | "ret"): Capture {
  return captureAt({ name, type: TYPE }, (list) => unformatted(argument(source, "kernel"), list));
}

/** `arg0`, `arg1:u32`, `arg0:str`, `ret:s32`, `arg0+16:u64`; a second offset follows the pointer at the first. */
export function plainCaptureOf(text: string, options: PlainOptions): CaptureResult {
  const parsed = parseExpression(text);
  if (!parsed.ok) return parsed;
  const { expression } = parsed;
  const start = startOf(expression, options);
  if ("error" in start) return start;
  let place: Place = start;
  for (const step of expression.steps) {
    if (step.kind === "field") return untyped(`Cannot capture "${step.text}": nothing is known of the types here`);
    const bytes = step.kind === "offset" ? step.bytes : step.index * 8;
    place = { ...place, where: { kind: "memory", path: [...followed(place).slice(0, -1), bytes] } };
  }
  if (expression.steps.length > MAX_STEPS) {
    return untyped(`Cannot capture "${text}": a program follows ${MAX_STEPS - 1} pointers`);
  }
  return shownAs(expression, place);
}

const HINT =
  "arguments are arg0 to arg5, ret is the result; arg0:str is text, arg1:u32 a number, arg0+16:u64 lies 16 bytes " +
  "behind where arg0 points; fields by name need the kernel's BTF (--btf FILE)";

function untyped(error: string): Refusal {
  return { ok: false, error, hint: HINT };
}

function startOf({ name, first, cast }: Expression, { space }: PlainOptions): Place | Refusal {
  const index = /^arg([0-5])$/.exec(first)?.[1];
  if (cast !== undefined) return untyped(`Cannot capture "${name}": nothing is known of the types here`);
  if (first === "ret") return argument("ret", space);
  return index === undefined
    ? untyped(`Cannot capture "${name}": the names of arguments are not known here`)
    : argument(Number(index), space);
}

function shownAs({ name, format }: Expression, place: Place): CaptureResult {
  let shown = false;
  const capture = captureAt({ name, type: TYPE }, (list) => {
    const get = format === undefined ? unformatted(place, list) : formatGet(place, format, heldAt(place, format), list);
    shown = get !== undefined;
    return get ?? (() => undefined);
  });
  return shown ? { ok: true, capture } : untyped(`Cannot capture "${name}:${format}": paths need the kernel's BTF`);
}

/** An argument may be an address; behind an offset is what the format says. */
function heldAt({ where }: Place, format: string): Held {
  if (where.kind === "argument") return { kind: "number", bytes: 8, may_be_user: true };
  return { kind: "data", bytes: format === "str" ? 0 : 8, may_be_user: false };
}

const MAX_COUNT = 2n ** 32n;

function unformatted(place: Place, list: ReadList): Get {
  const is_result = place.source === "ret" && place.where.kind === "argument";
  return readPlace(place, list, { bytes: 8, decode: is_result ? plainResult : numberOrAddress });
}

/**
 * A returned value of which only the register is known. An int fills the lower half, and compilers leave zeros in the
 * other one: -1 is by far more often returned than a count beyond 2^31.
 */
export function plainResult(view: View, at: number): number | string {
  return view.getInt32(at + 4, true) === 0 ? view.getInt32(at, true) : numberOrAddress(view, at);
}

function numberOrAddress(view: View, at: number): number | string {
  const value = view.getBigInt64(at, true);
  return value > -MAX_COUNT && value < MAX_COUNT ? Number(value) : readPointer(view, at);
}

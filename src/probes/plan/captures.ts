/** What a program on a function reads: its arguments and its result, and what the request names beside them. */
import {
  argumentCaptures,
  type BtfFinding,
  captureOf,
  type CaptureResult,
  MAX_READS,
  packetLayout,
  pathLayout,
  plainCaptureOf,
  plainCaptures,
  plainReturnCapture,
  returnCapture,
  type Signature,
} from "../../kernel/btf/mod.ts";
import type { Capture, Read } from "../../kernel/capture.ts";
import type { ResolvedFunction } from "../../kernel/functions/mod.ts";
import type { FunctionPlan } from "./function_plan.ts";
import type { Refusal } from "./tracepoint.ts";
import type { Wish } from "../request.ts";

/** The part of a plan that says what to read. */
export type Reading =
  & Pick<FunctionPlan, "argument_count" | "has_return" | "captures" | "path_layout" | "packet_layout">
  & { readonly notes: readonly string[] };

/** Arguments in registers, which are all that is known of a function without a type. */
const PLAIN_ARGUMENTS = 6;
/** Slots that the kernel hands to a program. */
const MAX_SLOTS = 12;

/** Of a function of the kernel; without its BTF arguments are plain numbers, and a note says so. */
export function functionReading(
  wish: Wish,
  { base_name, module }: Pick<ResolvedFunction, "base_name" | "module">,
  { btf, on_return }: { readonly btf: BtfFinding; readonly on_return: boolean },
): Reading | Refusal {
  const signature = btf.ok ? btf.btf.signature(base_name, module === undefined ? {} : { module }) : undefined;
  if (signature !== undefined) return typedReading(wish, signature, { on_return });
  const why = btf.ok ? `${base_name} is not in this kernel's BTF` : btf.error;
  const reading = plainReading(wish, { space: "kernel", on_return, captures: plainCaptures(PLAIN_ARGUMENTS) });
  if ("error" in reading) return reading;
  return wish.aggregate === undefined
    ? { ...reading, notes: [`arguments are plain numbers: ${why}`, ...reading.notes] }
    : reading;
}

/** Of a raw tracepoint, whose arguments are those of its probes. */
export function rawTracepointReading(wish: Wish, signature: Signature): Reading | Refusal {
  return typedReading(wish, signature, { on_return: false });
}

/** Of a function of a program: nothing is known of its arguments but what the request says. */
export function userFunctionReading(
  wish: Wish,
  { on_return }: { readonly on_return: boolean },
): Reading | Refusal {
  return plainReading(wish, { space: "user", on_return, captures: [] });
}

function typedReading(
  wish: Wish,
  signature: Signature,
  { on_return }: { readonly on_return: boolean },
): Reading | Refusal {
  const returned = on_return ? returnCapture(signature) : undefined;
  const captures = chooseCaptures(wish, {
    on_return,
    arguments: argumentCaptures(signature),
    returned: returned === undefined ? [] : [returned],
    resolve: (text) => captureOf(text, signature),
  });
  if ("error" in captures) return captures;
  const reads = captures.captures.flatMap((capture) => capture.reads);
  return {
    argument_count: Math.min(signature.slots, MAX_SLOTS),
    has_return: signature.returns !== undefined,
    ...captures,
    ...layoutsFor(reads, signature),
  };
}

interface Plain {
  readonly space: "kernel" | "user";
  readonly on_return: boolean;
  readonly captures: readonly Capture[];
}

function plainReading(wish: Wish, { space, on_return, captures }: Plain): Reading | Refusal {
  const chosen = chooseCaptures(wish, {
    on_return,
    arguments: captures,
    returned: on_return ? [plainReturnCapture()] : [],
    resolve: (text) => plainCaptureOf(text, { space }),
  });
  return "error" in chosen ? chosen : { argument_count: PLAIN_ARGUMENTS, has_return: on_return, ...chosen };
}

interface Choice {
  readonly on_return: boolean;
  readonly arguments: readonly Capture[];
  readonly returned: readonly Capture[];
  readonly resolve: (text: string) => CaptureResult;
}

/** What the request names comes on top; where that is too much for one program, the last arguments give way. */
function chooseCaptures(
  wish: Wish,
  { on_return, arguments: all, returned, resolve }: Choice,
): Pick<Reading, "captures" | "notes"> | Refusal {
  const wanted = namedCaptures(wish.capture, resolve);
  if ("error" in wanted) return wanted;
  if (wish.aggregate !== undefined) return { captures: [], notes: [] };
  const names = new Set(wanted.map(({ name }) => name));
  const kept = [...returned, ...all].filter(({ name }) => !names.has(name)); // the result goes last
  const dropped: string[] = [];
  while (kept.length > 0 && countReads([...kept, ...wanted]) > MAX_READS) {
    const { name } = kept.pop() ?? {};
    if (name !== undefined && name !== "ret") dropped.unshift(name); // the result is in every record
  }
  const notes = [
    ...(on_return && wanted.some(readsArgumentsMemory) ? ["arguments' memory as it was at the return"] : []),
    ...(dropped.length === 0 ? [] : [`not read, to leave room for capture: ${dropped.join(", ")}`]),
  ];
  const is_result = ({ name }: Capture): boolean => name === "ret";
  return { captures: [...kept.filter((each) => !is_result(each)), ...kept.filter(is_result), ...wanted], notes };
}

/** What the request names, each expression once; one that is wanted in several formats is called as it is written. */
function namedCaptures(
  texts: readonly string[],
  resolve: (text: string) => CaptureResult,
): readonly Capture[] | Refusal {
  const by_text = new Map<string, Capture>();
  for (const text of texts) {
    const result = resolve(text);
    if (!result.ok) return { error: `${result.error}.`, hint: `${result.hint}.` };
    by_text.set(text.trim(), result.capture);
  }
  const all = [...by_text];
  const isShared = (name: string): boolean => all.filter(([, capture]) => capture.name === name).length > 1;
  return all.map(([text, capture]) => isShared(capture.name) ? { ...capture, name: text } : capture);
}

/** Arguments are kept from the entry to the return; what they point to is not. */
function readsArgumentsMemory({ reads }: Capture): boolean {
  return reads.some(({ source, kind }) => source !== "ret" && kind !== "value");
}

function countReads(captures: readonly Capture[]): number {
  return captures.reduce((sum, { reads }) => sum + reads.length, 0);
}

function layoutsFor(
  reads: readonly Read[],
  { btf }: Signature,
): Pick<Reading, "path_layout" | "packet_layout"> {
  const path = reads.some(({ kind }) => kind === "path" || kind === "dentry_path") ? pathLayout(btf) : undefined;
  const packet = reads.some(({ kind }) => kind === "packet") ? packetLayout(btf) : undefined;
  return {
    ...(path === undefined ? {} : { path_layout: path }),
    ...(packet === undefined ? {} : { packet_layout: packet }),
  };
}

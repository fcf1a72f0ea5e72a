/** A tracepoint becomes a plan: which event, which bytes to copy, which reads to add, how to show the fields. */
import { syscallArgument } from "../../kernel/tracing/arguments.ts";
import { type Field, type Format, parseFormat } from "../../kernel/tracing/format.ts";
import { syscallName } from "../../kernel/tracing/syscalls.ts";
import { SYSCALL_SUCCESSORS } from "../../kernel/tracing/renamed.ts";
import { resolveTarget } from "../../kernel/tracing/targets.ts";
import { readTracefs, tracefsHas, type TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import type { Decodable, ShownField } from "../events/decode.ts";
import { type DIRECTIVE_KIND, MAX_DIRECTIVES } from "../engine/layout.ts";
import { familyName, presenter } from "./present.ts";

/** A read that the program does while the traced process stands still. */
export interface Directive {
  readonly kind: keyof typeof DIRECTIVE_KIND;
  /** Of the field, in bytes from the record's start. */
  readonly offset: number;
  /** Offset of the field that holds the length (`sockaddr`). */
  readonly length_offset?: number;
}

/** A field of the record that the kernel counts hits by. */
export interface CountKey {
  readonly label: string;
  readonly offset: number;
  readonly name: (value: number) => string;
}

/** Records of an event that are hits; the kernel drops the others before it counts. */
export interface Match {
  /** Of an integer field, in bytes from the record's start. */
  readonly offset: number;
  readonly bytes: 1 | 2 | 4 | 8;
  /** A hit has one of them in that field. */
  readonly values: readonly number[];
}

export interface Plan extends Decodable {
  readonly kind: "tracepoint";
  /** The event's id for perf_event_open(2). */
  readonly event_id: bigint;
  /** Of the system call's exit, when results are paired. */
  readonly return_id?: bigint;
  /** Of the result in the exit's record. */
  readonly ret_offset: number;
  readonly record_bytes: number;
  readonly directives: readonly Directive[];
  readonly key?: CountKey;
  readonly match?: Match;
  /** What was attached to and why, when that is not what was asked for. */
  readonly attached_as?: string;
}

/** A request that cannot be done here: what and why, and what to ask instead. */
export interface Refusal {
  readonly error: string;
  readonly hint: string;
}

/** No event has the name: it may be something else's. */
export interface UnknownEvent extends Refusal {
  readonly is_unknown: true;
}

export interface TracepointOptions {
  /** Fields of the record to show; by default all. */
  readonly capture?: readonly string[];
  /** Results and latencies are wanted, also where following every call to its end costs much. Default false. */
  readonly with_return?: boolean;
}

/**
 * Plans a program on the tracepoint that a target means on this kernel.
 *
 * @returns a plan, or a refusal for the asker; throws only when tracefs itself cannot be read
 */
export function planTracepoint(
  target: string,
  tracefs: TracefsRoot,
  options: TracepointOptions = {},
): Plan | Refusal | UnknownEvent {
  const exact = exactEvent(target, tracefs);
  if (exact !== undefined) return planEvent({ ...exact, ...options }, tracefs);
  const resolution = resolveTarget(target, availableEvents(tracefs));
  switch (resolution.kind) {
    case "tracepoint":
      return planEvent({ ...resolution, ...options }, tracefs);
    case "all_syscalls":
      return planEvent(
        { category: "raw_syscalls", name: `sys_${resolution.phase}`, note: resolution.note, ...options },
        tracefs,
      );
    case "unknown":
      return { error: resolution.error, hint: resolution.hint, is_unknown: true };
    default:
      return { error: resolution.error, hint: resolution.hint };
  }
}

/** A tracepoint of this kernel, and what is wanted of it. */
export interface EventRequest extends TracepointOptions {
  readonly category: string;
  readonly name: string;
  readonly note?: string;
  readonly match?: { readonly field: string; readonly values: readonly number[] };
}

/** The usual case without reading the list of all events, which costs milliseconds. */
function exactEvent(target: string, tracefs: TracefsRoot): Pick<EventRequest, "category" | "name"> | undefined {
  const [, category, name] = /^(?:tracepoint[:/])?(\w+)[:/](\w+)$/.exec(target.trim()) ?? [];
  if (category === undefined || name === undefined || category === "raw_syscalls") return undefined;
  if (SYSCALL_SUCCESSORS[name.replace("sys_enter_", "")] !== undefined) return undefined; // there is more to say
  return tracefsHas(tracefs, `events/${category}/${name}/id`) ? { category, name } : undefined;
}

function availableEvents(tracefs: TracefsRoot): readonly string[] {
  return readTracefs(tracefs, "available_events").trim().split("\n");
}

/** No exit event follows: the thread is gone, or goes on elsewhere (rt_sigreturn clears the call's number). */
export const NEVER_RETURN: ReadonlySet<string> = new Set([
  "sys_enter_exit",
  "sys_enter_exit_group",
  "sys_enter_rt_sigreturn",
]);

/** @returns a refusal where the event has no field of a name in `capture` or `match` */
export function planEvent(request: EventRequest, tracefs: TracefsRoot): Plan | Refusal {
  const { category, name, note } = request;
  const format = parseFormat(readTracefs(tracefs, `events/${category}/${name}/format`));
  const fields = category === "syscalls" ? systemCallFields(format) : format.fields;
  const return_path = returnOf(request);
  const pair = return_path === undefined ? undefined : pairWith(return_path, tracefs);
  const selected = selectFields(request, { fields, has_return: pair?.return_id !== undefined });
  if ("error" in selected) return selected;
  const match = request.match === undefined ? undefined : matchOn(request.match, format);
  if (match !== undefined && "error" in match) return match;
  return {
    kind: "tracepoint",
    event: `${category}:${name}`,
    event_id: BigInt(format.id),
    ret_offset: 0,
    record_bytes: Math.max(8, ...fields.map(({ offset, size }) => offset + size)),
    ...prepareFields({ category, format, fields: selected.fields }),
    familyName,
    ...pair,
    ...(category === "raw_syscalls" ? { key: syscallKey(format) } : {}),
    ...(match === undefined ? {} : { match }),
    ...(note === undefined ? {} : { attached_as: note }),
  };
}

/** The exit that ends what the event begins; all system calls together are paired only where some of them are wanted. */
function returnOf({ category, name, match, with_return }: EventRequest): string | undefined {
  if (category === "raw_syscalls" && name === "sys_enter" && (match !== undefined || with_return)) {
    return "events/raw_syscalls/sys_exit";
  }
  if (category !== "syscalls" || !name.startsWith("sys_enter_") || NEVER_RETURN.has(name)) return undefined;
  return `events/syscalls/sys_exit_${name.slice("sys_enter_".length)}`;
}

/** What a paired system call's event has beside the record's fields. */
const RETURN_FIELDS: readonly string[] = ["ret", "error", "latency_ns"];

/** The fields that are asked for, in the record's order; `args->` before a name is how others write it. */
function selectFields(
  { category, name, capture = [] }: EventRequest,
  { fields, has_return }: { readonly fields: readonly Field[]; readonly has_return: boolean },
): { readonly fields: readonly Field[] } | Refusal {
  if (capture.length === 0) return { fields };
  const wanted = new Set(capture.map((text) => text.trim().replace(/^args(->|\.)/, "")));
  const known = [...fields.map((field) => field.name), ...(has_return ? RETURN_FIELDS : [])];
  const unknown = [...wanted].filter((field) => !known.includes(field));
  if (unknown.length > 0) {
    return {
      error: `Cannot capture ${unknown.join(", ")} of tracepoint ${category}:${name}: its record has no such field.`,
      hint: known.length === 0 ? "It has no fields at all." : `Its fields: ${known.join(", ")}.`,
    };
  }
  return { fields: fields.filter((field) => wanted.has(field.name)) };
}

function matchOn({ field, values }: NonNullable<EventRequest["match"]>, format: Format): Match | Refusal {
  const found = format.fields.find(({ name }) => name === field);
  const bytes = found?.size;
  if (found === undefined || (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8)) {
    return {
      error: `Cannot look for ${field} in tracepoint ${format.name}: its record has no such number.`,
      hint: `Its fields: ${format.fields.map(({ name }) => name).join(", ")}.`,
    };
  }
  return { offset: found.offset, bytes, values };
}

/**
 * BPF programs get the number and the arguments only. Since 6.19 the format also lists copies of user memory, which are
 * not in their record (perf_call_bpf_enter() in kernel/trace/trace_syscalls.c).
 */
export function systemCallFields(format: Format): readonly Field[] {
  return format.fields.filter(({ name, kind }) =>
    name !== "__syscall_nr" && (kind === "integer" || kind === "pointer")
  );
}

function pairWith(path: string, tracefs: TracefsRoot): Pick<Plan, "return_id" | "ret_offset"> {
  const format = parseFormat(readTracefs(tracefs, `${path}/format`));
  const ret = format.fields.find(({ name }) => name === "ret");
  return ret === undefined ? { ret_offset: 0 } : { return_id: BigInt(format.id), ret_offset: ret.offset };
}

function syscallKey(format: Format): CountKey {
  const id = format.fields.find(({ name }) => name === "id");
  return {
    label: "syscall",
    offset: id?.offset ?? 8,
    name: (nr) => syscallName(nr, Deno.build.arch) ?? `syscall_${nr}`,
  };
}

interface Prepared {
  readonly directives: readonly Directive[];
  readonly shown: readonly ShownField[];
}

function prepareFields(
  { category, format, fields }: {
    readonly category: string;
    readonly format: Format;
    readonly fields: readonly Field[];
  },
): Prepared {
  const present = presenter(category, format);
  const directives: Directive[] = [];
  const shown = fields.map((field): ShownField => {
    const directive = directiveFor(field, { category, format });
    if (directive === undefined || directives.length === MAX_DIRECTIVES) return { field, ...present(field) };
    directives.push(directive);
    return { field, ...present(field), directive: { index: directives.length - 1, kind: directive.kind } };
  });
  return { directives, shown };
}

function directiveFor(
  field: Field,
  { category, format }: { readonly category: string; readonly format: Format },
): Directive | undefined {
  const { offset } = field;
  if (field.kind.startsWith("data_loc")) return { kind: "data_loc", offset };
  if (field.kind.startsWith("rel_loc")) return { kind: "rel_loc", offset };
  if (category !== "syscalls" || field.kind !== "pointer") return undefined;
  const argument = syscallArgument(format.name, field);
  if (argument.kind === "user_string" || argument.kind === "argv") return { kind: argument.kind, offset };
  if (argument.kind !== "sockaddr") return undefined;
  const length = format.fields.find(({ name }) => name === argument.length_field);
  return length === undefined ? undefined : { kind: "sockaddr", offset, length_offset: length.offset };
}

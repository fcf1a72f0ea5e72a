/** A request becomes a plan: which event, which bytes to copy, which reads to add, how to show the fields. */
import { syscallArgument } from "../kernel/arguments.ts";
import { type Field, type Format, parseFormat } from "../kernel/format.ts";
import { syscallName } from "../kernel/syscalls.ts";
import { SYSCALL_SUCCESSORS, tracepointInstead } from "../kernel/renamed.ts";
import { resolveTarget } from "../kernel/targets.ts";
import { readTracefs, tracefsHas, type TracefsRoot } from "../kernel/tracefs_files.ts";
import type { ProbeType } from "../protocol/mod.ts";
import type { Decodable, ShownField } from "./decode.ts";
import { type DIRECTIVE_KIND, MAX_DIRECTIVES } from "./layout.ts";
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

export interface Plan extends Decodable {
  /** The event's id for perf_event_open(2). */
  readonly event_id: bigint;
  /** Of the system call's exit, when results are paired. */
  readonly return_id?: bigint;
  /** Of the result in the exit's record. */
  readonly ret_offset: number;
  readonly record_bytes: number;
  readonly directives: readonly Directive[];
  readonly key?: CountKey;
  /** What was attached to and why, when that is not what was asked for. */
  readonly attached_as?: string;
}

/** A request that cannot be done here: what and why, and what to ask instead. */
export interface Refusal {
  readonly error: string;
  readonly hint: string;
}

/** @returns a plan, or a refusal for the asker; throws only when tracefs itself cannot be read */
export function planProgram(
  request: { readonly type: ProbeType; readonly target: string },
  tracefs: TracefsRoot,
): Plan | Refusal {
  const { type, target } = request;
  if (type === "tracepoint") return planTracepoint(target, tracefs);
  if (type !== "raw_tracepoint") return planInstead(request, tracefs);
  const plan = planTracepoint(target, tracefs);
  return "error" in plan
    ? plan
    : { attached_as: `tracepoint ${plan.event}: the same event, its fields decoded`, ...plan };
}

function planTracepoint(target: string, tracefs: TracefsRoot): Plan | Refusal {
  const exact = exactEvent(target, tracefs);
  if (exact !== undefined) return planEvent(exact, tracefs);
  const resolution = resolveTarget(target, availableEvents(tracefs));
  switch (resolution.kind) {
    case "tracepoint":
      return planEvent(
        {
          category: resolution.category,
          name: resolution.name,
          ...(resolution.note === undefined ? {} : { note: resolution.note }),
        },
        tracefs,
      );
    case "all_syscalls":
      return planEvent({ category: "raw_syscalls", name: `sys_${resolution.phase}`, note: resolution.note }, tracefs);
    default:
      return { error: resolution.error, hint: resolution.hint };
  }
}

interface EventName {
  readonly category: string;
  readonly name: string;
  readonly note?: string;
}

/** The usual case without reading the list of all events, which costs milliseconds. */
function exactEvent(target: string, tracefs: TracefsRoot): EventName | undefined {
  const [, category, name] = /^(?:tracepoint[:/])?(\w+)[:/](\w+)$/.exec(target.trim()) ?? [];
  if (category === undefined || name === undefined || category === "raw_syscalls") return undefined;
  if (SYSCALL_SUCCESSORS[name.replace("sys_enter_", "")] !== undefined) return undefined; // there is more to say
  return tracefsHas(tracefs, `events/${category}/${name}/id`) ? { category, name } : undefined;
}

function availableEvents(tracefs: TracefsRoot): readonly string[] {
  return readTracefs(tracefs, "available_events").trim().split("\n");
}

/** Function probes are answered by the nearest tracepoint, where there is one. */
function planInstead(
  { type, target }: { readonly type: ProbeType; readonly target: string },
  tracefs: TracefsRoot,
): Plan | Refusal {
  const asked = `${type}:${target.trim().replace(/^k?(ret)?probe:/, "")}`;
  const instead = FUNCTION_TYPES.has(type) ? tracepointInstead(asked.slice(asked.indexOf(":") + 1)) : undefined;
  const exact = instead === undefined ? undefined : exactEvent(instead, tracefs);
  if (exact === undefined) {
    return {
      error:
        `Cannot attach ${asked}: this version of ktriage traces tracepoints only, and knows none that tells the same.`,
      hint: "Ask for a program of type tracepoint, for example syscalls/sys_enter_connect or sched/sched_switch.",
    };
  }
  const note = `tracepoint ${instead} instead of ${asked}: this version of ktriage traces tracepoints only. ` +
    "It is the nearest event, not the same: its count is not the number of calls.";
  return planEvent({ ...exact, note }, tracefs);
}

const FUNCTION_TYPES: ReadonlySet<ProbeType> = new Set(["kprobe", "kretprobe", "fentry", "fexit"]);

/** No exit event follows: the thread is gone, or goes on elsewhere (rt_sigreturn clears the call's number). */
const NEVER_RETURN: ReadonlySet<string> = new Set(["sys_enter_exit", "sys_enter_exit_group", "sys_enter_rt_sigreturn"]);

function planEvent({ category, name, note }: EventName, tracefs: TracefsRoot): Plan {
  const format = parseFormat(readTracefs(tracefs, `events/${category}/${name}/format`));
  const fields = category === "syscalls" ? systemCallFields(format) : format.fields;
  const { directives, shown } = prepareFields({ category, format, fields });
  const return_path = category === "syscalls" && name.startsWith("sys_enter_") && !NEVER_RETURN.has(name)
    ? `events/syscalls/sys_exit_${name.slice("sys_enter_".length)}`
    : undefined;
  return {
    event: `${category}:${name}`,
    event_id: BigInt(format.id),
    ret_offset: 0,
    record_bytes: Math.max(8, ...fields.map(({ offset, size }) => offset + size)),
    directives,
    shown,
    familyName,
    ...(return_path === undefined ? {} : pairWith(return_path, tracefs)),
    ...(category === "raw_syscalls" ? { key: syscallKey(format) } : {}),
    ...(note === undefined ? {} : { attached_as: note }),
  };
}

/**
 * BPF programs get the number and the arguments only. Since 6.19 the format also lists copies of user memory, which are
 * not in their record (perf_call_bpf_enter() in kernel/trace/trace_syscalls.c).
 */
function systemCallFields(format: Format): readonly Field[] {
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

/** Which tracepoint of this kernel a request means. */
import { globOf } from "../glob.ts";
import { nearest } from "../nearest.ts";
import { RENAMED_EVENTS, SYSCALL_EVENT_NAMES, SYSCALL_SUCCESSORS, syscallOfFunction } from "./renamed.ts";

export type Resolution =
  | {
    readonly kind: "tracepoint";
    readonly category: string;
    readonly name: string;
    /** Why it is not what was asked for, or what else to look at. */
    readonly note?: string;
  }
  /** Every system call: `raw_syscalls:sys_enter` or `sys_exit`, counted by name. */
  | { readonly kind: "all_syscalls"; readonly phase: "enter" | "exit"; readonly note: string }
  /** `ambiguous`: several events have the name; `pattern`: several match. */
  | { readonly kind: "unknown" | "ambiguous" | "pattern"; readonly error: string; readonly hint: string };

/** Names in a hint. */
const HINT_NAMES = 5;

/**
 * Finds the event that a target means. Takes `category/name`, `category:name`, `tracepoint:category:name`, a name
 * alone, a system call by its own name (`connect`) or its function's (`__x64_sys_connect`), names that other kernels
 * used, and the wish for all system calls (`syscalls/sys_enter_*`).
 *
 * @param events `category:name`, the lines of tracefs' `available_events`
 */
export function resolveTarget(target: string, events: readonly string[]): Resolution {
  const wanted = normalize(target);
  const asked = target.trim();
  if (wanted === "") {
    return {
      kind: "unknown",
      error: "Cannot trace a tracepoint: no target is named.",
      hint: "Name one, for example sched:sched_switch.",
    };
  }
  const phase = wishForAllSyscalls(wanted);
  if (phase !== undefined) return allSyscalls(asked, phase, events);
  const known = new Set(events);
  if (known.has(wanted)) return tracepoint(wanted, known);
  if (/[*?]/.test(wanted)) return matchPattern(asked, wanted, events);
  return byBareName(asked, wanted, events) ?? bySyscall(asked, wanted, known) ?? byRenaming(asked, wanted, known) ??
    unknown(asked, wanted, events);
}

function normalize(target: string): string {
  const parts = target.trim().split(/[/:\s]+/).filter((part) => part !== "");
  while (parts.length > 1 && /^(tracepoint|tp|t|events|sys|kernel|debug|tracing)$/.test(parts[0] ?? "")) parts.shift();
  return parts.join(":");
}

function wishForAllSyscalls(wanted: string): "enter" | "exit" | undefined {
  if (/^(syscalls?|raw_syscalls)(:\*)?$|^syscalls:sys_\*$/.test(wanted)) return "enter";
  const match = /^(?:(?:raw_)?syscalls:)?(?:sys_)(enter|exit)(?:_?\*)?$/.exec(wanted);
  return match?.[1] as "enter" | "exit" | undefined;
}

function allSyscalls(asked: string, phase: "enter" | "exit", events: readonly string[]): Resolution {
  if (!events.includes(`raw_syscalls:sys_${phase}`)) {
    return {
      kind: "unknown",
      error:
        `Cannot trace ${asked}: this kernel has no event raw_syscalls:sys_${phase} (CONFIG_HAVE_SYSCALL_TRACEPOINTS).`,
      hint: "Trace the functions behind the system calls with kprobes.",
    };
  }
  return {
    kind: "all_syscalls",
    phase,
    note: `raw_syscalls:sys_${phase}: one event for all system calls, counted by name`,
  };
}

function tracepoint(event: string, known: ReadonlySet<string>, note?: string): Resolution {
  const colon = event.indexOf(":");
  const name = event.slice(colon + 1);
  const text = note ?? successorNote(name, known);
  return { kind: "tracepoint", category: event.slice(0, colon), name, ...(text === undefined ? {} : { note: text }) };
}

/** `open` is a call of its own and nearly never made: who traces it must hear of openat. */
function successorNote(name: string, known: ReadonlySet<string>): string | undefined {
  const [, phase, call = ""] = /^sys_(enter|exit)_(\w+)$/.exec(name) ?? [];
  const successors = (SYSCALL_SUCCESSORS[call] ?? []).map((other) => `syscalls:sys_${phase}_${other}`)
    .filter((event) => known.has(event));
  return successors.length === 0 ? undefined : `most programs call ${successors.join(" or ")} instead`;
}

function byBareName(asked: string, wanted: string, events: readonly string[]): Resolution | undefined {
  if (wanted.includes(":")) return undefined;
  const matches = events.filter((event) => event.endsWith(`:${wanted}`));
  const [first, second] = matches;
  if (first === undefined) return undefined;
  if (second === undefined) return tracepoint(first, new Set(events));
  return {
    kind: "ambiguous",
    error: `Cannot trace tracepoint ${asked}: ${matches.length} events have this name.`,
    hint: `Name one of: ${matches.join(", ")}`,
  };
}

function bySyscall(asked: string, wanted: string, known: ReadonlySet<string>): Resolution | undefined {
  const name = wanted.replace(/^(raw_)?syscalls?:/, "");
  if (name.includes(":")) return undefined;
  const [, phase = "enter", bare] = name === "exit_group" ? [] : /^(?:sys_)?(enter|exit)_(\w+)$/.exec(name) ?? [];
  const call = bare ?? syscallOfFunction(name) ?? name;
  for (const candidate of [call, ...(SYSCALL_EVENT_NAMES[call] ?? [])]) {
    const event = `syscalls:sys_${phase}_${candidate}`;
    if (!known.has(event)) continue;
    const others = (SYSCALL_EVENT_NAMES[call] ?? []).filter((other) => other !== candidate)
      .map((other) => `syscalls:sys_${phase}_${other}`).filter((other) => known.has(other));
    const also = others.length > 0 ? `; see also ${others.join(", ")}` : "";
    return candidate === call
      ? tracepoint(event, known)
      : tracepoint(event, known, `${asked} is ${event} in this kernel${also}`);
  }
  return undefined;
}

function byRenaming(asked: string, wanted: string, known: ReadonlySet<string>): Resolution | undefined {
  const is = (event: string): boolean => event === wanted || event.endsWith(`:${wanted}`);
  for (const { old, now, since } of RENAMED_EVENTS) {
    if (is(old) && known.has(now)) {
      return tracepoint(now, known, renamingNote(asked, now, since && `since Linux ${since}`));
    }
    if (is(now) && known.has(old)) {
      return tracepoint(old, known, renamingNote(asked, old, since && `before Linux ${since}`));
    }
  }
  // An event that moved to another category keeps its name.
  const name = wanted.slice(wanted.indexOf(":") + 1);
  const moved = [...known].filter((event) => event.endsWith(`:${name}`));
  const [only, second] = moved;
  if (only === undefined || second !== undefined || !wanted.includes(":")) return undefined;
  return tracepoint(only, known, `${asked} is ${only} in this kernel`);
}

function renamingNote(asked: string, event: string, when: string | undefined): string {
  return `${asked} is ${event} ${when ?? "in this kernel"}`;
}

function matchPattern(asked: string, wanted: string, events: readonly string[]): Resolution {
  const pattern = globOf(wanted.includes(":") ? wanted : `*:${wanted}`);
  const matches = events.filter((event) => pattern.test(event));
  const [first, second] = matches;
  if (first === undefined) {
    const hint = nearestHint(wanted.replace(/[*?]/g, ""), events);
    return { kind: "unknown", error: `Cannot trace tracepoint ${asked}: no event of this kernel matches.`, hint };
  }
  if (second === undefined) return tracepoint(first, new Set(events), `${asked} matches only ${first}`);
  const shown = matches.slice(0, HINT_NAMES).join(", ");
  return {
    kind: "pattern",
    error: `Cannot trace tracepoint ${asked}: it matches ${matches.length} events, and one program traces one event.`,
    hint: `Name one of: ${shown}${matches.length > HINT_NAMES ? ", …" : ""}`,
  };
}

function unknown(asked: string, wanted: string, events: readonly string[]): Resolution {
  const error = `Cannot trace tracepoint ${asked}: this kernel has no such event.`;
  return { kind: "unknown", error, hint: nearestHint(wanted, events) };
}

/** Names close to the whole, then close to the name alone, whatever its category. */
function nearestHint(wanted: string, events: readonly string[]): string {
  const name = wanted.slice(wanted.indexOf(":") + 1);
  const whole = nearest(wanted, events);
  const names = whole.length > 0 ? whole : nearestByName(name, events);
  if (names.length > 0) return `Nearest: ${names.join(", ")}`;
  const category = wanted.slice(0, Math.max(0, wanted.indexOf(":")));
  const siblings = events.filter((event) => event.startsWith(`${category}:`));
  return category !== "" && siblings.length > 0
    ? `Events of ${category}: ${siblings.slice(0, HINT_NAMES).join(", ")}${siblings.length > HINT_NAMES ? ", …" : ""}`
    : "ls /sys/kernel/tracing/events shows the events of this kernel.";
}

function nearestByName(name: string, events: readonly string[]): string[] {
  const byName = new Map(events.map((event) => [event.replace(/^.*:(sys_enter_)?/, ""), event]));
  return nearest(name, byName.keys()).map((found) => byName.get(found) ?? found);
}

/** One eBPF program of a diagnostic reply. */
import { TOOL_NAMES } from "../../probes/tools/registry.ts";
import { parseTarget } from "../../probes/target.ts";
import { DURATION_S, MAX_CAPTURES, PROBE_TYPES, type ProbeType } from "../../protocol/mod.ts";
import { type Context, isPartial, renamed, withField, withText } from "./context.ts";
import type { Entry, MendedEntry } from "./entries.ts";
import { type Fields, FILTER_NAMES, isFields, PROGRAM_NAMES } from "./names.ts";
import { type Notes, type Path, quoted } from "./notes.ts";
import { numberOf, secondsOf, textOf } from "./values.ts";

/** Seconds that a program of an AI traces: shorter shows too little, longer keeps people waiting. */
const AI_DURATION_S = { min: 10, max: 30 } as const;

interface At {
  readonly notes: Notes;
  readonly path: Path;
}

/**
 * Mends one program; only a target that the reply holds becomes one.
 *
 * @returns why it cannot be used, where it cannot
 */
export function mendProgram({ value, path, key }: Entry, context: Context): MendedEntry {
  const { notes } = context;
  if (isPartial(value, context)) return { unusable: context.cut ? "it is cut off" : "a part of it could not be read" };
  if (typeof value === "string") {
    notes.add("a plain text was read as a program's target", path);
    return mendProgram({ value: { ...(key === undefined ? {} : { name: key }), target: value }, path }, context);
  }
  if (!isFields(value)) return { unusable: "it is neither an object nor a text" };
  const at = { notes, path };
  const program = renamed(value, PROGRAM_NAMES, at);
  const target = program["target"];
  if (typeof target !== "string" || target.trim() === "") return { unusable: "it has no target" };
  const type = typeOf(program, target, at);
  if (type === undefined) {
    const given = program["type"] === undefined ? "it has no type" : `its type cannot be ${quoted(program["type"])}`;
    return { unusable: `${given}; one of ${PROBE_TYPES.join(", ")} is wanted` };
  }
  const fields = [withDuration, withFilters, withCapture, withAggregate, withDescription]
    .reduce<Fields>((mended, mend) => mend(mended, at), { ...withName(program, key), type });
  return { fields };
}

/** The kind of probe: as asked for, or as the target names it; `category/event` is a tracepoint's name. */
function typeOf({ type }: Fields, target: string, { notes, path }: At): ProbeType | undefined {
  const known = typeof type === "string"
    ? probeTypeNamed(type.trim().toLowerCase().replaceAll(/[\s-]+/g, "_"))
    : undefined;
  if (known !== undefined) {
    if (known !== type) notes.add(`type ${quoted(type)} was read as ${known}`, path);
    return known;
  }
  if (type !== undefined && type !== "" && type !== null) return undefined;
  const named = typeWithin(target);
  if (named !== undefined) notes.add(`type was missing; its target says ${named}`, path);
  return named;
}

function typeWithin(target: string): ProbeType | undefined {
  // Without a kind of its own a target gets the one that is handed in.
  const { type } = parseTarget(target, "tool");
  if (type !== "tool") return type;
  if (/^\s*tool[:/]/.test(target) || TOOL_NAMES.includes(target.trim())) return "tool";
  return /^[a-z]\w*\/[a-z]\w*$/.test(target.trim()) ? "tracepoint" : undefined;
}

function probeTypeNamed(word: string): ProbeType | undefined {
  const compact = word.replaceAll("_", "");
  const own = PROBE_TYPES.find((type) => type === word || type.replaceAll("_", "") === compact);
  if (own !== undefined || !/^\w+$/.test(word)) return own;
  const { type, target } = parseTarget(`${word}:x`, "tool");
  return target === "x" ? type : undefined;
}

function withName(program: Fields, key: string | undefined): Fields {
  const { name } = program;
  if (typeof name === "string" && name.trim() !== "") return program;
  if (typeof name === "number" || typeof name === "bigint") return withField(program, "name", String(name));
  return withField(program, "name", key);
}

function withDuration(program: Fields, { notes, path }: At): Fields {
  const { duration_ms, ...others } = program;
  const given = program["duration"] ?? (typeof numberOf(duration_ms) === "number" ? `${duration_ms}ms` : undefined);
  if (given === undefined) return withField(others, "duration", undefined);
  const seconds = secondsOf(given);
  const place = `${path}.duration`;
  if (seconds === undefined) {
    notes.add(`${quoted(given)} is no number of seconds; ${DURATION_S.default} were taken`, place);
    return withField(others, "duration", undefined);
  }
  if (typeof given !== "number") notes.add(`${quoted(given)} was read as ${seconds} seconds`, place);
  const clamped = Math.min(Math.max(seconds, AI_DURATION_S.min), AI_DURATION_S.max);
  if (clamped !== seconds) {
    notes.add(`${seconds} seconds became ${clamped}; ${AI_DURATION_S.min} to ${AI_DURATION_S.max} are possible`, place);
  }
  return { ...others, duration: clamped };
}

const NO_FILTER: readonly unknown[] = ["", "*", "any", "all", "none", "null", "-1", "0"];

function withFilters(program: Fields, { notes, path }: At): Fields {
  const { filters } = program;
  const is_empty = Array.isArray(filters) ? filters.length === 0 : filters === "" || filters === false;
  if (filters === undefined || is_empty) return withField(program, "filters", undefined);
  if (!isFields(filters)) return program;
  const place = `${path}.filters`;
  let mended = renamed(filters, FILTER_NAMES, { notes, path: place });
  for (const name of Object.keys(FILTER_NAMES)) {
    const value = filterOf(name, mended[name]);
    if (value === mended[name]) continue;
    const what = value === undefined ? "says nothing and was left out" : `was read as ${quoted(value)}`;
    notes.add(`${quoted(mended[name])} ${what}`, `${place}.${name}`);
    mended = withField(mended, name, value);
  }
  return withField(program, "filters", Object.keys(mended).length === 0 ? undefined : mended);
}

function filterOf(name: string, value: unknown): unknown {
  const one = Array.isArray(value) && value.length <= 1 ? value[0] : value;
  if (one === undefined || one === null) return undefined;
  if (name === "comm") {
    if (typeof one === "number") return String(one);
    return typeof one === "string" && one !== "0" && one !== "-1" && NO_FILTER.includes(one.trim().toLowerCase())
      ? undefined
      : one;
  }
  const number = numberOf(one);
  if (number === -1 || (number === 0 && name !== "uid")) return undefined;
  return typeof number === "string" && NO_FILTER.includes(number.trim().toLowerCase()) ? undefined : number;
}

function withCapture(program: Fields, { notes, path }: At): Fields {
  const { capture } = program;
  const place = `${path}.capture`;
  if (typeof capture === "string") {
    notes.add("a text was read as a list", place);
    const parts = capture.split(",").map((part) => part.trim()).filter((part) => part !== "");
    return withCapture(withField(program, "capture", parts), { notes, path });
  }
  if (capture === false || (Array.isArray(capture) && capture.length === 0)) {
    return withField(program, "capture", undefined);
  }
  if (!Array.isArray(capture) || capture.length <= MAX_CAPTURES) return program;
  notes.add(`of ${capture.length} fields the first ${MAX_CAPTURES} are read`, place);
  return { ...program, capture: capture.slice(0, MAX_CAPTURES) };
}

function withAggregate(program: Fields, { notes, path }: At): Fields {
  const { aggregate } = program;
  const one = Array.isArray(aggregate) && aggregate.length === 1 ? aggregate[0] : aggregate;
  if (one === undefined) return program;
  if (one === false || (typeof one === "string" && ["", "none", "null", "false"].includes(one.trim().toLowerCase()))) {
    return withField(program, "aggregate", undefined);
  }
  if (typeof one !== "string" || (one === aggregate && one === one.trim().toLowerCase())) return program;
  notes.add(`${quoted(aggregate)} was read as ${one.trim().toLowerCase()}`, `${path}.aggregate`);
  return { ...program, aggregate: one.trim().toLowerCase() };
}

function withDescription(program: Fields, { notes, path }: At): Fields {
  return withText(program, "description", { read: textOf, notes, path });
}

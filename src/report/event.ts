/** One event as a line: JSON for programs, words for people. */
import { addressText, isObject } from "../probes/result/value_label.ts";
import { stringify } from "../protocol/json.ts";
import type { TraceEvent } from "../protocol/result.ts";
import { harmless } from "./layout.ts";

/**
 * The event as one line of JSON, without the line's end; integers keep every digit.
 *
 * Written out by hand because `JSON.stringify` with a replacer, which bigints need, takes three times as long; from few,
 * remembered pieces because each piece of a line costs as much as a field's value.
 */
export function eventJson(event: TraceEvent): string {
  let data = "";
  for (const name in event.data) data += labelJson(name) + valueJson(event.data[name]);
  return `{"timestamp":${event.timestamp}${originJson(event)}${data.slice(1)}}}`;
}

/** `,"name":` of the fields met so far: as many as the traced events have. */
const labels = new Map<string, string>();

function labelJson(name: string): string {
  let label = labels.get(name);
  if (label === undefined) labels.set(name, label = `,${JSON.stringify(name)}:`);
  return label;
}

type Origin = Pick<
  TraceEvent,
  "process_id" | "host_process" | "process_name" | "thread_id" | "user_id" | "event_type"
>;

/** Most events come from the thread that the event before came from. */
let last: { readonly origin: Origin; readonly json: string } | undefined;

/** From the timestamp up to the first field: who did what. */
function originJson(event: TraceEvent): string {
  if (last === undefined || !isSameOrigin(last.origin, event)) {
    const { process_id, host_process, process_name, thread_id, user_id, event_type } = event;
    const json = `,"process_id":${process_id},${host_process === true ? '"host_process":true,' : ""}` +
      `"process_name":${JSON.stringify(process_name)},` +
      `"thread_id":${thread_id},"user_id":${user_id},"event_type":${JSON.stringify(event_type)},"data":{`;
    const origin = { process_id, process_name, thread_id, user_id, event_type };
    last = { origin: host_process === true ? { ...origin, host_process } : origin, json };
  }
  return last.json;
}

function isSameOrigin(a: Origin, b: Origin): boolean {
  return a.thread_id === b.thread_id && a.process_id === b.process_id && a.host_process === b.host_process &&
    a.process_name === b.process_name &&
    a.user_id === b.user_id && a.event_type === b.event_type;
}

function valueJson(value: unknown): string {
  switch (typeof value) {
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    case "string":
      return JSON.stringify(value);
    default:
      return stringify(value);
  }
}

/** The event for a person: time of day, who, what, then the fields as `name=value`. */
export function eventText(event: TraceEvent): string {
  const at = BigInt(event.timestamp);
  const time = new Date(Number(at / 1_000_000n)).toISOString().slice(11, 19);
  const micros = String(at / 1000n % 1_000_000n).padStart(6, "0");
  const who = `${event.process_name}/${event.process_id}${event.host_process === true ? "@host" : ""}`;
  const fields = Object.entries(event.data).map(([name, value]) => `${name}=${valueText(value)}`);
  return oneLine(`${time}.${micros} ${who.padEnd(22)} ${[event.event_type, ...fields].join(" ")}`);
}

/** Control characters come from other people's programs, in names as in values: they must not reach a terminal. */
function oneLine(text: string): string {
  return harmless(text).replace(/[\n\t]/g, "\u{fffd}");
}

function valueText(value: unknown): string {
  if (typeof value === "string") return /^[\w./:@|+-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const { local, remote, state, path } = value as Record<string, unknown>;
  if (isObject(local) && isObject(remote)) {
    return `${addressText(local)}→${addressText(remote)}${state === undefined ? "" : `/${state}`}`;
  }
  if (path !== undefined) return `unix:${valueText(path)}`;
  return ("family" in value ? addressText(value) : undefined) ?? stringify(value);
}

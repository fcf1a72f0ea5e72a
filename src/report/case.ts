/** A case as text for people: what it holds, before it leaves and when it comes back. */
import type { CaseDocument } from "../protocol/case.ts";
import {
  type CommandResult,
  type DiagnosticReply,
  type EbpfProgram,
  type EbpfResult,
  isSlice,
  type Turn,
} from "../protocol/mod.ts";
import { count, cut, harmless, indent, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";
import { outcome } from "./progress.ts";

export interface CaseTextOptions extends TextOptions {
  /** As the file is called. */
  readonly name: string;
  /** Default: one line for each result. */
  readonly outputs?: "one line" | "whole";
}

const DID = { collected: "collected", asked: "asked", ran: "run", edited: "changed by hand" } as const;
const TAKEN = { secret: "secret", address: "address", host: "name of a host", user: "name of a user" } as const;
const MANY = { secret: "secrets", address: "addresses", host: "names of hosts", user: "names of users" } as const;

/** What a case holds and what comes next; the answer itself is the report of a run. */
export function caseText(document: CaseDocument, options: CaseTextOptions): string {
  const { issue, host, turns, request, steps } = document;
  const head = `${host.hostname}: ${host.os}, kernel ${host.kernel}, ${host.architecture}`;
  const history = steps.map(({ time, kind, version, model }) =>
    `${DID[kind]} ${time} by ktriage ${version}${model === undefined ? "" : `, ${model}`}`
  );
  const parts = [
    section("Issue", wrapped(issue, options), options),
    section("Host", wrapped(head, options), options),
    section("So far", wrapped(history.join("\n"), options), options),
    ...turns.map((turn, index) => section(`Round ${index + 1}`, turnText(turn, options), options)),
    ...(request === undefined ? [] : [section("Asked for", requestText(request, options), options)]),
    section("Taken out", wrapped(takenOut(document), options), options),
    section("Next", wrapped(nextText(document, options.name), options), options),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What to do with a case, and where. */
function nextText({ next, host }: CaseDocument, name: string): string {
  if (next === "run") return `Carry it to ${host.hostname}, and there: sudo ktriage run ${name}`;
  return next === "ask"
    ? `Carry it to where a model can be reached, and there: ktriage ask ${name}`
    : `The answer: ktriage show ${name}`;
}

/** What of the host the file does not hold, though it was seen. */
function takenOut({ placeholders, redacted }: CaseDocument): string {
  const kinds = (Object.keys(TAKEN) as (keyof typeof TAKEN)[]).flatMap((kind) => {
    const n = placeholders[kind] ?? 0;
    return n === 0 ? [] : [count(n, TAKEN[kind], MANY[kind])];
  });
  const looked = ["secrets", ...redacted].join(", ");
  return kinds.length === 0
    ? `Nothing was found to take out; looked for: ${looked}.`
    : `${kinds.join(", ")} (looked for: ${looked}). What the placeholders stand for stays on the host.`;
}

function turnText({ request, command_results, ebpf_results, notes = [] }: Turn, options: CaseTextOptions): string {
  const whole = options.outputs === "whole";
  const results = [
    ...command_results.map((result) => whole ? commandOutputs(result, options) : commandLine(result, options)),
    ...Object.entries(ebpf_results).map(([key, result]) => programLine(key, result, options)),
  ];
  const why = [request.reasoning, ...notes].filter((text) => text.trim() !== "").join("\n");
  return [...(why === "" ? [] : [wrapped(why, options)]), ...results].join("\n");
}

function commandLine(result: CommandResult, { width, paint }: CaseTextOptions): string {
  return line(result.id, `${result.command} → ${outcome(result)}`, { width, paint });
}

function commandOutputs(result: CommandResult, options: CaseTextOptions): string {
  const streams = [result.stdout, result.stderr].filter((text) => text !== "");
  return [commandLine(result, options), ...streams.map((text) => indent(harmless(text.trimEnd()), 6))].join("\n");
}

function programLine(key: string, { error, summary }: EbpfResult, options: CaseTextOptions): string {
  return options.outputs === "whole"
    ? wrapped(`${key}: ${error ?? summary}`, options)
    : line(key, error ?? summary, options);
}

/** Every line that would run on the host, whole: nobody agrees to what is cut. */
function requestText({ reasoning, commands, ebpf_programs }: DiagnosticReply, options: CaseTextOptions): string {
  return [
    ...(reasoning.trim() === "" ? [] : [wrapped(reasoning, options)]),
    ...commands.map((each) =>
      wrapped(isSlice(each) ? `lines ${each.lines} of ${each.id}` : `${each.id}: ${each.command}`, options)
    ),
    ...ebpf_programs.map((program) => wrapped(programText(program), options)),
  ].join("\n");
}

function programText({ name, type, target, duration, filters = {} }: EbpfProgram): string {
  const only = Object.entries(filters).map(([field, value]) => `, ${field} ${value}`).join("");
  return `${name}: eBPF, ${type} ${target} for ${duration} s${only}`;
}

function line(id: string, text: string, { width, paint }: TextOptions): string {
  const name = oneLine(id);
  return `  ${cut(`${name}: ${oneLine(text)}`, width - 2).replace(name, (found) => paint("cyan", found))}`;
}

function section(title: string, body: string, { paint }: CaseTextOptions): string {
  return `${paint("bold", title)}\n${body}`;
}

function wrapped(text: string, { width }: CaseTextOptions): string {
  return indent(wrap(harmless(text.trim()), width - 2));
}

function oneLine(text: string): string {
  return harmless(text).replace(/\s+/g, " ").trim();
}

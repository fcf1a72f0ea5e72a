/** What `ktriage probes` prints: how a request ends here, and what can be probed. */
import type { ListedProbe, Rehearsal, Step } from "../protocol/probes.ts";
import { harmless, wrap } from "./layout.ts";
import type { Paint, Style, TextOptions } from "./paint.ts";

const KIND_WIDTH = 14;
const STEP_MARGIN = 2 + 3 + 2 + KIND_WIDTH + 2;

/** A request step by step: what it means in this kernel, every way to it, and what comes of it. */
export function rehearsalText(rehearsal: Rehearsal, options: TextOptions): string {
  const { paint, width } = options;
  const about = aboutLines(rehearsal).flatMap((line) => wrap(harmless(line), width - 2).split("\n"));
  const head = [paint("bold", harmless(rehearsal.asked)), ...about.map((line) => `  ${line}`)].join("\n");
  const steps = rehearsal.steps.map((step) => stepText(step, options)).join("\n");
  const end = wrap(harmless(outcomeOf(rehearsal)), width);
  return `${[head, steps, end].filter((part) => part !== "").join("\n\n")}\n`;
}

function aboutLines({ resolution, signature }: Rehearsal): readonly string[] {
  if (resolution === undefined) return [];
  if (resolution.kind === "syscall") return [resolution.note];
  if (resolution.kind !== "function") return [];
  const { name, module, address, note } = resolution;
  const where = module === undefined ? "" : `, in module ${module}`;
  const at = address === undefined ? "" : ` at 0x${address.toString(16)}`;
  return [
    `${name}${at}${where}`,
    ...(note === undefined ? [] : [note]),
    ...(signature === undefined ? [] : [signature]),
  ];
}

const MARKS: Readonly<Record<Step["outcome"], readonly [mark: string, style: Style]>> = {
  taken: ["yes", "green"],
  refused: ["no ", "red"],
  spare: ["-  ", "dim"],
  untried: ["?  ", "yellow"],
};

function stepText({ kind, outcome, event, why }: Step, { paint, width }: TextOptions): string {
  const [mark, style] = MARKS[outcome];
  // the event of a function bears the kind in its name
  const place = kind === "tracepoint" ? event : event?.replace(/^\w+:/, "");
  const told = [place, why].filter((part) => part !== undefined).join(": ");
  const [first = "", ...rest] = wrap(harmless(told), width - STEP_MARGIN).split("\n");
  return [
    `  ${paint(style, mark)}  ${wordFor(kind).padEnd(KIND_WIDTH)}  ${first}`.trimEnd(),
    ...rest.map((line) => " ".repeat(STEP_MARGIN) + line),
  ].join("\n");
}

/** As the kernel's documentation calls it: `kprobe.multi`. */
function wordFor(kind: string): string {
  return kind === "kprobe_multi" || kind === "kprobe_session" ? kind.replace("_", ".") : kind;
}

/** Empty where nothing is attached: why goes to standard error. */
function outcomeOf({ event, attached_as, asked }: Rehearsal): string {
  return event === undefined ? "" : `A request for ${asked} gets ${attached_as ?? "exactly that"}.`;
}

const TARGET_WIDTH = 44;

/** A target a line, with what its events tell; made to be searched, so never wrapped. */
export function listedText(list: readonly ListedProbe[], { paint }: { readonly paint: Paint }): string {
  return list.map((listed) => {
    const target = `${listed.type}:${listed.target}`;
    const told = toldBy(listed);
    return told === "" ? target : `${target.padEnd(TARGET_WIDTH)} ${paint("dim", told)}`;
  }).map((line) => `${line}\n`).join("");
}

function toldBy({ type, target, arguments: all, returns }: ListedProbe): string {
  if (all === undefined) return "";
  const list = all.map(({ name, type }) => declared(type, name)).join(", ");
  if (type === "tracepoint") return list;
  if (type === "raw_tracepoint") return `(${list})`;
  return `${declared(returns ?? "void", target.replace(/^.*:/, ""))}(${list === "" ? "void" : list})`;
}

/** `struct sock *sk`, `__u8 saddr[4]` */
function declared(type: string, name: string): string {
  const [, element = type, size = ""] = /^(.*?)((?:\[\d*\])+)$/.exec(type) ?? [];
  return `${element}${element.endsWith("*") ? "" : " "}${name}${size}`;
}

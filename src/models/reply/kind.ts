/** Which of the contract's two replies an object is, or is meant to be. */
import { bare, DIAGNOSTIC_NAMES, type Fields, isFields, nameOf, type Names, RESOLUTION_NAMES } from "./names.ts";

export type Kind = "diagnostic" | "resolution";

const WORDS: Readonly<Record<string, Kind>> = {
  diagnostic: "diagnostic",
  diagnostics: "diagnostic",
  diagnosticrequest: "diagnostic",
  diagnosticreply: "diagnostic",
  diagnose: "diagnostic",
  investigation: "diagnostic",
  investigate: "diagnostic",
  phase1: "diagnostic",
  resolution: "resolution",
  resolutionreply: "resolution",
  resolve: "resolution",
  resolved: "resolution",
  conclusion: "resolution",
  final: "resolution",
  finalanswer: "resolution",
  phase2: "resolution",
};

/** The kind that a word of a model names. */
export function kindNamed(word: unknown): Kind | undefined {
  const known = typeof word === "string" ? bare(word) : "";
  return Object.hasOwn(WORDS, known) ? WORDS[known] : undefined;
}

/** Where an object says of which kind it is: `response_type`, or what a model calls it. */
export function declarationOf(object: Fields): string | undefined {
  const names = Object.keys(object);
  return names.find((name) => name === "response_type") ??
    names.find((name) => ["responsetype", "replytype"].includes(bare(name))) ??
    names.find((name) => ["type", "kind", "phase"].includes(bare(name)) && kindNamed(object[name]) !== undefined);
}

/**
 * What an object is meant to be, by what it says and by what it holds; what it holds decides where both do not fit.
 *
 * @returns undefined when it could be both, or is no reply
 */
export function kindOf(object: Fields): Kind | undefined {
  const name = declarationOf(object);
  const word = name === undefined ? undefined : object[name];
  // "diagnostic|resolution" is our own description, sent back.
  if (typeof word === "string" ? word.includes("|") : word !== undefined && word !== null) return undefined;
  const declared = kindNamed(word);
  const asks = holds(object, DIAGNOSTIC_NAMES, ["commands", "ebpf_programs"]);
  const concludes = holds(object, RESOLUTION_NAMES, ["root_cause"]);
  if (declared !== undefined && (asks === concludes || (declared === "diagnostic") === asks)) return declared;
  if (asks && concludes) return undefined;
  if (concludes) return "resolution";
  return asks || Object.hasOwn(object, "commands") || Object.hasOwn(object, "ebpf_programs") ? "diagnostic" : declared;
}

/** Whether there is something in a field to act upon. */
function holds(object: Fields, names: Names, fields: readonly string[]): boolean {
  return fields.some((field) => {
    const aliases = names[field];
    const name = aliases === undefined ? undefined : nameOf(object, field, aliases);
    return name !== undefined && !isEmpty(object[name]);
  });
}

/** Also the description of a list, in a JSON schema that a model sends back, is none to act upon. */
function isEmpty(value: unknown): boolean {
  if (typeof value === "string") return value.trim() === "";
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) ? Object.keys(value).length === 0 || isFields(value["items"]) : true;
}

/** Whether an object holds more of a reply than the word for its kind. */
export function hasBody(object: Fields): boolean {
  return holds(object, DIAGNOSTIC_NAMES, ["commands", "ebpf_programs", "reasoning"]) ||
    holds(object, RESOLUTION_NAMES, ["root_cause", "resolution_plan", "confidence"]);
}

/** A command or a program that stands alone, without the reply around it. */
export function isEntry(value: unknown): value is Fields {
  if (!isFields(value) || declarationOf(value) === "response_type") return false;
  return isCommand(value) || isProgram(value);
}

/** An object with a command line, under whatever name. */
export function isCommand(value: Fields): boolean {
  return ["command", "cmd", "command_line"].some((name) => typeof value[name] === "string");
}

/** An object with a target and a kind of probe. */
export function isProgram(value: Fields): boolean {
  return typeof value["target"] === "string" && !isCommand(value);
}

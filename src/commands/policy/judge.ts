/** May this command line run: every program that it would run is on the allowlist, with arguments that only read. */
import { type Command, parse } from "unbash";
import { NO_NEEDS } from "../needs.ts";
import { unknownArguments } from "./arguments.ts";
import { assignmentRefusal, readAssignmentRefusal } from "./assignments.ts";
import { unreadable } from "./files.ts";
import { isLiteral, show } from "./marks.ts";
import { notListed, PROGRAMS } from "./programs/mod.ts";
import { commandsOf, syntaxRefusals, variablesOf } from "./syntax.ts";
import { type Refusal, refusal, type Verdict } from "./verdict.ts";
import { expandFields, literalOf, type Variables } from "./words.ts";

/** A longer line is not a question about the host. */
const MAX_LINE = 8192;
/** Control characters but tab and newline, and the characters that marks are made of. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\uE000-\uE004]/u;
const TRUSTED_DIRECTORY = /^(\/usr(\/local)?)?\/s?bin\//;
/** timeout nice ionice sudo: nobody needs more around one program. */
const MAX_NESTING = 5;

/**
 * Judges a command line as `sh` would read it. What both dash and bash understand, and understand alike, can be
 * allowed; everything else is refused. Values of variables are followed where the line itself gives them.
 */
export function judge(line: string): Verdict {
  const refused = textRefusal(line) ?? lineRefusal(line);
  if (refused === undefined) return { kind: "allowed", runs: line, needs: NO_NEEDS };
  return { kind: "refused", ...refused, piece: { text: line, start: 0, end: line.length } };
}

function textRefusal(line: string): Refusal | undefined {
  if (line.length > MAX_LINE) return refusal("syntax/too-long", `The line is longer than ${MAX_LINE} characters.`);
  if (!line.isWellFormed() || UNPRINTABLE.test(line)) {
    return refusal("syntax/character", "The line holds a control or private-use character.");
  }
  return line.trim() === "" ? refusal("syntax/empty", "The line is empty.") : undefined;
}

function lineRefusal(line: string): Refusal | undefined {
  const script = parse(line);
  for (const refused of syntaxRefusals(script)) return refused;
  const variables = variablesOf(script);
  for (const command of commandsOf(script)) {
    const refused = commandRefusal(command, variables);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function commandRefusal(command: Command, variables: Variables): Refusal | undefined {
  const name = command.name === undefined ? undefined : literalOf(command.name);
  for (const item of command.prefix) {
    if (item.type !== "Assignment") continue;
    const refused = name === "read"
      ? readAssignmentRefusal(item.name)
      : assignmentRefusal(item.name, command.name === undefined ? "alone" : "for-program");
    if (refused !== undefined) return refused;
  }
  for (const redirect of command.redirects) {
    const refused = redirect.type === "Redirect" ? inputRefusal(redirect, variables) : undefined;
    if (refused !== undefined) return refused;
  }
  if (command.name === undefined) return undefined;
  if (name === undefined) {
    return refusal(
      "program/unknown",
      `Which program "${command.name.text}" is shows only when it runs: write its name.`,
    );
  }
  const words = command.args.filter((arg) => arg.type === "Word");
  if (words.length < command.args.length) {
    // The parser sees assignments only behind export, declare and their like, none of which is on the list.
    return programRefusal(name, [], 0) ?? refusal("syntax/unsupported", "An assignment as an argument is not allowed.");
  }
  for (const binding of variables.bindings(words)) {
    const refused = programRefusal(name, words.flatMap((word) => expandFields(word, binding)), 0);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

type RedirectNode = Extract<Command["redirects"][number], { type: "Redirect" }>;

/** Input comes from files that may be read; where output goes is a matter of syntax. */
export function inputRefusal({ operator, target }: RedirectNode, variables: Variables): Refusal | undefined {
  if (operator !== "<" || target === undefined) return undefined;
  for (const binding of variables.bindings([target])) {
    for (const path of expandFields(target, binding)) {
      const refused = unreadable(path);
      if (refused !== undefined) return refused;
    }
  }
  return undefined;
}

function programRefusal(path: string, args: readonly string[], nesting: number): Refusal | undefined {
  if (!isLiteral(path)) return refusal("program/unknown", `Which program "${show(path)}" is shows only when it runs.`);
  const name = path.replace(TRUSTED_DIRECTORY, "");
  if (name.includes("/")) {
    return refusal("program/path", `${path} is not in a system directory: give the name of a program.`);
  }
  const program = PROGRAMS.get(name);
  if (program === undefined) {
    const { rule, reason } = notListed(name);
    return refusal(rule, reason);
  }
  const unknown = program.rule !== undefined && program.anyArguments === undefined
    ? unknownArguments(name, args)
    : undefined;
  const refused = unknown ?? program.rule?.(args) ?? filesRefusal(program.files?.(args) ?? []);
  if (refused !== undefined || program.runs === undefined) return refused;
  const inner = program.runs(args);
  for (const assignment of inner.assignments ?? []) {
    const bad = assignmentRefusal(assignment.slice(0, assignment.indexOf("=")), "for-program");
    if (bad !== undefined) return bad;
  }
  const [innerName, ...innerArgs] = inner.command;
  if (innerName === undefined) return undefined;
  if (nesting >= MAX_NESTING) return refusal("program/nesting", "Too many programs around one another.");
  return programRefusal(innerName, innerArgs, nesting + 1);
}

function filesRefusal(paths: readonly string[]): Refusal | undefined {
  for (const path of paths) {
    const refused = unreadable(path);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** The shell syntax that is understood: what dash and bash read alike, and what only bash reads and dash not at all. */
import type { ArithmeticExpression, Command, ParameterExpansionPart, SyntaxNode, Word } from "unbash";
import { assignmentRefusal } from "./assignments.ts";
import { bashRefusal, isFollowedBrace } from "./bash.ts";
import { portProbe } from "./files.ts";
import { listingOf } from "./found.ts";
import { printsNumbers } from "./numeric.ts";
import type { Place, Visit } from "./survey.ts";
import { type Refusal, refusal } from "./verdict.ts";
import { literalOf, Variables, withoutBraces } from "./words.ts";

/** Node kinds that are allowed as they are; their children are looked at. */
const UNDERSTOOD: ReadonlySet<SyntaxNode["type"]> = new Set<SyntaxNode["type"]>([
  "Script",
  "Statement",
  "CompoundList",
  "CaseItem",
  "Elif",
  "Pipeline",
  "Time",
  "Negation",
  "AndOr",
  "Command",
  "Redirected",
  "If",
  "For",
  "While",
  "Case",
  "Subshell",
  "BraceGroup",
  "Word",
  "Literal",
  "Glob",
  "SingleQuoted",
  "DoubleQuoted",
  "SimpleExpansion",
  "ParameterExpansion",
  "Default",
  "Remove",
  "CommandExpansion",
  "ArithmeticExpansion",
  "ArithmeticBinary",
  "ArithmeticUnary",
  "ArithmeticTernary",
  "ArithmeticGroup",
  "ArithmeticWord",
  "ArithmeticCommandExpansion",
  "Assignment",
  "Redirect",
  "FileDescriptor",
  "HereDoc",
  "HereDocDelimiter",
  "HereDocBody",
  "HereString",
  "TestCommand",
  "TestUnary",
  "TestBinary",
  "TestLogical",
  "TestNot",
  "TestGroup",
  "ProcessSubstitution",
  "BraceExpansion",
  "AnsiCQuoted",
  "Replace",
  "Slice",
  "CaseModification",
]);
/** What to write instead of what is not followed. */
const INSTEAD: Readonly<Record<string, string>> = {
  Function: "functions: write the commands out",
  ArithmeticCommand: "(( )): use [ ]",
  ArithmeticFor: "for (( )): use for … in",
  ExtendedGlob: "extended patterns: use plain ones",
  ArrayValue: "arrays: use a for loop",
  Select: "select: there is nobody to answer it",
  Coproc: "coproc: use a pipe",
  LocaleString: '$"…": use plain quotes',
};
/** `${x/a/b}`, `${x:1:2}`, `${x^^}`: nothing in the operands that would be expanded or evaluated. */
const PLAIN_OPERATION = /^\$\{[A-Za-z_]\w*(:\d+(:\d+)?|\/[/#%]?[\w.:,@+-]+(\/[\w.:,@+ -]*)?|,,?|\^\^?)\}$/;
const OUTPUTS = new Set(["/dev/null", "/dev/stdout", "/dev/stderr"]);
/** In bash, arithmetic evaluates the text of a variable again: only what cannot name anything goes in. */
const NUMERAL = /^\d+$/;
const VARIABLE = /^\$?[A-Za-z_]\w*$/;
const ASSIGNING = /^([-+*/%&|^]|<<|>>)?=$/;

/** A refusal, and what it is about. */
export interface Refused {
  readonly refused: Refusal;
  readonly place: Place;
}

/** Everything in a line that is refused for its form, whatever the programs. */
export function* syntaxRefusals(visits: readonly Visit[]): Generator<Refused> {
  for (const { node, place } of visits) {
    const refused = formRefusal(node);
    if (refused !== undefined) yield { refused, place };
  }
  const variables = variablesOf(visits);
  const followed = new Set(visits.flatMap(({ node }) => wordsWithBraces(node)).filter(isFollowedBrace));
  for (const { node, place } of visits) {
    const refused = arithmeticRefusal(node, variables) ?? bashRefusal(node, variables) ??
      (node.type === "Word" ? braceRefusal(node, followed) : undefined);
    if (refused !== undefined) yield { refused, place };
  }
}

function formRefusal(node: SyntaxNode): Refusal | undefined {
  if ("errors" in node && node.errors !== undefined && node.errors.length > 0) {
    return refusal(
      "syntax/error",
      `The line is not valid shell syntax: ${node.errors[0]?.message ?? "unknown error"}.`,
    );
  }
  if (UNDERSTOOD.has(node.type)) return nodeRefusal(node);
  return refusal(
    "syntax/unsupported",
    `The line uses shell syntax that is not allowed: ${INSTEAD[node.type] ?? node.type}.`,
  );
}

/** Words in which the shell expands braces. */
function wordsWithBraces(node: SyntaxNode): readonly Word[] {
  if (node.type === "For") return node.wordlist ?? [];
  return node.type === "Command" ? node.args.filter((arg) => arg.type === "Word") : [];
}

function braceRefusal(word: Word, followed: ReadonlySet<Word>): Refusal | undefined {
  const brace = word.parts?.find(({ type }) => type === "BraceExpansion");
  if (brace === undefined || followed.has(word)) return undefined;
  return refusal("syntax/unsupported", `What ${word.text} becomes is not followed: write the words out.`);
}

/** The variables of a line, with every value that the line gives them. */
export function variablesOf(visits: readonly Visit[]): Variables {
  const variables = new Variables();
  const listings = visits.flatMap((visit) => visit.place === visit.node ? listingOf(visit) ?? [] : []);
  const reads = new Set(listings.flatMap(({ read }) => read ?? []));
  for (const { variable, path } of listings) variables.assign(variable, { how: "found", path });
  for (const visit of visits) {
    const { node } = visit;
    if (node.type === "Assignment" && node.value.type === "Word") {
      variables.assign(node.name, { how: "assigned", word: node.value });
    }
    if (node.type === "For" && listingOf(visit) === undefined) {
      const name = literalOf(node.name) ?? "";
      if (node.wordlist === undefined) variables.assignUnknown(name);
      const words = (node.wordlist ?? []).flatMap((word) => withoutBraces(word) ?? [word]);
      for (const word of words) variables.assign(name, { how: "listed", word });
      if (isOnlyWithin(name, visits)) variables.setLooped(name);
    }
    if (node.type === "Command" && node.name !== undefined && literalOf(node.name) === "read" && !reads.has(node)) {
      for (const arg of node.args) if (arg.type === "Word") variables.assignUnknown(literalOf(arg) ?? "");
    }
  }
  return variables;
}

/** Whether a variable is set by loops alone, and nowhere used but in their bodies. */
function isOnlyWithin(name: string, visits: readonly Visit[]): boolean {
  let inside = -1;
  return visits.every(({ node, depth }) => {
    if (depth <= inside) inside = -1;
    if (node.type === "For" && literalOf(node.name) === name) {
      // What the loop goes through is looked at before the variable is set.
      const named = new RegExp(`\\$.*\\b${name}\\b|\`.*\\b${name}\\b`, "s");
      if (node.wordlist === undefined || node.wordlist.some(({ text }) => named.test(text))) return false;
      if (inside < 0) inside = depth;
      return true;
    }
    if (node.type === "Assignment") return node.name !== name;
    if (node.type === "Command" && node.name !== undefined && literalOf(node.name) === "read") {
      return !node.args.some(({ text }) => text.includes(name));
    }
    const used = (node.type === "SimpleExpansion" && node.text.slice(1) === name) ||
      (node.type === "ParameterExpansion" && node.parameter === name);
    return !used || inside >= 0;
  });
}

function nodeRefusal(node: SyntaxNode): Refusal | undefined {
  switch (node.type) {
    case "Statement":
      return node.background === true
        ? refusal("syntax/background", "A command in the background outlives its time limit: leave out the &.")
        : undefined;
    case "For":
      return forRefusal(node.name);
    case "Assignment":
      return node.append === true || node.index !== undefined
        ? refusal("syntax/unsupported", "Neither += nor arrays are followed: use plain variables.")
        : undefined;
    case "Command":
      return readRefusal(node);
    case "SimpleExpansion":
      return /^\$([A-Za-z_]\w*|[?$#!@*0-9])$/.test(node.text)
        ? undefined
        : refusal("syntax/unsupported", `${node.text} is not allowed.`);
    case "ParameterExpansion":
      return parameterRefusal(node);
    case "CommandExpansion":
    case "ProcessSubstitution":
      return node.script === undefined
        ? refusal("syntax/error", "A command substitution could not be read.")
        : undefined;
    case "ArithmeticExpansion":
      return node.expression === undefined || !node.text.startsWith("$((")
        ? refusal("syntax/arithmetic", `${node.text} is not arithmetic that sh understands.`)
        : undefined;
    case "Redirect":
      return redirectRefusal(node);
    default:
      return undefined;
  }
}

function forRefusal(name: Word): Refusal | undefined {
  const text = literalOf(name) ?? "";
  return /^[A-Za-z_]\w*$/.test(text)
    ? assignmentRefusal(text, "alone")
    : refusal("syntax/unsupported", "The name of a loop variable must be plain.");
}

/** `read PATH` sets a variable as an assignment does. */
function readRefusal(command: Command): Refusal | undefined {
  if (command.name === undefined || literalOf(command.name) !== "read") return undefined;
  for (const arg of command.args) {
    const name = arg.type === "Word" ? literalOf(arg) ?? "" : "";
    // What nobody wants goes into `_`, which the shell sets anew with every command.
    const refused = name === "_" ? undefined : assignmentRefusal(name, "alone");
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function parameterRefusal(part: ParameterExpansionPart): Refusal | undefined {
  const { prefix, index, operation, parameter, text } = part;
  const refused = refusal(
    "syntax/unsupported",
    `${text} is not allowed: only \${x}, \${#x}, \${x:-text}, \${x#text}, \${x%text} and \${x/a/b} with plain text.`,
  );
  if (prefix === "!" || index !== undefined || !/^([A-Za-z_]\w*|[?$#!@*]|\d+)$/.test(parameter)) return refused;
  if (operation === undefined) return undefined;
  if (operation.type === "Remove") return /^[\w./:,@+*?-]*$/.test(operation.operand.text) ? undefined : refused;
  if (["Replace", "Slice", "CaseModification"].includes(operation.type)) {
    return PLAIN_OPERATION.test(text) ? undefined : refused;
  }
  const plain = operation.type === "Default" && ["-", ":-", "+", ":+"].includes(operation.operator);
  return plain && /^[\w./:,@+-]*$/.test(operation.operand.text) ? undefined : refused;
}

type RedirectNode = Extract<SyntaxNode, { type: "Redirect" }>;

function redirectRefusal({ operator, target, descriptor }: RedirectNode): Refusal | undefined {
  const text = target === undefined ? undefined : literalOf(target);
  if (descriptor?.type === "FileDescriptorVariable") {
    return refusal("syntax/unsupported", "sh has no {name}> redirection.");
  }
  switch (operator) {
    case "<":
      return undefined;
    case ">":
    case ">>":
    case ">|":
      return text !== undefined && OUTPUTS.has(text) ? undefined : outputRefusal(target);
    case ">&":
    case "<&":
      if (operator === ">&" && descriptor === undefined && text === "/dev/null") return undefined;
      return text !== undefined && /^(\d|-)$/.test(text)
        ? undefined
        : refusal("redirect/write", `${operator}${target?.text ?? ""} is not a file descriptor.`);
    case "&>":
    case "&>>":
      return text !== undefined && OUTPUTS.has(text) ? undefined : outputRefusal(target);
    default:
      return refusal("redirect/unsupported", `${operator} opens a file for writing: use <.`);
  }
}

function outputRefusal(target: Word | undefined): Refusal {
  return refusal(
    "redirect/write",
    `Output may only go to /dev/null, not to ${target?.text ?? "a file"}: what is printed comes back anyway.`,
    portProbe(target?.text ?? ""),
  );
}

/** Only numbers, and variables that can hold nothing but numbers, may stand in arithmetic. */
function arithmeticRefusal(node: SyntaxNode, variables: Variables): Refusal | undefined {
  if (node.type === "ArithmeticBinary" && ASSIGNING.test(node.operator)) return refused(node);
  if (node.type === "ArithmeticCommandExpansion") {
    return node.script !== undefined && printsNumbers(node.script) ? undefined : refused(node);
  }
  if (node.type === "ArithmeticUnary" && /\+\+|--/.test(node.operator)) return refused(node);
  if (node.type !== "ArithmeticWord" || NUMERAL.test(node.value)) return undefined;
  const name = VARIABLE.test(node.value) ? node.value.replace("$", "") : undefined;
  const numeric = name !== undefined && variables.values(name).every((value) => /^[-\d\s\uE000]*$/.test(value));
  return numeric ? undefined : refused(node);
}

function refused(node: ArithmeticExpression): Refusal {
  const text = node.type === "ArithmeticWord"
    ? node.value
    : node.type === "ArithmeticCommandExpansion"
    ? node.text
    : "an assignment";
  return refusal(
    "syntax/arithmetic",
    `Arithmetic with ${text} is refused: only numbers, and variables that the line sets to numbers; use awk.`,
    "awk '/MemTotal/ {t = $2} /MemAvailable/ {print 100 - $2 * 100 / t}' /proc/meminfo",
  );
}

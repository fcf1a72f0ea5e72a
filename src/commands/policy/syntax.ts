/** The shell syntax that is understood: what both dash and bash read, and read alike. */
import {
  type ArithmeticExpression,
  type Command,
  forEachChild,
  type ParameterExpansionPart,
  type ParsedScript,
  type SyntaxNode,
  type Word,
} from "unbash";
import { assignmentRefusal } from "./assignments.ts";
import { type Refusal, refusal } from "./verdict.ts";
import { literalOf, Variables } from "./words.ts";

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
  "Assignment",
  "Redirect",
  "FileDescriptor",
]);
/** What to write instead of syntax that sh does not have everywhere. */
const INSTEAD: Readonly<Record<string, string>> = {
  TestCommand: "[[ ]]: use [ ]",
  ProcessSubstitution: "<( ): use a pipe",
  BraceExpansion: "{a,b}: write the words out",
  HereString: "<<<: use printf and a pipe",
  HereDoc: "<<: use printf and a pipe",
  Function: "functions: write the commands out",
  AnsiCQuoted: "$'…': use plain quotes",
  ArithmeticCommand: "(( )): use [ ]",
  ArithmeticFor: "for (( )): use for … in",
  ExtendedGlob: "extended patterns: use plain ones",
  ArrayValue: "arrays: use a for loop",
};
const OUTPUTS = new Set(["/dev/null", "/dev/stdout", "/dev/stderr"]);
/** In bash, arithmetic evaluates the text of a variable again: only what cannot name anything goes in. */
const NUMERAL = /^\d+$/;
const VARIABLE = /^\$?[A-Za-z_]\w*$/;
const ASSIGNING = /^([-+*/%&|^]|<<|>>)?=$/;

/** Everything in a script that is refused for its form, whatever the programs. */
export function* syntaxRefusals(script: ParsedScript): Generator<Refusal> {
  for (const node of nodesOf(script)) {
    if ("errors" in node && node.errors !== undefined && node.errors.length > 0) {
      yield refusal(
        "syntax/error",
        `The line is not valid shell syntax: ${node.errors[0]?.message ?? "unknown error"}.`,
      );
    } else if (!UNDERSTOOD.has(node.type)) {
      yield refusal(
        "syntax/unsupported",
        `The line uses shell syntax that is not allowed: ${INSTEAD[node.type] ?? node.type}.`,
      );
    } else {
      const refused = nodeRefusal(node);
      if (refused !== undefined) yield refused;
    }
  }
  yield* arithmeticRefusals(script);
}

/** Every simple command, those in substitutions included. Redirections of compound commands come as a command without a name. */
export function commandsOf(script: ParsedScript): Command[] {
  return nodesOf(script).flatMap((node): Command[] => {
    if (node.type === "Command") return [node];
    if (node.type !== "Redirected") return [];
    const { pos, end, redirects } = node;
    return [{ type: "Command", pos, end, name: undefined, prefix: [], suffix: redirects, args: [], redirects }];
  });
}

/** The variables of a script, with every value that the script gives them. */
export function variablesOf(script: ParsedScript): Variables {
  const variables = new Variables();
  for (const node of nodesOf(script)) {
    if (node.type === "Assignment" && node.value.type === "Word") {
      variables.assign(node.name, { how: "assigned", word: node.value });
    }
    if (node.type === "For") {
      const name = literalOf(node.name) ?? "";
      if (node.wordlist === undefined) variables.assignUnknown(name);
      for (const word of node.wordlist ?? []) variables.assign(name, { how: "listed", word });
    }
    if (node.type === "Command" && node.name !== undefined && literalOf(node.name) === "read") {
      for (const arg of node.args) if (arg.type === "Word") variables.assignUnknown(literalOf(arg) ?? "");
    }
  }
  return variables;
}

function nodesOf(script: ParsedScript): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  const visit = (node: SyntaxNode): void => {
    nodes.push(node);
    forEachChild(node, visit);
  };
  visit(script);
  return nodes;
}

function nodeRefusal(node: SyntaxNode): Refusal | undefined {
  switch (node.type) {
    case "Statement":
      return node.background === true
        ? refusal("syntax/background", "A command in the background outlives its time limit: leave out the &.")
        : undefined;
    case "Pipeline":
      return node.operators.includes("|&") ? refusal("syntax/unsupported", "sh has no |&: write 2>&1 |.") : undefined;
    case "For":
      return forRefusal(node.name);
    case "CaseItem":
      return node.terminator === ";&" || node.terminator === ";;&"
        ? refusal("syntax/unsupported", `sh has no ${node.terminator}.`)
        : undefined;
    case "Assignment":
      return node.append === true || node.index !== undefined
        ? refusal("syntax/unsupported", "sh has neither += nor arrays.")
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
    const refused = assignmentRefusal(arg.type === "Word" ? literalOf(arg) ?? "" : "", "alone");
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function parameterRefusal(part: ParameterExpansionPart): Refusal | undefined {
  const { prefix, index, operation, parameter, text } = part;
  const refused = refusal(
    "syntax/unsupported",
    `${text} is not allowed: only \${x}, \${#x}, \${x:-text}, \${x#text} and \${x%text} with plain text.`,
  );
  if (prefix === "!" || index !== undefined || !/^([A-Za-z_]\w*|[?$#!@*]|\d+)$/.test(parameter)) return refused;
  if (operation === undefined) return undefined;
  if (operation.type === "Remove") return /^[\w./:,@+*?-]*$/.test(operation.operand.text) ? undefined : refused;
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
      return text !== undefined && OUTPUTS.has(text) ? undefined : refusal(
        "redirect/write",
        `Output may only go to /dev/null, not to ${target?.text ?? "a file"}: what is printed comes back anyway.`,
      );
    case ">&":
    case "<&":
      return text !== undefined && /^(\d|-)$/.test(text)
        ? undefined
        : refusal("redirect/write", `${operator}${target?.text ?? ""} is not a file descriptor.`);
    default:
      return refusal("redirect/unsupported", `sh has no ${operator}: write >/dev/null 2>&1.`);
  }
}

/** Only numbers, and variables that can hold nothing but numbers, may stand in arithmetic. */
function* arithmeticRefusals(script: ParsedScript): Generator<Refusal> {
  const variables = variablesOf(script);
  for (const node of nodesOf(script)) {
    const refused = arithmeticRefusal(node, variables);
    if (refused !== undefined) yield refused;
  }
}

function arithmeticRefusal(node: SyntaxNode, variables: Variables): Refusal | undefined {
  if (node.type === "ArithmeticBinary" && ASSIGNING.test(node.operator)) return refused(node);
  if (node.type === "ArithmeticUnary" && /\+\+|--/.test(node.operator)) return refused(node);
  if (node.type !== "ArithmeticWord" || NUMERAL.test(node.value)) return undefined;
  const name = VARIABLE.test(node.value) ? node.value.replace("$", "") : undefined;
  const numeric = name !== undefined && variables.values(name).every((value) => /^[-\d\s\uE000]*$/.test(value));
  return numeric ? undefined : refused(node);
}

function refused(node: ArithmeticExpression): Refusal {
  const text = node.type === "ArithmeticWord" ? node.value : "an assignment";
  return refusal(
    "syntax/arithmetic",
    `Arithmetic with ${text} is refused: only numbers, and variables that the line sets to numbers; use awk.`,
  );
}

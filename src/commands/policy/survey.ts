/** A walk over a parsed line: every node with where it stands and what it can read. */
import { type Command, forEachChild, type ParsedScript, type Redirection, type SyntaxNode } from "unbash";
import { literalOf } from "./words.ts";

/** Where something stands in the line. */
export interface Place {
  readonly pos: number;
  readonly end: number;
}

/** `data` when standard input may hold anything; `empty` when nothing comes out of it; `question` a known one. */
export type Input = "empty" | "question" | "data";

export interface Visit<Node extends SyntaxNode = SyntaxNode> {
  readonly node: Node;
  /** The node itself, or the backquotes around it whose text the shell reads without its backslashes. */
  readonly place: Place;
  readonly input: Input;
  /** What reads the node's output in a pipeline. */
  readonly next: SyntaxNode | undefined;
  /** What it reads from in a pipeline. */
  readonly previous: SyntaxNode | undefined;
  /** How many compound nodes are around it. */
  readonly depth: number;
}

type Context = Omit<Visit, "node" | "place"> & { readonly unescaped: Place | undefined };

/** What people see as a step of a line. */
const STEPS: ReadonlySet<SyntaxNode["type"]> = new Set<SyntaxNode["type"]>([
  "Pipeline",
  "AndOr",
  "Subshell",
  "BraceGroup",
  "If",
  "For",
  "While",
  "Case",
  "Command",
  "TestCommand",
  "CommandExpansion",
  "ProcessSubstitution",
]);
/** Substitutions are parsed when they are looked at, each once for every one around it. */
const MAX_DEPTH = 40;
/** Output that tells nothing and asks for nothing: `echo | openssl s_client`, `echo Q | …`. */
const QUIET_TEXT = /^(|Q|q|quit|QUIT)$/;

/** What services are asked for their state with, and nothing else. */
const QUESTION = new RegExp(
  "^(ruok|stats?|stats (items|slabs|settings|sizes|conns)|mntr|conf|srvr|envi|isro|cons|wchs|dirs|ping|PING|INFO|info|version|" +
    "show (stat|info|pools|threads|activity|errors|servers (state|conn)|sess|table|backend))$",
);

export function isStep(node: SyntaxNode): boolean {
  return STEPS.has(node.type);
}

/**
 * Every node of a script, outer ones first, in the order of the line.
 *
 * @throws {RangeError} more compound nodes within each other than anybody writes
 */
export function survey(script: ParsedScript): Visit[] {
  const visits: Visit[] = [];
  const visit = (node: SyntaxNode, context: Context): void => {
    if (context.depth > MAX_DEPTH) throw new RangeError("nested too deeply");
    const { unescaped, ...told } = context;
    visits.push({ ...told, node, place: unescaped ?? node, input: ownInput(node) ?? context.input });
    const inside = { ...context, next: undefined, previous: undefined, depth: context.depth + (isStep(node) ? 1 : 0) };
    forEachChild(node, (child) => visit(child, contextOf(child, node, inside)));
  };
  visit(script, { input: "empty", next: undefined, previous: undefined, depth: 0, unescaped: undefined });
  return visits;
}

/** Every simple command. Redirections of compound commands come as a command without a name. */
export function commandsIn(visits: readonly Visit[]): Visit<Command>[] {
  return visits.flatMap((visit): Visit<Command>[] => {
    const { node } = visit;
    if (node.type === "Command") return [{ ...visit, node }];
    if (node.type !== "Redirected") return [];
    const { pos, end, redirects } = node;
    const command: Command = {
      type: "Command",
      pos,
      end,
      name: undefined,
      prefix: [],
      suffix: redirects,
      args: [],
      redirects,
    };
    return [{ ...visit, node: command }];
  });
}

function contextOf(child: SyntaxNode, parent: SyntaxNode, context: Context): Context {
  if (parent.type === "Pipeline") {
    const at = parent.commands.findIndex((command) => command === child);
    const before = parent.commands[at - 1];
    const input = before === undefined ? context.input : quietInput(before) ?? "data";
    // Behind |& come messages about errors as well.
    const previous = parent.operators[at - 1] === "|&" ? undefined : before;
    return { ...context, input, previous, next: at < 0 ? undefined : parent.commands[at + 1] };
  }
  if (parent.type === "Redirected") return { ...context, input: inputOf(parent.redirects) ?? context.input };
  if (child.type === "Script" && child.source !== undefined) {
    return { ...context, unescaped: context.unescaped ?? parent };
  }
  return context;
}

function ownInput(node: SyntaxNode): Input | undefined {
  return node.type === "Command" || node.type === "Redirected" ? inputOf(node.redirects) : undefined;
}

/** What redirections make of standard input; undefined when they leave it alone. */
function inputOf(redirects: readonly Redirection[]): Input | undefined {
  const last = redirects.findLast(({ operator, descriptor }) =>
    operator.startsWith("<") &&
    (descriptor === undefined || (descriptor.type === "FileDescriptor" && descriptor.value === 0))
  );
  if (last === undefined) return undefined;
  return last.type === "Redirect" && last.target !== undefined && literalOf(last.target) === "/dev/null"
    ? "empty"
    : "data";
}

/** What a command is known to print; undefined for anything. */
function quietInput(node: SyntaxNode): Input | undefined {
  if (node.type !== "Command" || node.name === undefined || inputOf(node.redirects) !== undefined) return undefined;
  const name = literalOf(node.name);
  if (name === "true" || name === ":") return "empty";
  if (name !== "echo" && name !== "printf") return undefined;
  const texts = node.args.map((arg) => arg.type === "Word" ? literalOf(arg) ?? "unknown" : "unknown");
  if (name === "echo" && texts.every((text) => QUIET_TEXT.test(text))) return "empty";
  const [text = "", ...others] = name === "echo" && /^-[en]+$/.test(texts[0] ?? "") ? texts.slice(1) : texts;
  const lines = text.split(/(?:\\r)?\\n|\n|;/).map((line) => line.trim()).filter((line) => !QUIET_TEXT.test(line));
  return others.length === 0 && lines.length > 0 && lines.every((line) => QUESTION.test(line)) ? "question" : undefined;
}

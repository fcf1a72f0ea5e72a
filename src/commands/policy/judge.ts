/** May this command line run: every program that it would run is on the allowlist, with arguments that only read. */
import { type Command, parse, type ParsedScript, type Word } from "unbash";
import { type Needs, together } from "../needs.ts";
import { assignmentRefusal, readAssignmentRefusal, valueRefusal } from "./assignments.ts";
import { needsBash } from "./bash.ts";
import { commandBound, commandRewrites, loopBound } from "./bounds.ts";
import { type Added, edited } from "./edits.ts";
import { examine, filesRefusal } from "./examine.ts";
import { inDirectory } from "./files.ts";
import { foundBy, plainPaths } from "./found.ts";
import { deniesProgram, NO_RULES, type Rules } from "./operator.ts";
import { quotedLine } from "./quoting.ts";
import { LOOK_S, reading } from "./programs/entry.ts";
import type { Bound } from "./programs/program.ts";
import { type Entered, enteredBy, isHarmlessState } from "./shell_state.ts";
import { commandsIn, type Place, survey, type Visit } from "./survey.ts";
import { syntaxRefusals, variablesOf } from "./syntax.ts";
import { type Piece, type Refusal, refusal, type Verdict } from "./verdict.ts";
import { expandFields, literalOf, type Variables, withoutBraces } from "./words.ts";

/** A longer line is not a question about the host. */
const MAX_LINE = 8192;
/** Control characters but tab and newline, and the characters that marks are made of. */
const UNPRINTABLE = /[^\P{Cc}\t\n]|[\uE000-\uE004]/u;
/** A piece is shown to people: more of it says nothing new. */
const MAX_PIECE = 400;

/** What was found in a line, in its order. */
interface Found {
  readonly refused: Told | undefined;
  readonly approval: Told | undefined;
  readonly added: readonly Added[];
  readonly needs: Needs;
  readonly shell: "sh" | "bash";
}

interface Told {
  readonly refusal: Refusal;
  readonly place: Place;
}

/**
 * Judges a command line as a shell would read it. What dash and bash understand alike can be allowed, and what only
 * bash understands, for bash; everything else is refused. Values of variables are followed where the line itself gives
 * them.
 *
 * Never throws. The `runs` of a verdict, judged again, is not changed once more.
 *
 * @param rules what the operator allows and denies beyond the table of programs
 */
export function judge(line: string, rules: Rules = NO_RULES): Verdict {
  try {
    const verdict = quotedVerdict(line, firstVerdict(line, rules), rules);
    if (verdict.kind === "refused" || verdict.runs === line) return verdict;
    return staysTheSame(verdict.runs, rules) ? verdict : unbounded(line, verdict);
  } catch (error) {
    const whole = { pos: 0, end: line.length };
    if (error instanceof RangeError) {
      return refusedAt(line, whole, refusal("syntax/too-deep", "The line is nested too deeply."));
    }
    // A mistake in a rule: what could not be judged does not run.
    return refusedAt(line, whole, refusal("policy/failed", `The line could not be judged: ${error}.`));
  }
}

/** What becomes of a refused line when its words with unknown parts are put in quotes. */
function quotedVerdict(line: string, verdict: Verdict, rules: Rules): Verdict {
  if (verdict.kind !== "refused" || !/^(file|argument)\/unknown$|\/option$/.test(verdict.rule)) return verdict;
  const quoted = quotedLine(line);
  const again = quoted === line ? verdict : firstVerdict(quoted, rules);
  if (again.kind === "refused") return verdict;
  const why = again.kind === "needs_approval" ? again : refusal(
    "argument/quoted",
    "A word that the shell could take apart is put in double quotes.",
  );
  const kind = again.kind === "needs_approval" ? again.kind : "changed";
  const { runs, shell, needs } = again;
  return { kind, ...refusal(why.rule, why.reason, why.alternative), piece: verdict.piece, runs, shell, needs };
}

function firstVerdict(line: string, rules: Rules): Verdict {
  const unreadable = textRefusal(line);
  if (unreadable !== undefined) return refusedAt(line, unreadable.place, unreadable.refusal);
  const found = findIn(line, rules);
  const { refused, approval, added, needs, shell } = found;
  if (refused !== undefined) return refusedAt(line, refused.place, refused.refusal);
  const denied = [...(approval === undefined ? [] : [approval]), ...added.map(toldOf)].find((told) =>
    rules.deny.ids.has(told.refusal.rule)
  );
  if (denied !== undefined) return refusedAt(line, denied.place, deniedRule(denied.refusal));
  const homeless = added.find(({ edits }) => edits === undefined);
  if (homeless !== undefined) {
    const reason = `${homeless.why.reason} That bound cannot be added here: write "timeout ${LOOK_S} …" yourself.`;
    return refusedAt(line, homeless.place, { ...homeless.why, reason });
  }
  const runnable = { runs: edited(line, added.flatMap(({ edits = [] }) => edits)), shell, needs };
  if (approval !== undefined) {
    return { kind: "needs_approval", ...approval.refusal, piece: pieceOf(line, approval.place), ...runnable };
  }
  const [first] = added;
  if (first === undefined) return { kind: "allowed", ...runnable };
  const reason = [...new Set(added.map(({ why }) => why.reason))].join(" ");
  return { kind: "changed", ...first.why, reason, piece: pieceOf(line, first.place), ...runnable };
}

function toldOf({ why, place }: Added): Told {
  return { refusal: why, place };
}

function deniedRule({ rule, reason }: Refusal): Refusal {
  return refusal("operator/denied", `The operator of this host denies ${rule}: ${reason}`);
}

function staysTheSame(runs: string, rules: Rules): boolean {
  const again = firstVerdict(runs, rules);
  return again.kind !== "refused" && again.runs === runs;
}

function unbounded(line: string, verdict: Exclude<Verdict, { kind: "refused" }>): Verdict {
  const { rule, reason } = verdict.kind === "allowed" ? { rule: "policy/failed", reason: "" } : verdict;
  return refusedAt(
    line,
    { pos: 0, end: line.length },
    refusal(rule, `${reason} That bound cannot be added here: write the line more simply.`),
  );
}

function textRefusal(line: string): Told | undefined {
  const whole = { pos: 0, end: line.length };
  if (line.length > MAX_LINE) {
    return { place: whole, refusal: refusal("syntax/too-long", `The line is longer than ${MAX_LINE} characters.`) };
  }
  const at = line.search(UNPRINTABLE);
  if (at >= 0 || !line.isWellFormed()) {
    const place = at < 0 ? whole : { pos: at, end: at + 1 };
    return { place, refusal: refusal("syntax/character", "The line holds a control or private-use character.") };
  }
  return line.trim() === "" ? { place: whole, refusal: refusal("syntax/empty", "The line is empty.") } : undefined;
}

function findIn(line: string, rules: Rules): Found {
  const script = parse(line);
  const entered = enteredBy(script);
  const find = (): Found => findInScript(script, entered, rules);
  return entered === undefined ? find() : inDirectory(entered.directory, find);
}

function findInScript(script: ParsedScript, entered: Entered | undefined, rules: Rules): Found {
  const visits = survey(script);
  const shell = visits.some(({ node }) => needsBash(node)) ? "bash" : "sh";
  const found = { approval: undefined, added: [], needs: together([]), shell } as const;
  for (const { refused, place } of syntaxRefusals(visits)) return { ...found, refused: { refusal: refused, place } };

  const variables = variablesOf(visits);
  const needs: Partial<Needs>[] = [];
  const added: Added[] = visits.flatMap((visit) => loopBound(visit) ?? plainPaths(visit) ?? []);
  let approval: Told | undefined;
  for (const visit of commandsIn(visits)) {
    if (isFollowed(visit.node, entered, rules)) continue;
    const command = findInCommand(visit, variables, rules);
    if (command.refused !== undefined) return { ...found, refused: command.refused };
    approval ??= command.approval;
    needs.push(...command.needs);
    added.push(...command.added);
  }
  return { refused: undefined, approval, added, needs: together(needs), shell };
}

/** Commands that change the shell in a way that is followed, where the operator does not deny them. */
function isFollowed(command: Command, entered: Entered | undefined, rules: Rules): boolean {
  const name = command.name === undefined ? "" : literalOf(command.name) ?? "";
  return (command === entered?.command || isHarmlessState(command)) && deniesProgram(rules, name, []) === undefined;
}

interface FoundInCommand {
  readonly refused?: Told;
  readonly approval?: Told | undefined;
  readonly added: readonly Added[];
  readonly needs: readonly Partial<Needs>[];
}

function findInCommand(visit: Visit<Command>, variables: Variables, rules: Rules): FoundInCommand {
  const { node: command, place } = visit;
  const nothing = { added: [], needs: [] };
  const refused = shellRefusal(command);
  if (refused !== undefined) return { ...nothing, refused: inLine(refused, place, command) };
  const input = inputOf(command, place, variables, rules);
  if (input.refused !== undefined) return { ...nothing, refused: input.refused };
  if (command.name === undefined) {
    const added = input.bound === undefined ? [] : [{ why: input.bound, place, edits: undefined }];
    return { ...nothing, approval: input.approval, added };
  }

  const args = command.args.flatMap((arg) => arg.type === "Word" ? withoutBraces(arg) ?? [arg] : []);
  let approval = input.approval;
  let added: readonly Added[] = [];
  const needs: Partial<Needs>[] = [];
  for (const binding of variables.bindings(args)) {
    const fields = args.flatMap((word) => expandFields(word, binding).map((text) => ({ word, text })));
    const examined = examine([literalOf(command.name) ?? "", ...fields.map(({ text }) => text)], {
      rules,
      input: visit.input,
      endless: input.bound,
      found: foundBy(visit.previous),
      judgeLine: (line) => judge(line, rules),
    });
    const words = [command.name, ...fields.map(({ word }) => word)];
    for (const { kind, refusal: why, offset } of examined.findings) {
      const told = inLine({ refusal: why, place: partOf(command, words, offset) }, place, command);
      if (kind === "refused") return { ...nothing, refused: told };
      approval ??= told;
    }
    needs.push(...examined.needs);
    if (added.length === 0) {
      added = [
        ...commandBound(visit, words, examined.missing),
        ...commandRewrites(visit, words, examined.rewrites),
      ];
    }
  }
  return { approval, needs, added };
}

/** What is wrong with a command before the program is looked at: assignments, and a name that is not known. */
function shellRefusal(command: Command): Told | undefined {
  const name = command.name === undefined ? undefined : literalOf(command.name);
  for (const item of command.prefix) {
    if (item.type !== "Assignment") continue;
    const refused = name === "read"
      ? readAssignmentRefusal(item.name)
      : command.name === undefined
      ? assignmentRefusal(item.name, "alone")
      : valueRefusal({ name: item.name, value: item.value.type === "Word" ? literalOf(item.value) : undefined });
    if (refused !== undefined) return { refusal: refused, place: item };
  }
  if (command.name !== undefined && name === undefined) {
    const why = `Which program "${command.name.text}" is shows only when it runs: write its name.`;
    return { refusal: refusal("program/unknown", why), place: command.name };
  }
  // The parser sees assignments only behind export, declare and their like, none of which is on the list.
  const assignment = command.args.find((arg) => arg.type !== "Word");
  return assignment === undefined
    ? undefined
    : { refusal: refusal("program/shell-state", `${name} changes how the shell reads the rest.`), place: command };
}

const INPUT = reading((paths) => paths);

interface FoundInInput {
  readonly refused?: Told;
  readonly approval?: Told | undefined;
  readonly bound?: Bound | undefined;
}

/** Input comes from files that may be read; where output goes is a matter of syntax. */
function inputOf(command: Command, place: Place, variables: Variables, rules: Rules): FoundInInput {
  let approval: Told | undefined;
  let bound: Bound | undefined;
  for (const redirect of command.redirects) {
    if (redirect.type !== "Redirect" || redirect.operator !== "<" || redirect.target === undefined) continue;
    for (const binding of variables.bindings([redirect.target])) {
      const paths = expandFields(redirect.target, binding);
      const told = (why: Refusal): Told => inLine({ refusal: why, place: redirect }, place, command);
      const refused = filesRefusal(INPUT.files(paths), rules);
      if (refused !== undefined) return { refused: told(refused) };
      const secret = INPUT.approval(paths);
      const agreed = secret === undefined || rules.agreed.has(secret.rule) || rules.allow.ids.has(secret.rule);
      if (!agreed) approval ??= told(secret);
      bound ??= INPUT.bound(paths);
    }
  }
  return { approval, bound };
}

/** A place inside a command, or what stands for it in the line. */
function inLine(told: Told, place: Place, command: Command): Told {
  return place.pos === command.pos && place.end === command.end ? told : { ...told, place };
}

/** The program that a finding is about, with what stands behind it. */
function partOf(command: Command, words: readonly Word[], offset: number): Place {
  const first = words[offset] ?? command;
  const last = words.at(-1) ?? command;
  return { pos: Math.min(first.pos, last.pos), end: Math.max(first.end, last.end) };
}

function refusedAt(line: string, place: Place, refused: Refusal): Verdict {
  return { kind: "refused", ...refused, piece: pieceOf(line, place) };
}

function pieceOf(line: string, { pos, end }: Place): Piece {
  const text = line.slice(pos, end);
  return { text: text.length > MAX_PIECE ? `${text.slice(0, MAX_PIECE)}…` : text, start: pos, end };
}

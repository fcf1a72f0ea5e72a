/** What a program would do with its arguments, the programs that it runs in turn included. */
import { type NeededCall, type NeededCapability, type Needs } from "../needs.ts";
import { unknownArguments } from "./arguments.ts";
import { assignmentRefusal } from "./assignments.ts";
import { unreadable } from "./files.ts";
import { type Found, withFound } from "./found.ts";
import { notLifted } from "./lifting.ts";
import { isLiteral, show, WORDS } from "./marks.ts";
import { allowsProgram, deniesProgram, type Rules, withAllowedHosts } from "./operator.ts";
import { guardRefusal } from "./programs/guards.ts";
import { notListed, PROGRAMS } from "./programs/mod.ts";
import type { Bound, Program } from "./programs/program.ts";
import { type Rewrite, separations } from "./rewrites.ts";
import type { Input } from "./survey.ts";
import { type Refusal, refusal, type Verdict } from "./verdict.ts";

const TRUSTED_DIRECTORY = /^(\/usr(\/local)?)?\/s?bin\//;
/** timeout nice ionice sudo: nobody needs more around one program. */
const MAX_NESTING = 5;
/** A `timeout` of the line itself that is no longer than this is bound enough: every line ends after that time. */
const OWN_LIMIT_S = 30;
/** What the shell runs itself, and what therefore cannot stand behind `timeout`. */
const BUILTINS = new Set(
  "echo printf read test [ true false : pwd exit break continue type ulimit umask times".split(" "),
);

/** Something that a rule says about one program of the line. */
export interface Finding {
  readonly kind: "refused" | "needs_approval";
  readonly refusal: Refusal;
  /** How many words of the line stand before the program that this is about. */
  readonly offset: number;
}

/** A bound that is missing. */
export interface Missing {
  readonly bound: Bound;
  readonly offset: number;
  /** Which word `timeout` can stand before; undefined where it can stand nowhere. */
  readonly wrap: number | undefined;
}

/** A change of the words of one program. */
export interface Rewritten {
  readonly rewrite: Rewrite;
  readonly offset: number;
}

export interface Examined {
  readonly findings: readonly Finding[];
  readonly missing: readonly Missing[];
  readonly rewrites: readonly Rewritten[];
  readonly needs: readonly Partial<Needs>[];
}

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly input: Input;
  readonly offset: number;
}

export interface Circumstances {
  readonly rules: Rules;
  readonly input: Input;
  /** The bound that the command's input asks for. */
  readonly endless: Bound | undefined;
  /** What the input of xargs is known to be. */
  readonly found: Found | undefined;
  /** Judges what a shell would be given to run. */
  readonly judgeLine: (line: string) => Verdict;
}

/** Follows a program into those that it runs: `sudo timeout 5 cat /x` is three of them. */
export function examine(words: readonly string[], circumstances: Circumstances): Examined {
  const { rules, endless, judgeLine } = circumstances;
  const findings: Finding[] = [];
  const missing: Missing[] = [];
  const needs: Partial<Needs>[] = [];
  const rewrites: Rewritten[] = [];
  const found = (): Examined => ({ findings, missing, needs, rewrites });
  let input = circumstances.input;
  let limit_s = Infinity;
  let wrap: number | undefined;
  let [path, ...args] = words;
  const miss = (bound: Bound, offset: number): void => {
    missing.push({ bound: limit_s <= OWN_LIMIT_S ? { ...bound, seconds: 0 } : bound, offset, wrap });
  };
  for (let nesting = 0, offset = 0; path !== undefined; nesting++) {
    const refuse = (refused: Refusal): Examined => {
      findings.push({ kind: "refused", refusal: refused, offset });
      return found();
    };
    const name = nameOf(path);
    if (typeof name !== "string") return refuse(name);
    if (nesting > MAX_NESTING) return refuse(refusal("program/nesting", "Too many programs around one another."));
    const given: Call = { name, args, input, offset };
    const script = deniedRefusal(given, rules) === undefined ? scriptOf(given) : undefined;
    if (script !== undefined) {
      const inner = judgeLine(script);
      const refused = scriptRefusal(name, inner);
      if (refused !== undefined) return refuse(refused);
      if (inner.kind === "allowed") needs.push(inner.needs);
      return found();
    }
    const { call, rewrite = undefined, refused } = judged(given, rules);
    if (refused !== undefined) return refuse(refused);
    args = [...call.args];
    if (rewrite !== undefined) rewrites.push({ rewrite, offset });

    const program = PROGRAMS.get(name);
    const approval = approvalOf(call, rules);
    if (approval !== undefined) findings.push({ kind: "needs_approval", refusal: approval, offset });
    needs.push(program === undefined ? needsOfUnlisted(name) : program.needs?.(args) ?? {});
    if (name !== "command" && !BUILTINS.has(name)) wrap ??= offset;
    const bound = program?.bound?.(args);
    if (bound !== undefined) miss(bound, offset);
    const change = program?.rewrite?.(args);
    if (change !== undefined) rewrites.push({ rewrite: change, offset });
    const inner = allowsProgram(rules, name, args) ? undefined : program?.runs?.(args);
    if (name === "timeout" && inner !== undefined) {
      limit_s = Math.min(limit_s, timeoutOf(args.slice(0, args.length - inner.command.length)));
    }
    for (const assignment of inner?.assignments ?? []) {
      const bad = assignmentRefusal(assignment.slice(0, assignment.indexOf("=")), "for-program");
      if (bad !== undefined) return refuse(bad);
    }
    offset = innerOffset(words, offset, inner?.command ?? []);
    // Nothing of the line's input reaches what xargs runs, unless its words come from a file.
    if (name === "xargs" && !args.some((arg) => /^(-[ao]|--arg|--open)/.test(arg))) input = "empty";
    const command = inner?.command ?? [];
    const own = args.slice(0, args.length - command.length + (command.at(-1) === WORDS ? 1 : 0));
    const paths = name === "xargs" && args.every(isLiteral) && circumstances.found !== undefined && nesting === 0
      ? withFound(own, command, circumstances.found)
      : undefined;
    if (paths?.rewrite !== undefined) rewrites.push({ rewrite: paths.rewrite, offset: 0 });
    [path, ...args] = paths?.command ?? command;
  }
  if (endless !== undefined) miss(endless, 0);
  return found();
}

interface JudgedCall {
  readonly call: Call;
  readonly refused: Refusal | undefined;
  readonly rewrite?: Rewrite;
}

/** What is wrong with a call; an argument that could be an option is put behind `--` where that helps. */
function judged(call: Call, rules: Rules): JudgedCall {
  const refused = deniedRefusal(call, rules) ?? callRefusal(call, rules);
  if (refused?.rule !== "argument/unknown") return { call, refused };
  for (const { args, rewrite } of separations(call.name, call.args)) {
    const again = { ...call, args };
    if ((deniedRefusal(again, rules) ?? callRefusal(again, rules)) === undefined) {
      return { call: again, refused: undefined, rewrite };
    }
  }
  return { call, refused };
}

const NO_IDS: ReadonlySet<string> = new Set();
const SHELLS = new Set(["sh", "bash", "dash"]);

/** The line of `sh -c LINE`, when nothing else is given to it. */
function scriptOf({ name, args, input }: Call): string | undefined {
  const [option, script, ...others] = args;
  const whole = SHELLS.has(name) && option === "-c" && others.length === 0 && input === "empty";
  return whole && script !== undefined && isLiteral(script) ? script : undefined;
}

function scriptRefusal(name: string, inner: Verdict): Refusal | undefined {
  if (inner.kind === "allowed" && (inner.shell === "sh" || name === "bash")) return undefined;
  if (inner.kind === "refused") return refusal(inner.rule, inner.reason, inner.alternative);
  return refusal("program/runs-anything", `${name} -c is refused here: ask for the inner line itself.`, inner.runs);
}

function nameOf(path: string): string | Refusal {
  if (!isLiteral(path)) return refusal("program/unknown", `Which program "${show(path)}" is shows only when it runs.`);
  const name = path.replace(TRUSTED_DIRECTORY, "");
  return name.includes("/")
    ? refusal("program/path", `${path} is not in a system directory: give the name of a program.`)
    : name;
}

function deniedRefusal({ name, args }: Call, rules: Rules): Refusal | undefined {
  const denied = deniesProgram(rules, name, args);
  return denied === undefined ? undefined : refusal(
    "operator/denied",
    `The operator of this host denies ${[denied.program, ...denied.words].join(" ")}.`,
  );
}

function callRefusal(call: Call, rules: Rules): Refusal | undefined {
  const { name, args } = call;
  const program = PROGRAMS.get(name);
  const allowed = allowsProgram(rules, name, args);
  if (program === undefined) {
    const { rule, reason, alternative } = { alternative: undefined, ...notListed(name) };
    return allowed || rules.allow.ids.has(rule) && rule !== "program/shell-state"
      ? undefined
      : refusal(rule, reason, alternative);
  }
  if (allowed) return undefined;
  if (call.input === "question" && program.asks?.(args) === true) return undefined;
  // What a program runs in turn is only known when its own arguments are understood.
  const ids = program.runs === undefined ? rules.allow.ids : NO_IDS;
  const rule = (left: readonly string[]): Refusal | undefined =>
    argumentsRefusal(name, program, withAllowedHosts(rules, name, left));
  const refused = notLifted(rule, args, ids);
  if (refused !== undefined) return refused;
  return filesRefusal(program.files?.(args) ?? [], rules) ?? notAllowed(inputRefusal(call, program), rules);
}

function notAllowed(refused: Refusal | undefined, { allow }: Rules): Refusal | undefined {
  return refused !== undefined && allow.ids.has(refused.rule) ? undefined : refused;
}

function argumentsRefusal(name: string, program: Program, args: readonly string[]): Refusal | undefined {
  const unknown = program.rule !== undefined && program.anyArguments === undefined
    ? unknownArguments(name, args)
    : undefined;
  return unknown ?? guardRefusal(name, args) ?? program.rule?.(args);
}

function inputRefusal({ name, args, input }: Call, program: Program): Refusal | undefined {
  if (input === "empty" || program.sendsInput?.(args) !== true) return undefined;
  return refusal(
    "input/sent",
    `${name} passes its input on to what it reaches: give it none, as in "${name} … </dev/null".`,
  );
}

/** Why an operator must be asked; undefined as well where one of their rules has answered. */
function approvalOf({ name, args }: Call, rules: Rules): Refusal | undefined {
  const approval = PROGRAMS.get(name)?.approval?.(withAllowedHosts(rules, name, args));
  if (approval === undefined || allowsProgram(rules, name, args)) return undefined;
  return rules.agreed.has(approval.rule) ? undefined : notAllowed(approval, rules);
}

/** Files that may not be read: devices, other programs' pipes. */
export function filesRefusal(paths: readonly string[], rules: Rules): Refusal | undefined {
  for (const path of paths) {
    const refused = notAllowed(unreadable(path), rules);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

const TRACING: readonly NeededCapability[] = ["BPF", "PERFMON", "NET_RAW", "SYS_ADMIN"];
const TRACING_CALLS: readonly NeededCall[] = ["bpf", "perf_event_open", "ptrace"];
const TRACERS = new Set(["strace", "ltrace", "gdb", "perf", "bpftrace", "tcpdump", "tshark"]);

/** An operator allowed a program that has no entry: tracers get what tracing takes, the others talk to services. */
function needsOfUnlisted(name: string): Partial<Needs> {
  return TRACERS.has(name)
    ? { capabilities: TRACING, calls: TRACING_CALLS, local_sockets: true }
    : { local_sockets: true };
}

/** The seconds after which `timeout` ends what it runs; Infinity when that is not certain. */
function timeoutOf(args: readonly string[]): number {
  if (
    args.some((arg, index) => /^(-s|--signal)$/.test(arg) && !/^(SIG)?(TERM|KILL|INT)$/.test(args[index + 1] ?? ""))
  ) {
    return Infinity;
  }
  if (args.some((arg) => /^(-s.|--s\w*=)/.test(arg))) return Infinity;
  const [, number = "", unit = "s"] =
    args.map((arg) => /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(arg)).find((match, index) =>
      match !== null && !/^(-k|--kill-after)$/.test(args[index - 1] ?? "")
    ) ?? [];
  const seconds = Number(number) * ({ m: 60, h: 3600, d: 86400 }[unit] ?? 1);
  return seconds > 0 ? seconds : Infinity;
}

/** Where the inner command begins among the words of the line; the outer one's place when it is put together. */
function innerOffset(words: readonly string[], offset: number, [name]: readonly string[]): number {
  const at = name === undefined ? -1 : words.indexOf(name, offset + 1);
  return at < 0 ? offset : at;
}

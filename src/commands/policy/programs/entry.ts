/** How the entries of the allowlist are written. */
import type { Needs } from "../../needs.ts";
import {
  all,
  allow,
  given,
  leading,
  merge,
  only,
  operandsRefusal,
  type Options,
  options,
  type Rule,
  unknownArguments,
} from "../arguments.ts";
import { filesOf, isEndless, isTrigger, secret } from "../files.ts";
import { GLOB, NUMBER, show, WORDS } from "../marks.ts";
import type { Rewrite } from "../rewrites.ts";
import { type Refusal, refusal } from "../verdict.ts";
import type { Bound, Inner, Program, Programs } from "./program.ts";

/** Parts of an entry that are the same whatever the arguments. */
export interface Extra {
  /** What may stand as operands; anything when it is left out. */
  readonly operands?: Rule;
  /** Further rules, for all arguments. */
  readonly rules?: readonly Rule[];
  /** `operands`: it reads what its arguments name. */
  readonly files?: "operands" | ((args: readonly string[]) => readonly string[]);
  readonly needs?: Partial<Needs> | ((args: readonly string[]) => Partial<Needs>);
  readonly approval?: Rule;
  readonly bound?: (args: readonly string[]) => Bound | undefined;
  readonly rewrite?: (args: readonly string[]) => Rewrite | undefined;
  readonly runs?: (args: readonly string[]) => Inner;
  readonly asks?: (args: readonly string[]) => boolean;
  readonly sendsInput?: (args: readonly string[]) => boolean;
  /** A line that only reads, told with every refusal that names none. */
  readonly instead?: string;
}

/** What talks to a service of this host through its socket. */
export const SOCKETS: Partial<Needs> = { local_sockets: true };

/** Programs that only report, whatever their arguments; names apart by blanks. */
export function reports(names: string, extra: Extra = {}): Programs {
  return entry(names, undefined, extra);
}

/**
 * Programs of which only these options are let through, written as {@linkcode options} reads them.
 *
 * @param names apart by blanks; the first one stands in rule ids
 */
export function listed(names: string, synopsis: string, extra: Extra = {}): Programs {
  const [first = ""] = names.split(" ");
  return entry(names, allow(first, options(synopsis), extra.operands), extra);
}

/** Programs that read the files among their arguments and print, with these options only. */
export function readers(names: string, synopsis: string, extra: Extra = {}): Programs {
  return listed(names, synopsis, { files: "operands", ...extra });
}

/** Programs that the rules decide about; what an argument becomes must be known. */
export function limited(names: string, rules: readonly Rule[], extra: Extra = {}): Programs {
  const [first = ""] = names.split(" ");
  return entry(names, all((args) => unknownArguments(first, args), ...rules), extra);
}

/** Programs with a rule that knows what to do with arguments that are only known when the line runs. */
export function ruled(names: string, rules: readonly Rule[], extra: Extra = {}): Programs {
  return entry(names, all(...rules), extra);
}

function entry(names: string, rule: Rule | undefined, extra: Extra): Programs {
  const own = [...rule === undefined ? [] : [rule], ...extra.rules ?? []];
  const rules = own.length === 0 || extra.files !== undefined ? own : [...own, triggerRefusal];
  const { files, needs, approval, bound, rewrite, runs, asks, sendsInput, instead } = extra;
  const read = files === undefined ? undefined : files === "operands" ? READS_OPERANDS : reading(files);
  const program: Program = {
    anyArguments: true,
    ...(rules.length === 0 ? {} : { rule: onlyAsked(all(...rules), instead) }),
    ...(read === undefined ? {} : { files: read.files }),
    ...(needs === undefined ? {} : { needs: typeof needs === "function" ? needs : () => needs }),
    ...(approval === undefined && read === undefined
      ? {}
      : { approval: (args) => approval?.(args) ?? read?.approval(args) }),
    ...(bound === undefined && read === undefined ? {} : { bound: (args) => bound?.(args) ?? read?.bound(args) }),
    ...(rewrite === undefined ? {} : { rewrite }),
    ...(runs === undefined ? {} : { runs }),
    ...(asks === undefined ? {} : { asks }),
    ...(sendsInput === undefined ? {} : { sendsInput }),
  };
  return Object.fromEntries(names.split(" ").map((name) => [name, program]));
}

/** Opening these is enough to do harm, whatever the program wants there. */
function triggerRefusal(args: readonly string[]): Refusal | undefined {
  const found = args.flatMap(filesOf).find(isTrigger);
  return found === undefined
    ? undefined
    : refusal("file/device", `${show(found)} acts or loses data as soon as it is opened.`, "ls -l /dev");
}

/** `--version` and `--help` alone are fine with every program. */
export function onlyAsked(rule: Rule, instead: string | undefined): Rule {
  return (args) => {
    if (args.length === 1 && (args[0] === "--version" || args[0] === "--help")) return undefined;
    const refused = rule(args);
    return refused === undefined || instead === undefined ? refused : { alternative: instead, ...refused };
  };
}

/** Reading files: secrets need a yes, what never ends gets a bound, the rest is judged by the policy on files. */
export function reading(
  files: (args: readonly string[]) => readonly string[],
): Required<Pick<Program, "files" | "approval" | "bound">> {
  return {
    files: (args) => files(args).filter((path) => !isEndless(path) && secret(path) === undefined),
    approval: (args) => first(files(args), secret),
    bound: (args) => first(files(args), (path) => isEndless(path) ? ENDLESS_FILE : undefined),
  };
}

const READS_OPERANDS = reading((args) => args.flatMap(filesOf));

/** A rule that asks for one of these options; without them the program would do more than report. */
export function needsOne(program: string, synopsis: string, why: string): Rule {
  return (args) => given(args, options(synopsis)) ? undefined : refusal(`${program}/change`, `${program} ${why}.`);
}

/** How long something that never ends is looked at. */
export const LOOK_S = 5;
const ENDLESS_FILE: Bound = {
  rule: "file/endless",
  reason: "A disk or an endless device is read for its first 64 KiB only.",
  seconds: LOOK_S,
  bytes: 65_536,
};

/** A bound for these options, read as {@linkcode given} does. */
export function follows(program: string, synopsis: string): (args: readonly string[]) => Bound | undefined {
  return (args) => given(args, options(synopsis)) ? endless(program) : undefined;
}

/** The bound of what never ends. */
export function endless(program: string): Bound {
  return {
    rule: `${program}/endless`,
    reason: `${program} would not end by itself with these arguments: it is ended after ${LOOK_S} seconds.`,
    seconds: LOOK_S,
  };
}

function first<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What one verb of a program may be given; as text, its options, or `*` for anything. */
export interface Verb {
  readonly options?: string;
  readonly operands?: Rule;
}

/**
 * Programs whose first operands say what they do. Keys of `table` are verbs of one word or more, several apart by
 * commas; a verb that ends in `!` takes no operands, in `?` at most one; the empty verb is the program without any.
 * Values are the options that these verbs have in addition to those of `synopsis`, which may also stand before the verb.
 *
 * @param names apart by blanks; the first one stands in rule ids
 */
export function commands(
  names: string,
  synopsis: string,
  table: Readonly<Record<string, string | Verb>>,
  extra: Extra = {},
): Programs {
  const [first = ""] = names.split(" ");
  return ruled(names, [commandRule(first, options(synopsis), verbsOf(table))], extra);
}

interface KnownVerb extends Verb {
  readonly phrase: string;
  /** The most operands behind it. */
  readonly most: number;
}

function verbsOf(table: Readonly<Record<string, string | Verb>>): ReadonlyMap<string, KnownVerb> {
  const verbs = Object.entries(table).flatMap(([phrases, verb]) =>
    phrases.split(",").map((text): KnownVerb => {
      const phrase = text.trim().replace(/[!?]$/, "");
      const most = text.endsWith("!") ? 0 : text.endsWith("?") ? 1 : Infinity;
      return { ...typeof verb === "string" ? { options: verb } : verb, phrase, most };
    })
  );
  return new Map(verbs.map((verb) => [verb.phrase, verb]));
}

function commandRule(program: string, global: Options, verbs: ReadonlyMap<string, KnownVerb>): Rule {
  return (args) => {
    const parsed = leading(program, global, args);
    if ("rule" in parsed) return parsed;
    const words = parsed.operands;
    const verb = [3, 2, 1, 0].map((length) =>
      words.length < length ? undefined : verbs.get(words.slice(0, length).join(" "))
    )
      .find((each) => each !== undefined && (each.phrase !== "" || words.length === 0));
    if (verb === undefined) return verbRefusal(program, [...verbs.keys()], words);
    const rest = words.slice(verb.phrase === "" ? 0 : verb.phrase.split(" ").length);
    if (verb.options === "*") return undefined;
    const inner = only(program, merge(global, options(verb.options ?? "")), rest);
    if ("rule" in inner) return inner;
    const excess = inner.operands[verb.most];
    if (excess !== undefined || (verb.most === 1 && inner.operands.some((operand) => !isSingle(operand)))) {
      return refusal(`${program}/operand`, `${program} ${verb.phrase} ${show(excess ?? "")} may do more than show.`);
    }
    return operandsRefusal(program, verb.operands, inner.operands);
  };
}

function isSingle(operand: string): boolean {
  return ![NUMBER, GLOB, WORDS].some((mark) => operand.includes(mark));
}

function verbRefusal(
  program: string,
  known: readonly string[],
  [first = "without a verb", second]: readonly string[],
): Refusal {
  const sharing = known.filter((phrase) => phrase.startsWith(`${first} `));
  const asked = sharing.length > 0 ? `${first} ${second ?? ""}` : first;
  const list = sharing.length > 0 ? sharing : known.filter((phrase) => phrase !== "");
  return refusal(
    `${program}/verb`,
    `${program} ${show(asked)} is not on the list of what only reads: ${list.join(", ")}.`,
  );
}

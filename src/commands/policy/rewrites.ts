/** Small changes that let a line run which would fail or be refused as it stands. */
import { isLiteral, mayHideOption, WORDS } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** A change of the words of one program. */
export interface Rewrite extends Refusal {
  /** Places among the arguments; -1 is the program's name, the number of arguments the place behind them. */
  readonly changes: readonly WordChange[];
  /** Text put in behind the command that the input comes from. */
  readonly behindInput?: string;
}

/** Text put in before a word, or the word replaced by it. */
export interface WordChange {
  readonly at: number;
  readonly text: string;
  readonly replaces?: true;
}

/** Arguments in another order, and the change of the line that makes it so. */
export interface Reordered {
  readonly args: readonly string[];
  readonly rewrite: Rewrite;
}

/** They know no `--`, or mean something else by it. */
const OWN_READING = new Set(["blockdev", "debsums", "rocm-smi", "corosync-cfgtool", "ras-mc-ctl"]);
const NAMED_NUMBER = /^-[A-Za-z]$/;

/**
 * Ways to put `--` before an argument that may turn out to be an option; options behind it move in front. The caller
 * judges the arguments that come out.
 */
export function separations(program: string, args: readonly string[]): readonly Reordered[] {
  if (OWN_READING.has(program)) return [];
  const ended = args.indexOf("--");
  return args.flatMap((arg, at) => {
    if (!mayHideOption(arg) || arg.startsWith("-") || (ended >= 0 && ended < at)) return [];
    const tail = args.slice(at + 1);
    const moved = tail.flatMap((each, index) => isOption(each) || isItsNumber(tail, index) ? [at + 1 + index] : []);
    const isMoved = new Set(moved);
    const options = moved.map((index) => args[index] ?? "");
    const words = [...args.slice(0, at), ...options, "--"];
    // Quoting that a moved word would need has been taken off it.
    if (!options.every((each) => isLiteral(each) && /^[\w@%+=:,./-]+$/.test(each))) return [];
    return [{
      args: [...words, arg, ...tail.filter((_, index) => !isMoved.has(at + 1 + index))],
      rewrite: {
        ...refusal(
          "argument/separated",
          `An argument that is not known before it runs could be an option of ${program}: it is put behind "--".`,
        ),
        changes: [
          { at, text: [...options, "--", ""].join(" ") },
          ...moved.map((index) => ({ at: index, text: "", replaces: true as const })),
        ],
      },
    }];
  });
}

function isOption(arg: string): boolean {
  return arg.startsWith("-") && arg !== "-" && arg !== "--" && !arg.includes(WORDS);
}

/** `-n 20`: the number moves with its letter. */
function isItsNumber(args: readonly string[], index: number): boolean {
  return /^\d+$/.test(args[index] ?? "") && NAMED_NUMBER.test(args[index - 1] ?? "");
}

/** Text put in right behind the name of a program. */
export function withOptions(rule: string, reason: string, text: string): Rewrite {
  return { ...refusal(rule, reason), changes: [{ at: 0, text: `${text} ` }] };
}

/** Another program in the place of this one, with the arguments that stand there. */
export function renamed(rule: string, reason: string, text: string): Rewrite {
  return { ...refusal(rule, reason), changes: [{ at: -1, text, replaces: true }] };
}

/** The program and its own arguments left out, so that only what it would run stays. */
export function leftOut(rule: string, reason: string, ownArguments: number): Rewrite {
  const changes = Array.from({ length: ownArguments + 1 }, (_, index) => ({
    at: index - 1,
    text: "",
    replaces: true as const,
  }));
  return { ...refusal(rule, reason), changes };
}

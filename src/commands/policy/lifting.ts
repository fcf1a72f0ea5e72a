/** What an id that an operator allows lifts: that one refusal, and nothing that another rule says of the same command. */
import type { Rule } from "./arguments.ts";
import type { Refusal } from "./verdict.ts";

/** In the place of an argument that a lifted refusal is about: values that no rule minds where one is expected. */
const HARMLESS_VALUES = ["/dev/null", "GET", "SELECT 1", "db.stats()", "info", "inspect", "status", "list"];
/** So many arguments may be lifted in one command. */
const MAX_LIFTED = 2;
/** An option with one meaning, or an operand; not several letters together, each of which may be refused. */
const ONE_MEANING = /^(-[A-Za-z0-9]|-[A-Za-z]\/.*|-X[A-Z]{3,}|--?[a-z][\w-]+(=.*)?|[^-].*)$/s;

/**
 * What is left of a refusal when these ids are lifted: the arguments that it is about are taken out or made harmless,
 * and the others judged again. Where no argument alone is the cause, the refusal stays.
 */
export function notLifted(rule: Rule, args: readonly string[], ids: ReadonlySet<string>): Refusal | undefined {
  return ids.size === 0 ? rule(args) : judged(rule, args, ids, MAX_LIFTED);
}

function judged(rule: Rule, args: readonly string[], ids: ReadonlySet<string>, lifts: number): Refusal | undefined {
  const refused = rule(args);
  if (refused === undefined || !ids.has(refused.rule)) return refused;
  if (lifts === 0 || args.length > 40) return refused;
  let left: Refusal | undefined = refused;
  for (const { fewer, how } of withoutOne(args)) {
    const again = rule(fewer);
    // What was not the cause is not taken out: it would hide what it does itself.
    const same = how === "letter" ? again?.rule === refused.rule : again?.reason === refused.reason;
    if (same) continue;
    left = judged(rule, fewer, ids, lifts - 1);
    if (left === undefined) return undefined;
  }
  return left;
}

interface Fewer {
  readonly fewer: readonly string[];
  readonly how: "argument" | "letter";
}

/** The arguments with one of them made harmless, without a letter, or left out. */
function* withoutOne(args: readonly string[]): Generator<Fewer> {
  for (const [at, arg] of args.entries()) {
    if (!arg.startsWith("-")) {
      for (const value of HARMLESS_VALUES) yield { fewer: args.with(at, value), how: "argument" };
    }
    if (/^-[A-Za-z]{2,}$/.test(arg)) {
      for (let letter = 1; letter < arg.length; letter++) {
        yield { fewer: args.with(at, arg.slice(0, letter) + arg.slice(letter + 1)), how: "letter" };
      }
    }
    // An operand before an option may be the value of one: without it, the option would be taken for the value.
    const isValue = !arg.startsWith("-") && args[at - 1]?.startsWith("-") === true && args[at + 1]?.startsWith("-");
    if (ONE_MEANING.test(arg) && isValue !== true) yield { fewer: args.toSpliced(at, 1), how: "argument" };
  }
}

/** What the operator of a host allows and denies beyond the table of programs. */
import { isLiteral, WORDS } from "./marks.ts";

/** A program, or the words that its arguments begin with: `strace`, `docker exec`. */
export interface ProgramRule {
  readonly program: string;
  readonly words: readonly string[];
}

export interface OperatorRules {
  readonly programs: readonly ProgramRule[];
  /** Ids of rules, for example `curl/host`. */
  readonly ids: ReadonlySet<string>;
}

export interface Rules {
  readonly allow: OperatorRules;
  /** Wins over `allow`. */
  readonly deny: OperatorRules;
  /** Hosts that curl and wget may ask, beside this one: names or addresses, without a port. */
  readonly allow_hosts: readonly string[];
  /** Ids of rules that somebody has agreed to when asked: unlike an allowed id, it lifts no refusal. */
  readonly agreed: ReadonlySet<string>;
}

const NONE: OperatorRules = { programs: [], ids: new Set() };
export const NO_RULES: Rules = { allow: NONE, deny: NONE, allow_hosts: [], agreed: new Set() };

const PROGRAM = /^[A-Za-z0-9_.+:@[-]+$/;
const ID = /^[a-z0-9_.+-]+\/[a-z0-9-]+$/;
/** Rules about the form of a line: behind them, what would run is not known. */
const FORM =
  /^(syntax|redirect|assignment|argument|policy|operator)\/|^file\/unknown$|^program\/(unknown|path|nesting|shell-state|directory)$/;
/** They change how the shell reads what follows, so that the verdict on the rest would not hold. */
const SHELL_STATE = new Set(
  (". source eval exec set unset export readonly declare typeset local let shift trap alias unalias enable builtin shopt " +
    "cd pushd popd hash getopts mapfile readarray bind bg fg jobs wait disown return function coproc select").split(
      " ",
    ),
);

/** They run whatever stands behind them: what may run is said by that one's own name. */
const WRAPPERS = new Set(
  "sudo doas su env timeout nice ionice xargs parallel command nohup setsid stdbuf chrt time chroot".split(" "),
);

/** Why a text is no rule; undefined when it is one. */
export function ruleFault(text: string, list: "allow" | "deny"): string | undefined {
  const words = text.trim().split(/\s+/);
  const [program = ""] = words;
  if (program === "") return "it is empty";
  if (words.length === 1 && ID.test(program)) {
    return list === "allow" && FORM.test(program)
      ? "rules about the form of a line cannot be lifted: behind them, what would run is not known"
      : undefined;
  }
  if (program.includes("/")) return "give the name of a program without its directory, or the id of a rule";
  if (!PROGRAM.test(program)) return "it is neither the name of a program nor the id of a rule";
  if (list === "allow" && SHELL_STATE.has(program)) {
    return `${program} changes how the shell reads the rest of a line and cannot be allowed`;
  }
  if (list === "allow" && WRAPPERS.has(program)) {
    return `${program} runs other programs: allow those by their own names`;
  }
  return undefined;
}

/** Rules out of texts that have no fault. */
export function operatorRules(texts: readonly string[]): OperatorRules {
  const rules = texts.map((text) => text.trim());
  const isId = (rule: string): boolean => ID.test(rule);
  return {
    ids: new Set(rules.filter(isId)),
    programs: rules.filter((rule) => !isId(rule)).map((rule) => {
      const [program = "", ...words] = rule.split(/\s+/);
      return { program, words };
    }),
  };
}

/** The same rules with ids that somebody has agreed to. */
export function withAgreed(rules: Rules, ids: Iterable<string>): Rules {
  return { ...rules, agreed: new Set([...rules.agreed, ...ids]) };
}

/** Whether a rule allows this program with these arguments: they begin with exactly its words. */
export function allowsProgram({ allow }: Rules, name: string, args: readonly string[]): boolean {
  return !WRAPPERS.has(name) &&
    allow.programs.some(({ program, words }) => program === name && words.every((word, index) => args[index] === word));
}

/** Whether a rule may deny it: its words stand among the arguments in that order, or are not known. */
export function deniesProgram({ deny }: Rules, name: string, args: readonly string[]): ProgramRule | undefined {
  return deny.programs.find(({ program, words }) => program === name && mayBegin(args, words));
}

/** Options of the program may stand between the words; an unknown argument may be one of them, not behind another verb. */
function mayBegin(args: readonly string[], words: readonly string[]): boolean {
  let found = 0;
  let elsewhere = false;
  for (const arg of args) {
    if (found === words.length) return true;
    if (arg === words[found]) found++;
    else if (arg.includes(WORDS) && !elsewhere) return true;
    else if (!isLiteral(arg) && !elsewhere) found++;
    else if (!arg.startsWith("-")) elsewhere = true;
  }
  return found === words.length;
}

/** Arguments as the rules about targets see them: a host that the operator allows counts as this one. */
export function withAllowedHosts({ allow_hosts }: Rules, name: string, args: readonly string[]): readonly string[] {
  if (allow_hosts.length === 0 || (name !== "curl" && name !== "wget")) return args;
  return args.map((arg) => {
    const [, scheme = "", host = "", rest = ""] = /^(https?:\/\/)?([^/?#:@\\]+)((?::\d+)?(?:[/?#][^]*)?)$/i.exec(arg) ??
      [];
    return allow_hosts.includes(host.toLowerCase()) ? `${scheme}127.0.0.1${rest}` : arg;
  });
}

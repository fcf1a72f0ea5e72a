/** What the shell itself offers, and programs that run another one. */
import { allow, atMost, only, type Rule, unknownArguments } from "../arguments.ts";
import { isLiteral, mayHideOption, show, TEXT, WORDS } from "../marks.ts";
import { leftOut } from "../rewrites.ts";
import { refusal } from "../verdict.ts";
import { endless, listed, reports, ruled } from "./entry.ts";
import type { Inner, Program, Programs } from "./program.ts";

const MAX_SLEEP_S = 30;
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** Where sh is bash, `test -v` and `printf -v` evaluate their operand, command substitutions included. */
function testRule(args: readonly string[]): ReturnType<Rule> {
  const evaluated = args.find((arg) => arg === "-v" || arg === "-R");
  if (evaluated !== undefined) {
    return refusal("test/evaluates", `test ${evaluated} is refused: it evaluates its operand.`);
  }
  const unknown = args.some((arg, index) =>
    arg.includes(WORDS) || (mayHideOption(arg) && /[[\uE001-\uE003]./.test((args[index + 1] ?? "") + " "))
  );
  return unknown
    ? refusal("test/unknown", "test with two unknown words in a row may evaluate one of them: compare with fixed text.")
    : undefined;
}

function printfRule([format = ""]: readonly string[]): ReturnType<Rule> {
  if (!format.startsWith("-") && !mayHideOption(format)) return undefined;
  return refusal(
    "printf/variable",
    `printf ${show(format)} is refused: the format must be fixed text, without options.`,
  );
}

function readRule(args: readonly string[]): ReturnType<Rule> {
  const names = args.filter((arg) => arg !== "-r");
  const other = names.find((name) => !/^[A-Za-z_]\w*$/.test(name));
  return other === undefined
    ? undefined
    : refusal("read/option", `read ${show(other)} is refused: only -r and names of variables.`);
}

function sleepRule(args: readonly string[]): ReturnType<Rule> {
  const [seconds = ""] = args;
  if (args.length === 1 && /^\d*\.?\d+$/.test(seconds) && Number(seconds) <= MAX_SLEEP_S) return undefined;
  return refusal("sleep/long", `sleep takes one number of seconds, at most ${MAX_SLEEP_S}.`);
}

/** Runs what stands behind its own options. Options that are not listed make it refused. */
function runner(name: string, options: { letters?: string; valued?: string; operands?: number }): Program {
  const ownArguments = (args: readonly string[]): number => {
    let at = 0;
    while (args[at]?.startsWith("-")) {
      at += options.valued?.includes(args[at]?.charAt(1) ?? "") && args[at]?.length === 2 ? 2 : 1;
    }
    return at + (options.operands ?? 0);
  };
  return {
    rule: (args) => {
      const own = args.slice(0, ownArguments(args));
      const unknown = own.find((arg) => !isLiteral(arg));
      if (unknown !== undefined) {
        return refusal(`${name}/option`, `What ${name} runs is not certain with ${show(unknown)}: write it out.`);
      }
      return allow(name, options)(own);
    },
    anyArguments: true,
    runs: (args) => ({ command: args.slice(ownArguments(args)) }),
  };
}

const ENV: Program = {
  rule: ([first = ""]) =>
    first.startsWith("-") || mayHideOption(first) ? refusal("env/option", `env ${show(first)} is refused.`) : undefined,
  anyArguments: true,
  runs: (args) => {
    const start = args.findIndex((arg) => !ASSIGNMENT.test(arg));
    return start < 0
      ? { command: [], assignments: args }
      : { command: args.slice(start), assignments: args.slice(0, start) };
  },
};

const XARGS_OPTIONS = { letters: "0rt", valued: "nLIdPs", long: ["null", "no-run-if-empty"] } as const;

/** What xargs adds is known only when it runs: it stands as a mark where it will be put. */
const XARGS: Program = {
  rule: (args) => {
    const own = args.slice(0, xargsCommand(args));
    const parsed = only("xargs", XARGS_OPTIONS, own);
    if ("rule" in parsed) return parsed;
    return own.every(isLiteral) ? undefined : refusal("xargs/option", "Options of xargs must be written out.");
  },
  anyArguments: true,
  runs: (args): Inner => {
    const own = args.slice(0, xargsCommand(args));
    const parsed = only("xargs", XARGS_OPTIONS, own);
    const command = args.slice(own.length);
    const replaced = "rule" in parsed ? undefined : new Map(parsed.options).get("I");
    if (command.length === 0) return { command: ["echo", WORDS] };
    if (replaced === undefined || replaced === "") return { command: [...command, WORDS] };
    return { command: command.map((word) => word.replaceAll(replaced, TEXT)) };
  },
};

function xargsCommand(args: readonly string[]): number {
  let at = 0;
  while (args[at]?.startsWith("-")) {
    const option = args[at] ?? "";
    const takesNext = XARGS_OPTIONS.valued.includes(option.slice(-1)) && !/^-[nLIdPs]./.test(option);
    at += takesNext ? 2 : 1;
  }
  return at;
}

const ROOT = /^(root|#0|0)$/;
const RUN_AS = runner("sudo", { letters: "nEH", valued: "u" });

/** Lines run as root already, and sudo cannot give anything in the sandbox: for root it is left out. */
const SUDO: Program = {
  ...RUN_AS,
  rewrite: (args) => {
    const own = args.length - (RUN_AS.runs?.(args).command.length ?? 0);
    const users = args.slice(0, own).filter((arg) => !/^-[nEH]+$/.test(arg) && arg !== "-u");
    return own < args.length && users.every((user) => ROOT.test(user.replace(/^-u/, "")))
      ? leftOut("sudo/needless", "Commands run with the rights of ktriage: sudo is left out.", own)
      : undefined;
  },
};

/** `command -v` only looks up; `command PROGRAM` runs it. */
const COMMAND: Program = {
  anyArguments: true,
  rule: ([first = ""]) => {
    if (first === "-v" || first === "-V") return undefined;
    // The variables that it sets are only followed where it is called by its own name.
    const refused = first === "read" || first.startsWith("-") || mayHideOption(first);
    return refused ? refusal("command/option", `command ${show(first)} is refused.`) : undefined;
  },
  runs: (args) => ({ command: /^-[vV]$/.test(args[0] ?? "") ? [] : args }),
};

/** The words that watch joins to a line for the shell, when they hold nothing that a shell acts on. */
const WATCH: Program = {
  anyArguments: true,
  rule: (args) => {
    const unknown = args.find((arg) => !isLiteral(arg) || /[^\w \t./:=,@%+-]/.test(arg));
    return unknown === undefined ? undefined : refusal(
      "watch/shell",
      `watch hands ${show(unknown)} to a shell: ask for the inner command itself.`,
      "cat /proc/loadavg",
    );
  },
  runs: (args) => {
    let at = 0;
    while (args[at]?.startsWith("-")) at += /^-(n|q|-interval)$/.test(args[at] ?? "") ? 2 : 1;
    return { command: args.slice(at).join(" ").split(/[ \t]+/).filter((word) => word !== "") };
  },
  bound: () => endless("watch"),
};

/** `nice` and `ionice` also report: alone, and `ionice -p PID`. */
const IONICE = runner("ionice", { letters: "t", valued: "cn" });

export const SHELL_PROGRAMS: Programs = {
  ...reports("echo true false : pwd exit break continue type which whereis times jobs"),
  test: { rule: testRule, anyArguments: true },
  "[": { rule: testRule, anyArguments: true },
  printf: { rule: printfRule, anyArguments: true },
  ...ruled("read", [(args) => unknownArguments("read", args), readRule]),
  ...ruled("sleep", [sleepRule], { instead: "sleep 5" }),
  ...ruled("seq", [
    (args) =>
      args.every((arg) => !isLiteral(arg) || /^-?[\d.]+$|^-w$|^-s.?$|^,$/.test(arg))
        ? undefined
        : refusal("seq/option", "seq takes numbers only."),
  ], { instead: "seq 1 10" }),
  ...listed("ulimit", "-SHacdefilmnpqrstuvx", {
    operands: atMost("ulimit", 0, "with a value it sets the limit"),
    instead: "ulimit -a",
  }),
  watch: WATCH,
  timeout: runner("timeout", { valued: "ks", operands: 1 }),
  stdbuf: runner("stdbuf", { valued: "ioe" }),
  nice: runner("nice", { valued: "n" }),
  ionice: {
    ...IONICE,
    rule: (args) => /^-p$/.test(args[0] ?? "") && args.length === 2 ? undefined : IONICE.rule?.(args),
    runs: (args) => /^-p$/.test(args[0] ?? "") ? { command: [] } : IONICE.runs?.(args) ?? { command: [] },
  },
  sudo: SUDO,
  env: ENV,
  xargs: XARGS,
  command: COMMAND,
};

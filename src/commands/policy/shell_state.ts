/** The few commands that change the shell itself and are followed: a directory to work in, a locale, how it stops. */
import type { Command, ParsedScript } from "unbash";
import { literalOf } from "./words.ts";

/** Directories that hold files and nothing else; those that may be links to elsewhere are not among them. */
const DIRECTORY =
  /^\/(etc|home|opt|root|srv|tmp|usr|boot|var\/(log|lib|spool|cache|www|tmp|crash|backups|opt)|proc\/sys\/(net|vm|fs|kernel))(\/[\w@+-][\w.@+-]*)*\/?$/;
/** What the shell reads stays the same under these. */
const LOCALE = /^(C|POSIX|C\.UTF-?8|en_US\.UTF-?8)$/i;
/** The shell stops earlier, or prints what runs. */
const SETTINGS = /^[-+]([eux]+|[eux]*o pipefail)$/;

/** Where a line works that begins with `cd DIRECTORY && …`; only behind `&&` is it certain to be there. */
export interface Entered {
  readonly command: Command;
  readonly directory: string;
}

/** Undefined unless everything else of the line runs only in that directory. */
export function enteredBy({ commands }: Pick<ParsedScript, "commands">): Entered | undefined {
  const [statement, ...others] = commands;
  const node = statement?.command;
  if (node?.type === "Subshell" && others.length === 0) return enteredBy(node.body);
  if (node?.type !== "AndOr" || others.length > 0 || !node.operators.every((operator) => operator === "&&")) {
    return undefined;
  }
  const [command] = node.commands;
  if (command?.type !== "Command" || nameOf(command) !== "cd" || !isPlain(command)) return undefined;
  const [path, ...more] = wordsOf(command) ?? [];
  return path !== undefined && more.length === 0 && DIRECTORY.test(path) ? { command, directory: path } : undefined;
}

/** `export LC_ALL=C`, `set -e`, `set -o pipefail`. */
export function isHarmlessState(command: Command): boolean {
  const name = nameOf(command);
  if (!isPlain(command)) return false;
  if (name === "export") {
    return command.args.length > 0 &&
      command.args.every((arg) =>
        arg.type === "Assignment" && arg.append !== true && arg.index === undefined &&
        /^(LC_ALL|LANG)$/.test(arg.name) &&
        arg.value.type === "Word" && LOCALE.test(literalOf(arg.value) ?? "")
      );
  }
  return name === "set" && SETTINGS.test(wordsOf(command)?.join(" ") ?? "");
}

/** dash knows no pipefail. */
export function setsPipefail(command: Command): boolean {
  return nameOf(command) === "set" && wordsOf(command)?.includes("pipefail") === true;
}

function nameOf(command: Command): string | undefined {
  return command.name === undefined ? undefined : literalOf(command.name);
}

function isPlain(command: Command): boolean {
  return command.prefix.length === 0 && command.redirects.length === 0;
}

function wordsOf(command: Command): readonly string[] | undefined {
  const words = command.args.map((arg) => arg.type === "Word" ? literalOf(arg) : undefined);
  return words.includes(undefined) ? undefined : words.map((word) => word ?? "");
}

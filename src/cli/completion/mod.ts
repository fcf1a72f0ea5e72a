/** `ktriage completion`: the script that completes ktriage's words in a shell, made from the table of subcommands. */
import { wordOf } from "../arguments.ts";
import { UsageError } from "../errors.ts";
import { GLOBAL_OPTIONS } from "../options.ts";
import { EXIT, type Invocation } from "../subcommand.ts";
import { SUBCOMMANDS } from "../table.ts";
import { type Shell, SHELLS } from "../words.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

/** Prints a shell's script; or, for such a script, the targets that begin with a prefix. */
export async function completionSubcommand({ positionals, writer }: Invocation): Promise<number> {
  const [shell, ...rest] = positionals;
  if (shell === undefined) {
    throw new UsageError(`Cannot complete: name the shell. There are ${SHELLS.join(", ")}.`);
  }
  if (shell === "targets" && rest.length <= 1) {
    const { targetsFrom } = await import("./targets.ts");
    writer.out((await targetsFrom(rest[0] ?? "")).map((target) => `${target}\n`).join(""));
    return EXIT.done;
  }
  const known = wordOf(shell, SHELLS, `Cannot complete for ${shell}`);
  if (rest.length > 0) throw new UsageError("Cannot complete for more than one shell.");
  writer.out(completionScripts()[known]);
  return EXIT.done;
}

/** The script of every shell. */
export function completionScripts(): Readonly<Record<Shell, string>> {
  const vocabulary = { subcommands: SUBCOMMANDS, globals: GLOBAL_OPTIONS };
  return { bash: bashScript(vocabulary), zsh: zshScript(vocabulary), fish: fishScript(vocabulary) };
}

/** What real shells offer when TAB is pressed behind a line, with the script of `ktriage completion` loaded. */
import { fileURLToPath } from "node:url";
import { completionScripts } from "../../src/cli/completion/mod.ts";
import type { Shell } from "../../src/cli/words.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Shells with `ktriage` on their PATH, until it is disposed of. */
export class CompletingShells implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "ktriage-completion-" });
  readonly #env = { PATH: `${this.#folder}:${Deno.env.get("PATH")}`, HOME: this.#folder, LC_ALL: "C.UTF-8" };

  constructor() {
    const program = `#!/bin/sh\nexec '${Deno.execPath()}' run -A --no-check '${MAIN}' "$@"\n`;
    Deno.writeTextFileSync(`${this.#folder}/ktriage`, program, { mode: 0o755 });
    for (const [shell, script] of Object.entries(completionScripts())) {
      Deno.writeTextFileSync(`${this.#folder}/script.${shell}`, script);
    }
    Deno.writeTextFileSync(`${this.#folder}/inner.zsh`, ZSH_INNER);
    Deno.writeTextFileSync(`${this.#folder}/outer.zsh`, ZSH_OUTER);
  }

  /** What a shell offers at the end of the line, sorted; what describes a word is left out. */
  async offers(shell: Shell, line: string): Promise<string[]> {
    const words = (await this.#printed(shell, line)).split("\n").filter((word) => word !== "");
    return [...new Set(words.map((word) => word.replace(/\t.*/, "")))].sort();
  }

  /** What an interactive bash on a terminal makes of the line when TAB is pressed behind it. */
  async typedInBash(line: string): Promise<string> {
    const keys = `PS1=; source "$HOME/script.bash"; echo ready\n${line}\t\x01echo "<\x05>"\nexit\n`;
    const shown = await this.#run(["script", "-qec", "bash --norc --noprofile -i", "/dev/null"], keys);
    return /^<(.*)>\r?$/m.exec(shown)?.[1] ?? `nothing in: ${shown}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }

  #printed(shell: Shell, line: string): Promise<string> {
    switch (shell) {
      case "bash":
        return this.#run(["bash", "--norc", "-c", BASH, "bash", line, ...asBashSplits(line)]);
      case "zsh":
        return this.#run(["zsh", "-f", `${this.#folder}/outer.zsh`, line]);
      case "fish":
        return this.#run(["fish", "--no-config", "-c", 'source $HOME/script.fish; complete -C "$argv[1]"', line]);
    }
  }

  async #run([program = "", ...args]: readonly string[], keys = ""): Promise<string> {
    const child = new Deno.Command(program, { args, env: this.#env, stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(keys));
    if (keys === "") await writer.close(); // script(1) would end its shell before the keys are read
    const { stdout, stderr } = await child.output();
    if (keys !== "") await writer.close().catch(() => undefined);
    const errors = new TextDecoder().decode(stderr);
    if (errors !== "") throw new Error(`${program}: ${errors}`);
    return new TextDecoder().decode(stdout);
  }
}

/** Readline breaks words at = and : too; $COMP_WORDS has these as words of their own. */
function asBashSplits(line: string): string[] {
  return line.split(" ").flatMap((word) => word.match(/[:=]+|[^:=]+/g) ?? [""]);
}

/** Calls the function as readline does; what it leaves to readline itself is printed in brackets. */
const BASH = `
source "$HOME/script.bash"
compopt() { echo "[$*]"; }
COMP_LINE=$1 COMP_POINT=\${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ktriage ktriage "\${!#}" ""
[ \${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;

/** A shell on a terminal of its own, in which what is offered is written to a file besides. */
const ZSH_OUTER = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'source $HOME/inner.zsh'
while zpty -r shell line; do [[ $line != *ready* ]] || break; done
zpty -w -n shell "$1"$'\\t'
while zpty -r shell line; do [[ $line != *completed* ]] || break; done
zpty -d shell
[[ ! -e $HOME/offered ]] || cat $HOME/offered
rm -f $HOME/offered`;
const ZSH_INNER = `
PROMPT=
autoload -Uz compinit
compinit -u -D
source $HOME/script.zsh
bindkey '^I' complete-word
compadd() {
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    print -rl -- $hits >> $HOME/offered
  fi
  builtin compadd "$@"
}
ended() { print completed }
comppostfuncs=(ended)
print rea''dy`;

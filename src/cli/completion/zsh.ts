/** Completion in zsh, with the words that the help has beside each. */
import type { OptionSpec, Takes } from "../arguments.ts";
import type { SubcommandSpec } from "../subcommand.ts";
import { operandsOf, quoted, type Vocabulary } from "./vocabulary.ts";

/** The script: a file `_ktriage` of fpath, or sourced. */
export function zshScript({ subcommands, globals }: Vocabulary): string {
  return `#compdef ktriage
# Completion of ktriage in zsh. For this shell: source <(ktriage completion zsh)
# Made by ktriage from its table of subcommands: changes are lost.

_ktriage_targets() {
  local -a found
  found=(\${(f)"$($ktriage_program completion targets "$PREFIX" 2>/dev/null)"})
  compadd -S '' -a found
}

_ktriage_schemas() {
  local -a found
  found=(\${(f)"$($ktriage_program schema 2>/dev/null)"})
  compadd -a found
}

# zsh's own _pids offers those of this terminal only.
_ktriage_processes() { compadd -- /proc/<->(N:t) }

_ktriage_subcommands() {
  local -a found=(
${subcommands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
    'help:show the help of a subcommand'
  )
  _describe -t commands subcommand found
}

_ktriage() {
  local curcontext=$curcontext state line ktriage_program=$words[1]
  typeset -A opt_args
  local -a globals=(
${globals.flatMap((option) => optionSpecs(option)).map((spec) => `    ${spec}`).join("\n")}
  )
  _arguments -s -C $globals '1:subcommand:_ktriage_subcommands' '*::argument:->arguments'
  [[ $state == arguments ]] || return
  curcontext=\${curcontext%:*}-$line[1]:
  case $line[1] in
${subcommands.map((spec) => arm(spec)).join("\n")}
    help) _arguments '1:subcommand:_ktriage_subcommands' ;;
  esac
}

# Autoloaded from fpath this file is the function itself; sourced, it has to be registered.
if [[ $funcstack[1] == _ktriage ]]; then
  _ktriage "$@"
else
  compdef _ktriage ktriage
fi
`;
}

function arm(spec: SubcommandSpec): string {
  const { places, rest } = operandsOf(spec);
  const operands = places.map((takes, place) => quoted(`${place + 1}:operand:${action(takes)}`));
  const more = rest === undefined ? [] : [quoted(`*:operand:${action(rest)}`)];
  const lines = ["$globals", ...spec.options.flatMap(optionSpecs), ...operands, ...more];
  return `    ${spec.name})\n      _arguments -s ${lines.join(" \\\n        ")}\n      ;;`;
}

/** As `_arguments` wants them: an option with a value also takes it behind `=`. */
function optionSpecs({ name, short, value, takes, summary }: OptionSpec): readonly string[] {
  const told = `[${summary.replace(/[[\]:\\]/g, "\\$&")}]`;
  const follows = value === undefined ? "" : `:${value}:${takes === undefined ? " " : action(takes)}`;
  const long = quoted(`*--${name}${value === undefined ? "" : "="}${told}${follows}`);
  return short === undefined ? [long] : [quoted(`*-${short}${told}${follows}`), long];
}

function action(takes: Takes): string {
  switch (takes.kind) {
    case "words":
      return takes.list ? `_values -s , word ${takes.words.join(" ")}` : `(${takes.words.join(" ")})`;
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "process":
      return "_ktriage_processes";
    case "target":
      return "_ktriage_targets";
    case "schema":
      return "_ktriage_schemas";
  }
}

/** Completion in bash; needs no package bash-completion. */
import type { OptionSpec, Takes } from "../arguments.ts";
import type { SubcommandSpec } from "../subcommand.ts";
import { operandsOf, quoted, type Vocabulary, wordsOf } from "./vocabulary.ts";

/** The script for bash 4 and later. */
export function bashScript({ subcommands, globals }: Vocabulary): string {
  const all = uniqueOptions([...subcommands.flatMap(({ options }) => options), ...globals]);
  const names = [...subcommands.map(({ name }) => name), "help"].join(" ");
  return `# Completion of ktriage in bash. For this shell: eval "$(ktriage completion bash)"
# Made by ktriage from its table of subcommands: changes are lost.

# Words as a person sees them, where bash splits at = and : as well.
_ktriage_words() {
  local rest=$COMP_LINE i
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ i -eq 0 || $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      words+=("\${COMP_WORDS[i]}")
    else
      words[\${#words[@]} - 1]+=\${COMP_WORDS[i]}
    fi
    rest=\${rest#"\${COMP_WORDS[i]}"}
  done
}

# Whether the next word is the value of this option.
_ktriage_takes_value() {
  case $1 in
${caseArm(all.filter(({ value }) => value !== undefined).flatMap(wordsOf), "return 0")}
  esac
  return 1
}

# What the value of an option can be.
_ktriage_value() {
  case $1 in
${all.flatMap(optionArm).join("\n")}
  esac
}

# What the operand at a place can be: "<subcommand> <place>".
_ktriage_operand() {
  case $1 in
    'help 0') _ktriage_offer ${quoted(names)} ;;
${subcommands.flatMap(operandArms).join("\n")}
  esac
}

_ktriage_options() {
  case $1 in
${subcommands.map(({ name, options }) => optionsArm(name, [...options, ...globals])).join("\n")}
    *) _ktriage_offer ${quoted(globals.flatMap(wordsOf).join(" "))} ;;
  esac
}

_ktriage_offer() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$value"); }
_ktriage_list() {
  local before=
  [[ $value != *,* ]] || before=\${value%,*},
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "\${value##*,}")
  compopt -o nospace
}
# Readline itself completes files.
_ktriage_files() { compopt -o default; }
_ktriage_folders() { compopt -o dirnames; }
_ktriage_processes() { _ktriage_offer "$(cd /proc && echo [0-9]*)"; }
_ktriage_targets() {
  mapfile -t COMPREPLY < <("\${words[0]}" completion targets "$value" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -ne 1 || \${COMPREPLY[0]} != *[:/] ]] || compopt -o nospace
}
_ktriage_schemas() { _ktriage_offer "$("\${words[0]}" schema 2>/dev/null)"; }

_ktriage() {
  local words value= before= command= place=0 i last option=
  COMPREPLY=()
  _ktriage_words
  last=$((\${#words[@]} - 1))
  value=\${words[last]}
  for ((i = 1; i < last; i++)); do
    if [[ \${words[i]} == -- ]]; then
      option=none
    elif [[ \${words[i]} == -?* && $option != none ]]; then
      if _ktriage_takes_value "\${words[i]}"; then
        ((i++))
        ((i < last)) || option=\${words[i - 1]}
      fi
    elif [[ -z $command ]]; then
      command=\${words[i]}
    else
      ((place++))
    fi
  done
  if [[ $value == --*=* && -z $option ]]; then
    option=\${value%%=*} before=\${value%%=*}=
    value=\${value#*=}
  fi
  if [[ $option == -* ]]; then
    _ktriage_value "$option"
  elif [[ $value == -* && -z $option ]]; then
    _ktriage_options "$command"
  elif [[ -z $command ]]; then
    _ktriage_offer ${quoted(names)}
  else
    _ktriage_operand "$command $place"
  fi
  # Bash replaces only what stands behind the last = or :.
  local whole=$before$value piece=\${COMP_WORDS[COMP_CWORD]} cut
  [[ $piece != [:=]* ]] || piece=
  [[ \${#COMPREPLY[@]} -eq 0 ]] || COMPREPLY=("\${COMPREPLY[@]/#/$before}")
  cut=\${whole%"$piece"}
  COMPREPLY=("\${COMPREPLY[@]#"$cut"}")
}
complete -F _ktriage ktriage
`;
}

/** An option of several subcommands means the same in each: one arm is enough. */
function uniqueOptions(options: readonly OptionSpec[]): readonly OptionSpec[] {
  return [...new Map(options.map((option) => [option.name, option])).values()];
}

function optionArm(option: OptionSpec): readonly string[] {
  return option.takes === undefined ? [] : [caseArm(wordsOf(option), action(option.takes))];
}

function operandArms(spec: SubcommandSpec): readonly string[] {
  const { places, rest } = operandsOf(spec);
  return [
    ...places.map((takes, place) => caseArm([`${spec.name} ${place}`], action(takes))),
    ...(rest === undefined ? [] : [`    '${spec.name} '*) ${action(rest)} ;;`]),
  ];
}

function optionsArm(name: string, options: readonly OptionSpec[]): string {
  return caseArm([name], `_ktriage_offer ${quoted(options.flatMap(wordsOf).join(" "))}`);
}

function caseArm(patterns: readonly string[], body: string): string {
  const bare = patterns.map((pattern) => /^[\w-]+$/.test(pattern) ? pattern : quoted(pattern));
  return `    ${bare.join(" | ")}) ${body} ;;`;
}

function action(takes: Takes): string {
  switch (takes.kind) {
    case "words":
      return `${takes.list ? "_ktriage_list" : "_ktriage_offer"} ${quoted(takes.words.join(" "))}`;
    case "file":
      return "_ktriage_files";
    case "folder":
      return "_ktriage_folders";
    case "process":
      return "_ktriage_processes";
    case "target":
      return "_ktriage_targets";
    case "schema":
      return "_ktriage_schemas";
  }
}

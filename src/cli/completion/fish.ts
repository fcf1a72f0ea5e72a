/** Completion in fish, with the words that the help has beside each. */
import type { OptionSpec, Takes } from "../arguments.ts";
import type { SubcommandSpec } from "../subcommand.ts";
import { operandsOf, type Vocabulary, wordsOf } from "./vocabulary.ts";

/** The script for fish 3 and later. */
export function fishScript({ subcommands, globals }: Vocabulary): string {
  const withValue = [
    ...new Set(
      [...subcommands.flatMap(({ options }) => options), ...globals].filter(({ value }) => value !== undefined)
        .flatMap(wordsOf),
    ),
  ];
  const none = "__ktriage_is ''";
  return `# Completion of ktriage in fish. For this shell: ktriage completion fish | source
# Made by ktriage from its table of subcommands: changes are lost.

# The subcommand and the operands before the cursor, a line each.
function __ktriage_operands
    set -l words (commandline -opc)
    set -l value no
    for word in $words[2..-1]
        if test $value = yes
            set value no
        else if contains -- $word ${withValue.join(" ")}
            set value yes
        else if not string match -q -- '-?*' $word
            echo $word
        end
    end
end

# Whether this is the subcommand, and so many operands stand behind it where a number is given.
function __ktriage_is
    set -l found (__ktriage_operands)
    test "$found[1]" = "$argv[1]"; or return 1
    test -z "$argv[2]"; or test (count $found) -eq (math $argv[2] + 1)
end

# Asks the ktriage that is being typed.
function __ktriage_ask
    set -l words (commandline -opc)
    $words[1] $argv 2>/dev/null
end

complete -c ktriage -f
${globals.map((option) => optionLine(option, undefined)).join("\n")}
${
    subcommands.map(({ name, summary }) => `complete -c ktriage -n ${text(none)} -a ${name} -d ${text(summary)}`).join(
      "\n",
    )
  }
complete -c ktriage -n ${text(none)} -a help -d 'show the help of a subcommand'
complete -c ktriage -n '__ktriage_is help 0' -a '${subcommands.map(({ name }) => name).join(" ")}'
${subcommands.map((spec) => subcommandLines(spec).join("\n")).filter((lines) => lines !== "").join("\n")}
`;
}

function subcommandLines(spec: SubcommandSpec): readonly string[] {
  const { places, rest } = operandsOf(spec);
  return [
    ...spec.options.map((option) => optionLine(option, spec.name)),
    ...places.flatMap((takes, place) =>
      rest === undefined ? [operandLine(takes, `__ktriage_is ${spec.name} ${place}`)] : []
    ),
    ...(rest === undefined ? [] : [operandLine(rest, `__ktriage_is ${spec.name}`)]),
  ];
}

function optionLine({ name, short, value, takes, summary }: OptionSpec, subcommand: string | undefined): string {
  const where = subcommand === undefined ? "" : ` -n '__ktriage_is ${subcommand}'`;
  const letter = short === undefined ? "" : ` -s ${short}`;
  const argument = value === undefined ? "" : takes === undefined ? " -x" : ` ${argumentOf(takes)}`;
  return `complete -c ktriage${where}${letter} -l ${name}${argument} -d ${text(summary)}`;
}

function operandLine(takes: Takes, condition: string): string {
  return `complete -c ktriage -n ${text(condition)} ${takes.kind === "file" ? "-F" : `-a ${candidates(takes)}`}`;
}

/** `-r -F` lets files be completed in spite of the `-f` for the whole program; `-x` is "a value, and no file". */
function argumentOf(takes: Takes): string {
  return takes.kind === "file" ? "-r -F" : `-x -a ${candidates(takes)}`;
}

function candidates(takes: Takes): string {
  switch (takes.kind) {
    case "words":
      return takes.list ? `'(__fish_append , ${takes.words.join(" ")})'` : `'${takes.words.join(" ")}'`;
    case "file":
      return `'(__fish_complete_path (commandline -ct))'`;
    case "folder":
      return `'(__fish_complete_directories (commandline -ct))'`;
    case "process":
      return `'(__fish_complete_pids)'`;
    case "target":
      return `'(__ktriage_ask completion targets (commandline -ct))'`;
    case "schema":
      return `'(__ktriage_ask schema)'`;
  }
}

/** In single quotes, where fish knows only \\ and '. */
function text(words: string): string {
  return `'${words.replace(/[\\']/g, "\\$&")}'`;
}

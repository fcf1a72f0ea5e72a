/** `ktriage man`: the manual page, made from the table of subcommands. */
import { UsageError } from "./errors.ts";
import { ENVIRONMENT, INTRODUCTION, usage } from "./help.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import type { OptionSpec } from "./arguments.ts";
import { heading, literal, page, paragraph, subheading, term } from "./roff.ts";
import { type Example, EXIT, type Invocation, type SubcommandSpec } from "./subcommand.ts";
import { SUBCOMMANDS } from "./table.ts";
import { VERSION } from "./version.ts";

const FILES: readonly (readonly [string, string])[] = [
  [
    "/etc/ktriage/policy.json",
    "the rules of this host's operator for commands; another file: --policy, KTRIAGE_POLICY",
  ],
];

const EXIT_CODES: readonly (readonly [string, string])[] = [
  [String(EXIT.done), "done; of diagnose: there is a resolution"],
  [String(EXIT.failed), "failed; of check: eBPF programs cannot run here"],
  [String(EXIT.usage), "wrong usage"],
  ["128 + N", "signal N ended it (Ctrl-C 130, TERM 143); the first one ends tracing and still reports"],
];

/** Prints the page as roff. */
export function manSubcommand({ positionals, writer }: Invocation): Promise<number> {
  if (positionals.length > 0) {
    throw new UsageError(`Cannot print the manual of "${positionals[0]}": there is one page for all subcommands.`);
  }
  writer.out(manPage());
  return Promise.resolve(EXIT.done);
}

/** The page, with the macros of man(7). */
export function manPage(): string {
  const firsts = SUBCOMMANDS.flatMap((spec) => spec.examples.slice(0, 1));
  return page("ktriage", `ktriage ${VERSION}`, [
    heading("Name"),
    "ktriage \\- finds out what is wrong with a Linux host",
    heading("Synopsis"),
    paragraph("ktriage <subcommand> [options] [operands]"),
    heading("Examples"),
    ...firsts.map(example),
    heading("Description"),
    paragraph(INTRODUCTION),
    heading("Subcommands"),
    ...SUBCOMMANDS.flatMap(subcommand),
    heading("Options of every subcommand"),
    ...GLOBAL_OPTIONS.map(option),
    heading("Environment"),
    ...ENVIRONMENT.map(([name, meaning]) => term(name, meaning)),
    heading("Files"),
    ...FILES.map(([name, meaning]) => term(name, meaning)),
    heading("Exit status"),
    ...EXIT_CODES.map(([code, meaning]) => term(code, meaning)),
    heading("See also"),
    paragraph("bpf(2), bpftrace(8), perf(1), strace(1)"),
  ]);
}

function subcommand(spec: SubcommandSpec): readonly string[] {
  return [
    subheading(usage(spec)),
    paragraph(`${spec.summary.slice(0, 1).toUpperCase()}${spec.summary.slice(1)}.`),
    ...spec.examples.map(example),
    ...spec.options.map(option),
    ...spec.notes.map(paragraph),
  ];
}

function example({ command, about }: Example): string {
  return literal(`${command}\n    ${about}`);
}

function option({ name, short, value, summary }: OptionSpec): string {
  const words = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
  return term(words, summary);
}

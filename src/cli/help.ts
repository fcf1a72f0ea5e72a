/** The help texts, made from the table of subcommands. */
import type { Paint } from "../report/paint.ts";
import { columns, indent, wrap } from "../report/layout.ts";
import type { OptionSpec } from "./arguments.ts";
import type { Example, SubcommandSpec } from "./subcommand.ts";

/** However wide the terminal is: help goes into issues, mails and consoles of 80 columns. */
const MAX_WIDTH = 80;

export interface HelpOptions {
  readonly width: number;
  readonly paint: Paint;
}

/** What ktriage is, in a few words. */
export const INTRODUCTION =
  "ktriage finds out what is wrong with this Linux host. An AI, or with no AI the built-in expert, asks for shell " +
  "commands and eBPF programs; ktriage runs them, watches the kernel, and goes on until every claim of the answer " +
  "stands on something it captured.";

/** Variables, and what they are for. */
export const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["NANNYAPI_ENDPOINT", "the gateway, for example http://gateway:3000/openai/v1"],
  ["NANNYAPI_MODEL", "the model or function there, for example tensorzero::function_name::diagnose_and_heal"],
  ["NANNYAPI_API_KEY", "the gateway's key, where it wants one; or NANNYAPI_API_KEY_FILE, a file that holds it"],
  ["HTTPS_PROXY", "a proxy on the way to the gateway; also HTTP_PROXY, NO_PROXY"],
  ["KTRIAGE_POLICY", "the operator's rules for commands, as --policy"],
  ["KTRIAGE_CACHE", "where the one-file ktriage unpacks itself the first time"],
  ["NO_COLOR", "no colours"],
];

/** The help of the whole program: examples first. */
export function generalHelp(
  subcommands: readonly SubcommandSpec[],
  globals: readonly OptionSpec[],
  options: HelpOptions,
): string {
  const { width, paint } = narrowed(options);
  const firsts = subcommands.flatMap((spec) => spec.examples.slice(0, 1));
  const rows = subcommands.map((spec) => [spec.name, spec.summary] as const);
  return sections([
    wrap(INTRODUCTION, width),
    section("Examples", examples(firsts, paint), paint),
    section("Subcommands", columns(rows, width), paint),
    section("Options", columns(globals.map(optionRow), width), paint),
    section("Environment", columns(ENVIRONMENT, width), paint),
    `ktriage help <subcommand> tells more of one.`,
  ]);
}

/** The help of one subcommand: examples first. */
export function subcommandHelp(spec: SubcommandSpec, globals: readonly OptionSpec[], options: HelpOptions): string {
  const { width, paint } = narrowed(options);
  return sections([
    wrap(`ktriage ${spec.name}: ${spec.summary}`, width),
    section("Examples", examples(spec.examples, paint), paint),
    section("Usage", indent(usage(spec)), paint),
    section("Options", columns([...spec.options, ...globals].map(optionRow), width), paint),
    ...spec.notes.map((note) => wrap(note, width)),
  ]);
}

/** One line: how the subcommand is called. */
export function usage(spec: SubcommandSpec): string {
  return ["ktriage", spec.name, "[options]", spec.operands].filter((word) => word !== "").join(" ");
}

function narrowed({ width, paint }: HelpOptions): HelpOptions {
  return { width: Math.min(width, MAX_WIDTH), paint };
}

function examples(list: readonly Example[], paint: Paint): string {
  return list.map(({ command, about }) => `  ${paint("cyan", command)}\n      ${about}`).join("\n");
}

function optionRow(option: OptionSpec): readonly [string, string] {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  const value = option.value === undefined ? "" : ` ${option.value}`;
  return [`${short}--${option.name}${value}`, option.summary];
}

function section(title: string, body: string, paint: Paint): string {
  return `${paint("bold", title)}\n${body}`;
}

function sections(parts: readonly string[]): string {
  return parts.join("\n\n") + "\n";
}

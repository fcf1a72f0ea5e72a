/** `--redact`, `--show-outbound` and `--dry-run`: what leaves this host, and who may see it before. */
import { CATEGORIES, type Category } from "../privacy/categories.ts";
import { type Options, wordOf } from "./arguments.ts";
import type { OutboundOptions } from "./choice.ts";
import { EXIT } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

export const NOTHING_LEAVES = "The built-in expert answers: nothing leaves this host.";

/**
 * What is done to what leaves, as the options say. A dry run prints it on standard output, for that is its result;
 * otherwise it goes to standard error beside the progress.
 *
 * @throws {UsageError} `--redact` names something else
 */
export function outboundFrom(options: Options, writer: Writer): OutboundOptions {
  const dry_run = options.has("dry-run");
  const print = (text: string): void => dry_run ? writer.out(`${text}\n`) : writer.show(text);
  return {
    redact: categoriesFrom(options.texts("redact")),
    dry_run,
    ...(dry_run || options.has("show-outbound")
      ? { on_outbound: ({ method, url, body }): void => print(`${method} ${url}\n${body}`) }
      : {}),
  };
}

/** A dry run with the expert: there is nothing to print. */
export function nothingLeaves(writer: Writer): number {
  writer.note(`${NOTHING_LEAVES} Set NANNYAPI_ENDPOINT and NANNYAPI_MODEL to see what would leave for a gateway.`);
  return EXIT.done;
}

/**
 * What `--redact` names.
 *
 * @throws {UsageError} something else
 */
export function categoriesFrom(lists: readonly string[]): readonly Category[] {
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim()).filter((name) => name !== "");
  return names.flatMap((name) => {
    const word = wordOf(name, [...CATEGORIES, "all"] as const, `Cannot use "${name}" for --redact`);
    return word === "all" ? CATEGORIES : [word];
  });
}

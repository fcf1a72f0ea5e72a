/** What touches the host, as the options of the command line want it. */
import type { Hands } from "../agent/turn.ts";
import { runCommand } from "../commands/mod.ts";
import type { StartOptions } from "../probes/mod.ts";
import { startPrograms } from "../probes/start.ts";
import type { Options } from "./arguments.ts";

/** Beyond this no process could keep up. */
const MAX_RATE_PER_S = 10_000_000;

/**
 * The hands that a diagnosis or a request works with.
 *
 * @throws {UsageError} `--rate` is not a number of events
 */
export function handsFrom(options: Options): Hands {
  const rate_per_s = options.integer("rate", { min: 0, max: MAX_RATE_PER_S });
  const own: StartOptions = { ...(rate_per_s === undefined ? {} : { rate_per_s }), btf_file: options.text("btf") };
  return { startPrograms: (programs, start) => startPrograms(programs, { ...own, ...start }), runCommand };
}

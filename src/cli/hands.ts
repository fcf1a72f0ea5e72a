/** What touches the host, as the options of the command line want it. */
import type { Hands } from "../agent/turn.ts";
import { Approvals, type CommandWatch, runCommand } from "../commands/mod.ts";
import { keepHelperReady } from "../commands/sandbox/helper_process.ts";
import type { StartOptions } from "../probes/mod.ts";
import { startPrograms } from "../probes/start.ts";
import type { Options } from "./arguments.ts";
import { approvalMode, terminalAsk } from "./approve.ts";
import { maxCpuFrom } from "./max_cpu.ts";
import { rulesFrom } from "./rules.ts";
import { processTerminal } from "./terminal.ts";
import type { Writer } from "./writer.ts";

/** Beyond this no process could keep up. */
const MAX_RATE_PER_S = 10_000_000;

/**
 * The hands that a diagnosis or a request works with.
 *
 * @param watch who is told what becomes of a command, when it is run
 *
 * @throws {UsageError} an option that is not understood: `--rate`, `--max-cpu`, `--approve`, a rule of the operator
 * @throws {CliError} the operator's rules cannot be read
 */
export function handsFrom(options: Options, writer: Writer, watch: () => CommandWatch | undefined): Hands {
  const rate_per_s = options.integer("rate", { min: 0, max: MAX_RATE_PER_S });
  const own: StartOptions = {
    ...(rate_per_s === undefined ? {} : { rate_per_s }),
    btf_file: options.text("btf"),
    max_cpu_percent: maxCpuFrom(options, writer),
  };
  const approvals = new Approvals({
    mode: approvalMode(options),
    rules: rulesFrom(options, (name) => Deno.env.get(name)),
    ask: terminalAsk(processTerminal(writer), writer.notePaint),
    nobody: "standard input and standard error are no terminal to ask on",
  });
  return {
    startPrograms: (programs, start) => startPrograms(programs, { ...own, ...start }),
    readyForCommands: keepHelperReady,
    runCommand: (request, limits) => runCommand(request, { ...limits, approvals, watch: watch() }),
  };
}

/** `ktriage self-test`: all that ktriage does to a kernel, done once on this host. */
import { stringify } from "../protocol/mod.ts";
import { selfTestText } from "../report/self_test.ts";
import { selfTest } from "../selftest/mod.ts";
import { UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Prints a table; done when everything works that should work here. */
export async function selfTestSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  if (positionals.length > 0) throw new UsageError(`Cannot test "${positionals[0]}": self-test takes no operands.`);
  using interrupt = new Interrupt();
  writer.note("Testing what ktriage does to this kernel; it takes a few seconds.");
  const test = await selfTest(interrupt.signal);
  writer.out(options.has("json") ? `${stringify(test, 2)}\n` : selfTestText(test, writer.layout));
  return interrupt.exitCode(test.works ? EXIT.done : EXIT.failed);
}

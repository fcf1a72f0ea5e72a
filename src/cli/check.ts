/** `ktriage check`: what this host allows, and what ktriage does instead; with `--gateway`, how the gateway answers. */
import { readSandbox } from "../commands/sandbox/check.ts";
import { isReady } from "../kernel/host/capabilities.ts";
import { readHost } from "../kernel/host/host.ts";
import { readOwnBounds } from "../manners/standing.ts";
import { type Check, stringify } from "../protocol/mod.ts";
import { checkText } from "../report/check.ts";
import { UsageError } from "./errors.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { GATEWAY } from "./options.ts";

/** Prints what the host allows; done when eBPF programs can run. */
export async function checkSubcommand(invocation: Invocation): Promise<number> {
  const { positionals, options, writer } = invocation;
  if (positionals.length > 0) throw new UsageError(`Cannot check "${positionals[0]}": check takes no operands.`);
  if (options.has("gateway") || GATEWAY.some(({ name }) => options.has(name))) {
    return await (await import("./check_gateway.ts")).checkGatewaySubcommand(invocation);
  }
  const tried = await readHost();
  const host = { ...tried, capabilities: [...tried.capabilities, await readSandbox()] };
  const own_bounds = await readOwnBounds();
  const check: Check = { schema: "ktriage.check/1", ready: isReady(host.capabilities), host, own_bounds };
  writer.out(options.has("json") ? `${stringify(check, 2)}\n` : checkText(check, writer.layout));
  return check.ready ? EXIT.done : EXIT.failed;
}

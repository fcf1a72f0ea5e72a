/** `ktriage check --gateway`: one real question to the gateway, and what is wrong when it gives no answer. */
import { checkGateway } from "../models/gateway/check.ts";
import { stringify } from "../protocol/mod.ts";
import { gatewayCheckText } from "../report/check.ts";
import { asUsage, choiceFrom, gatewayOptionsFrom } from "./choice.ts";
import { UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { outboundFrom } from "./outbound.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Prints how the gateway answered; done when it gave a reply of the contract. */
export async function checkGatewaySubcommand({ options, writer }: Invocation): Promise<number> {
  const gateway = await gatewayOptionsFrom({ ...choiceFrom(options), outbound: outboundFrom(options, writer) });
  if (gateway === undefined) {
    throw new UsageError(
      "Cannot check the gateway: NANNYAPI_ENDPOINT and NANNYAPI_MODEL are not set.",
      "Set both, or give --endpoint and --model.",
    );
  }
  writer.note(`Asking ${gateway.model} at ${gateway.endpoint} one short question.`);
  using interrupt = new Interrupt({ on_first: () => writer.note("Ending; the gateway has not answered.") });
  const check = await Promise.race([asUsage(() => checkGateway(gateway)), endOf(interrupt.signal)]);
  if (check === undefined) return interrupt.exitCode(EXIT.failed);
  writer.out(options.has("json") ? `${stringify(check, 2)}\n` : gatewayCheckText(check, writer.layout));
  return check.works ? EXIT.done : EXIT.failed;
}

function endOf(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
}

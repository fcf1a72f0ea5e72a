/** `ktriage licenses`: what is inside of this ktriage, and under which licences. */
import { componentList } from "../ffi/assets.ts";
import type { Licenses } from "../protocol/licenses.ts";
import { licensesText } from "../report/licenses.ts";
import { UsageError } from "./errors.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Prints a summary; with `--full` the texts too, with `--json` all as one document. */
export async function licensesSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  if (positionals.length > 0) {
    throw new UsageError(`Cannot tell the licence of "${positionals[0]}": licenses takes no operands.`);
  }
  const document = await embeddedLicenses();
  writer.out(
    options.has("json")
      ? `${JSON.stringify(document, null, 2)}\n`
      : licensesText(document, { ...writer.layout, full: options.has("full") }),
  );
  return EXIT.done;
}

/** What the build gathered (scripts/components.ts), which has checked that it follows the contract. */
export async function embeddedLicenses(): Promise<Licenses> {
  return JSON.parse(new TextDecoder().decode(await componentList())) as Licenses;
}

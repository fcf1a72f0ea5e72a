/** `ktriage schema`: the JSON Schema of every document that ktriage reads or writes. */
import { nearest } from "../kernel/nearest.ts";
import { stringify } from "../protocol/json.ts";
import { DOCUMENTS, isDocumentName, jsonSchemaOf } from "../protocol/schemas.ts";
import { UsageError } from "./errors.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Prints a schema, or without a name the names. */
export function schemaSubcommand({ positionals, writer }: Invocation): Promise<number> {
  const [name, ...rest] = positionals;
  const names = Object.keys(DOCUMENTS);
  if (rest.length > 0) throw new UsageError(`Cannot print more than one schema: ${positionals.join(", ")}.`);
  if (name === undefined) {
    writer.out(`${names.join("\n")}\n`);
  } else if (isDocumentName(name)) {
    writer.out(`${stringify(jsonSchemaOf(name), 2)}\n`);
  } else {
    const [guess] = nearest(name, names, { limit: 1 });
    const meant = guess === undefined ? `There are ${names.join(", ")}.` : `Did you mean "${guess}"?`;
    throw new UsageError(`Cannot print the schema "${name}": there is no such document. ${meant}`);
  }
  return Promise.resolve(EXIT.done);
}

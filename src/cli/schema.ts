/** `ktriage schema`: the JSON Schema of every document that ktriage reads or writes. */
import { stringify } from "../protocol/json.ts";
import { DOCUMENTS, isDocumentName, jsonSchemaOf } from "../protocol/schemas.ts";
import { UnknownWord } from "./arguments.ts";
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
    throw new UnknownWord(`Cannot print the schema "${name}"`, name, names);
  }
  return Promise.resolve(EXIT.done);
}

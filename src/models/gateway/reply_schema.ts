/** The schema of a reply, as gateways take it. */
import { jsonSchemaOf } from "../../protocol/mod.ts";

/** Without `$schema`, and an object in so many words: some providers want the root to say so. */
export function replySchema(): object {
  const { $schema: _, ...schema } = jsonSchemaOf("reply");
  return { type: "object", ...schema };
}

/** What `ktriage check --gateway` finds out with one real question. */
import * as z from "zod";

export const gatewayCheck = z.object({
  schema: z.literal("ktriage.gateway_check/1"),
  works: z.boolean().describe("it gave a reply of the contract"),
  endpoint: z.string().describe("where questions are posted"),
  model: z.string().describe("the name that was asked for"),
  kind: z.enum(["openai", "tensorzero"]).describe("chat completions, or TensorZero's native /inference"),
  latency_ms: z.number().describe("until the whole answer, or the failure"),
  first_text_ms: z.number().optional().describe("until the first words, where they come in parts"),
  answered_by: z.string().optional().describe("the model or variant that answered, as the gateway names it"),
  streaming: z.boolean().optional().describe("whether answers come in parts; absent when there was none"),
  structured_output: z.enum(["schema", "json", "text"]).optional()
    .describe("what the gateway takes about the form of replies; absent when there was none"),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }).optional(),
  window_tokens: z.int().optional().describe("what fits into the model's context, as far as ktriage was told"),
  notes: z.array(z.string()).describe("what the reader must know, a sentence each"),
  failure: z.object({
    reason: z.string().describe("stable name, for example dns, tls, key, model, timeout, reply"),
    message: z.string(),
    hint: z.string(),
  }).optional().describe("present when it does not work"),
});

export type GatewayCheck = z.infer<typeof gatewayCheck>;

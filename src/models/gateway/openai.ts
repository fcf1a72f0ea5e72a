/** Chat completions as OpenAI made them: TensorZero, vLLM, llama.cpp, Ollama and hosted gateways speak them. */
import * as z from "zod";
import type { Part, Wire, WireRequest } from "./wire.ts";
import { replySchema } from "./reply_schema.ts";

/** Text, or parts of which some are text: models that think give their thoughts beside it. */
const content = z.union([
  z.string(),
  z.array(z.looseObject({ text: z.string().nullish().catch(undefined) })),
]).nullish().catch(undefined);

const call = z.looseObject({
  index: z.int().nullish(),
  function: z.looseObject({ arguments: z.union([z.string(), z.looseObject({})]).nullish() }).nullish(),
});

/** What the model said, or a piece of it. */
const said = z.looseObject({
  content,
  refusal: z.string().nullish().catch(undefined),
  tool_calls: z.array(call).nullish().catch(undefined),
});

const about = {
  /** TensorZero's. */
  episode_id: z.string().nullish().catch(undefined),
  model: z.string().nullish().catch(undefined),
  usage: z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int() }).nullish().catch(undefined),
};
const finish_reason = z.string().nullish().catch(undefined);

const completion = z.looseObject({
  ...about,
  choices: z.tuple([z.looseObject({ message: said, finish_reason })], z.unknown()),
});
const chunk = z.looseObject({
  ...about,
  choices: z.array(z.looseObject({ delta: said.nullish(), finish_reason })),
});

type Said = z.infer<typeof said>;

/** @param url where completions are posted */
export function openaiWire(url: URL, model: string): Wire {
  return {
    kind: "openai",
    url,
    formats: ["schema", "json", "text"],
    deliveries: ["stream_with_usage", "stream", "whole"],
    request: (request) => chatRequest(model, request),
    answer(document): Part | undefined {
      const { data } = completion.safeParse(document);
      return data && partOf(data, data.choices[0].message, data.choices[0].finish_reason);
    },
    chunk(document): Part | undefined {
      const { data } = chunk.safeParse(document);
      return data && partOf(data, data.choices[0]?.delta, data.choices[0]?.finish_reason);
    },
  };
}

function chatRequest(model: string, { messages, format, delivery, episode_id, purpose }: WireRequest): object {
  return {
    model,
    messages,
    ...(episode_id === undefined ? {} : { "tensorzero::episode_id": episode_id }),
    // Others refuse keys that they do not know.
    ...(purpose === "test" && model.startsWith("tensorzero::") ? { "tensorzero::dryrun": true } : {}),
    ...(format === "text" ? {} : { response_format: responseFormat(format) }),
    ...(delivery === "whole" ? {} : { stream: true }),
    ...(delivery === "stream_with_usage" ? { stream_options: { include_usage: true } } : {}),
  };
}

/** Not strict: the strict dialect forbids optional fields, which the contract lives on. */
function responseFormat(format: "schema" | "json"): object {
  if (format === "json") return { type: "json_object" };
  return { type: "json_schema", json_schema: { name: "ktriage_reply", schema: replySchema(), strict: false } };
}

function partOf(
  { episode_id, model, usage }: {
    readonly [Name in keyof typeof about]?: z.infer<(typeof about)[Name]>;
  },
  message: Said | null | undefined,
  finish: string | null | undefined,
): Part {
  const text = textOf(message);
  const calls = (message?.tool_calls ?? []).map(({ index, function: called }, place) => ({
    index: index ?? place,
    text: argumentsText(called?.arguments),
  }));
  return {
    ...(text === undefined ? {} : { text }),
    ...(calls.length === 0 ? {} : { calls }),
    ...(finish ? { finish_reason: finish } : {}),
    ...(usage ? { usage: { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens } } : {}),
    ...(episode_id ? { episode_id } : {}),
    ...(model ? { answered_by: model } : {}),
  };
}

function textOf(message: Said | null | undefined): string | undefined {
  const { content, refusal } = message ?? {};
  if (typeof content === "string" && content !== "") return content;
  if (Array.isArray(content)) return content.map(({ text }) => text ?? "").join("");
  return refusal ?? (content === null ? undefined : content);
}

/** A string of JSON; a few gateways give the object itself. */
function argumentsText(args: string | object | null | undefined): string {
  return typeof args === "string" ? args : args ? JSON.stringify(args) : "";
}

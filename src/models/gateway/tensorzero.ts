/** TensorZero's native `/inference`: unknown keys are errors there, and an episode's id is a UUIDv7. */
import * as z from "zod";
import { replySchema } from "./reply_schema.ts";
import type { Part, Wire, WireRequest } from "./wire.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const about = {
  episode_id: z.string().nullish().catch(undefined),
  variant_name: z.string().nullish().catch(undefined),
  usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }).nullish().catch(undefined),
  finish_reason: z.string().nullish().catch(undefined),
};
/** What a function of type chat says: text, thoughts, and calls of tools, whole or in pieces. */
const blocks = z.array(z.looseObject({
  type: z.string().nullish(),
  text: z.string().nullish().catch(undefined),
  raw_arguments: z.string().nullish().catch(undefined),
}));

/** `parsed` is null when the text does not match the function's schema: it is read like any other reply. */
const inference = z.union([
  z.looseObject({
    ...about,
    output: z.looseObject({ raw: z.string().nullish(), parsed: z.unknown() }),
  }),
  z.looseObject({ ...about, content: blocks }),
]);
const inferenceChunk = z.union([
  z.looseObject({ ...about, raw: z.string().nullish() }),
  z.looseObject({ ...about, content: blocks }),
]);

/** What is called: a function, perhaps in one variant, or a model as it is. */
interface Callee {
  readonly function_name?: string;
  readonly variant_name?: string;
  readonly model_name?: string;
}

/**
 * @param url where inferences are posted
 * @param model as at the OpenAI-compatible route, `tensorzero::function_name::F`, or only F
 */
export function tensorzeroWire(url: URL, model: string): Wire {
  const callee = calleeOf(model);
  return {
    kind: "tensorzero",
    url,
    formats: ["schema", "text"],
    deliveries: ["stream", "whole"], // a stream counts its tokens unasked
    request: (request) => inferenceRequest(callee, request),
    answer(document): Part | undefined {
      const { data } = inference.safeParse(document);
      if (data === undefined) return undefined;
      const said = "output" in data ? outputText(data.output as Output) : blocksPart(data.content);
      return { ...aboutPart(callee, data), ...said };
    },
    chunk(document): Part | undefined {
      const { data } = inferenceChunk.safeParse(document);
      if (data === undefined || !isChunk(document)) return undefined;
      const said = "content" in data ? blocksPart(data.content as Blocks) : { text: data.raw ?? "" };
      return { ...aboutPart(callee, data), ...said };
    },
  };
}

type Blocks = z.infer<typeof blocks>;
interface Output {
  readonly raw?: string | null | undefined;
  readonly parsed?: unknown;
}

/** @throws nothing: a name that the gateway does not know is for the gateway to refuse */
function calleeOf(model: string): Callee {
  const named = /^tensorzero::(function_name|model_name)::(.+?)(?:::variant_name::(.+))?$/.exec(model);
  const [, kind, name = model, variant_name] = named ?? [];
  if (kind === "model_name") return { model_name: name };
  return { function_name: name, ...(variant_name === undefined ? {} : { variant_name }) };
}

function inferenceRequest(callee: Callee, { messages, format, delivery, episode_id, purpose }: WireRequest): object {
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content).join("\n\n");
  return {
    ...callee,
    input: {
      ...(system === "" ? {} : { system }),
      messages: messages.filter(({ role }) => role !== "system"),
    },
    // One that another gateway gave would be refused: then this is a new episode.
    ...(episode_id !== undefined && UUID_V7.test(episode_id) ? { episode_id } : {}),
    ...(format === "schema" ? { output_schema: replySchema() } : {}),
    ...(delivery !== "whole" ? { stream: true } : {}),
    ...(purpose === "test" ? { dryrun: true } : {}),
  };
}

function aboutPart(
  { function_name, model_name }: Callee,
  { episode_id, variant_name, usage, finish_reason }: {
    readonly [Name in keyof typeof about]?: z.infer<(typeof about)[Name]>;
  },
): Part {
  const called = function_name === undefined ? `model_name::${model_name}` : `function_name::${function_name}`;
  return {
    ...(finish_reason ? { finish_reason } : {}),
    ...(usage ? { usage: { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens } } : {}),
    ...(episode_id ? { episode_id } : {}),
    ...(variant_name ? { answered_by: `tensorzero::${called}::variant_name::${variant_name}` } : {}),
  };
}

function outputText({ raw, parsed }: Output): Part {
  if (typeof raw === "string") return { text: raw };
  return parsed === null || parsed === undefined ? {} : { text: JSON.stringify(parsed) };
}

function blocksPart(content: Blocks): Part {
  const text = content.filter(({ type }) => type === "text").map(({ text }) => text ?? "").join("");
  const calls = content.filter(({ type }) => type === "tool_call").map((block, index) => ({
    index,
    text: block.raw_arguments ?? "",
  }));
  return { text, ...(calls.length === 0 ? {} : { calls }) };
}

/** Everything in the schema of a chunk may be missing, so that alone does not tell one from an error. */
function isChunk(document: unknown): boolean {
  return typeof document === "object" && document !== null && ("raw" in document || "content" in document);
}

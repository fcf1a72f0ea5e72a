/** A language model behind an OpenAI-compatible gateway, such as TensorZero. */
import * as z from "zod";
import type { Category } from "../privacy/categories.ts";
import { jsonSchemaOf, type Reply } from "../protocol/mod.ts";
import { detailOf, excerpt, notAnAnswer } from "./gateway_errors.ts";
import { type Answer, type Message, type Model, ModelError } from "./model.ts";
import { DEFAULT_RETRIES, type Posted, postJson, type Retries } from "./post_json.ts";
import { PrivateOutbound } from "./private_outbound.ts";
import { readReply } from "./reply_text.ts";

export const DEFAULT_TIMEOUT_MS = 120_000;

/** How often a model is told what is wrong with its reply before ktriage gives up. */
const MAX_COMPLAINTS = 2;

export interface GatewayOptions {
  /** The gateway's base, for example `http://host:3000/openai/v1`. */
  readonly endpoint: string;
  /** For example `tensorzero::function_name::diagnose_and_heal`. */
  readonly model: string;
  /** Sent as a bearer token; none by default. */
  readonly api_key?: string;
  /** Bound on each request, from connecting to the last byte. Default {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeout_ms?: number;
  /** Default {@link DEFAULT_RETRIES}. */
  readonly retries?: Partial<Retries>;
  /** What is taken out of all that leaves, beside secrets. Nothing by default. */
  readonly redact?: readonly Category[];
  /** Told of each request just before it leaves. */
  readonly on_outbound?: (request: OutboundRequest) => void;
  /** Nothing is sent: the first request is shown to `on_outbound` and the answer is a {@link NotSent}. */
  readonly dry_run?: boolean;
}

/** What leaves, but for the key. */
export interface OutboundRequest {
  readonly method: "POST";
  readonly url: string;
  /** Exactly the bytes, in UTF-8. */
  readonly body: string;
}

/** A dry run ends where the first request would leave. */
export class NotSent extends ModelError {
  constructor(url: URL) {
    super(`Nothing was sent to ${url}: this is a dry run.`, "Leave --dry-run out to send it.");
  }
}

/** The part of an answer that ktriage reads; `episode_id` is TensorZero's. */
const chatCompletion = z.looseObject({
  episode_id: z.string().nullish(),
  choices: z.tuple([z.looseObject({ message: z.looseObject({ content: z.string().nullish() }) })], z.unknown()),
});

interface Completion {
  readonly text: string | null;
  readonly episode_id?: string;
}

/**
 * A model for one diagnosis: it remembers its episode, so a new problem takes a new gateway.
 *
 * @throws {ModelError} an endpoint that is not a URL to post to
 */
export function createGateway(options: GatewayOptions): Model {
  const url = chatUrl(options.endpoint);
  const outbound = new PrivateOutbound(options.redact);
  const complete = completer(url, { ...options, outbound });
  return {
    name: `${url.origin} ${options.model}`,
    async answer(question, { signal }): Promise<Answer> {
      let messages = question.messages;
      for (let complaints = 0;; complaints++) {
        const { text, episode_id } = await complete(messages, signal);
        const read = readReply(text);
        if (read.ok) return answerOf(outbound.restore(read.reply), { text, episode_id });
        if (complaints === MAX_COMPLAINTS) throw unusable(options.model, { text, problem: read.problem });
        messages = [...messages, ...complaint(text, read.problem)];
      }
    },
  };
}

function answerOf(
  reply: Reply,
  { text, episode_id }: { readonly text: string | null; readonly episode_id: string | undefined },
): Answer {
  return { reply, raw: text ?? "", ...(episode_id === undefined ? {} : { episode_id }) };
}

/** What a model is told about a reply that cannot be used. Some providers refuse an assistant message without text. */
function complaint(text: string | null, problem: string): readonly Message[] {
  const said: Message[] = text === null || text.trim() === "" ? [] : [{ role: "assistant", content: text }];
  return [...said, {
    role: "user",
    content: `${problem}\nNothing was run. Reply again, with exactly one JSON object that follows the contract.`,
  }];
}

function unusable(
  model: string,
  { text, problem }: { readonly text: string | null; readonly problem: string },
): ModelError {
  return new ModelError(
    `${model} gave no usable reply, ${MAX_COMPLAINTS + 1} times in a row. ${problem}`,
    `Its last reply${text === null || text.trim() === "" ? " was empty" : ` began: ${excerpt(text)}`}. ` +
      "Check the model and the template behind NANNYAPI_MODEL: its replies must be the contract's JSON (ktriage schema reply).",
  );
}

/** One completion after another, in one episode; without the schema once the gateway has refused it. */
function completer(
  url: URL,
  options: GatewayOptions & { readonly outbound: PrivateOutbound },
): (messages: readonly Message[], signal: AbortSignal) => Promise<Completion> {
  const { api_key, timeout_ms = DEFAULT_TIMEOUT_MS, outbound, on_outbound = ignore, dry_run = false } = options;
  const retries = { ...DEFAULT_RETRIES, ...options.retries };
  let episode_id: string | undefined;
  let format: "schema" | "none" = "schema";

  return async (messages, signal) => {
    const post = async (): Promise<Posted> => {
      const body = outbound.body({
        model: options.model,
        messages: outbound.write(messages),
        ...(episode_id === undefined ? {} : { "tensorzero::episode_id": episode_id }),
        ...(format === "none" ? {} : { response_format: replyFormat() }),
      });
      on_outbound({ method: "POST", url: url.href, body });
      if (dry_run) throw new NotSent(url);
      return await postJson(url, body, { api_key, timeout_ms, retries, signal });
    };
    let posted = await post();
    if (format === "schema" && refusesFormat(posted)) {
      format = "none";
      posted = await post();
    }
    if (posted.status < 200 || posted.status > 299) throw posted.refusal();
    const completion = readCompletion(url, posted.text);
    episode_id = completion.episode_id ?? episode_id;
    return { ...completion, ...(episode_id === undefined ? {} : { episode_id }) };
  };
}

function ignore(): void {}

/** Not strict: the strict dialect forbids optional fields, which the contract lives on. */
function replyFormat(): unknown {
  const { $schema: _, ...schema } = jsonSchemaOf("reply");
  // Some providers want the root to be an object in so many words.
  return {
    type: "json_schema",
    json_schema: { name: "ktriage_reply", schema: { type: "object", ...schema }, strict: false },
  };
}

/** A provider without structured output: a 400, or the 502 that TensorZero makes of a provider's 400. */
function refusesFormat({ status, text }: Posted): boolean {
  return status >= 400 && /response_format|json_schema/.test(detailOf(text));
}

function readCompletion(url: URL, text: string): Completion {
  const { data } = chatCompletion.safeParse(jsonOrUndefined(text));
  if (data === undefined) throw notAnAnswer(url, text);
  const content = data.choices[0].message.content ?? null;
  return { text: content, ...(typeof data.episode_id === "string" ? { episode_id: data.episode_id } : {}) };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function chatUrl(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new ModelError(
      `Cannot use "${endpoint}" as the gateway's endpoint: not an http or https URL.`,
      "Set NANNYAPI_ENDPOINT to its OpenAI-compatible base, for example http://host:3000/openai/v1.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ModelError(
      `Cannot use the gateway's endpoint at ${url.host}: a URL with a user or password in it would show up in reports.`,
      "Take them out of NANNYAPI_ENDPOINT and put the key into NANNYAPI_API_KEY or NANNYAPI_API_KEY_FILE.",
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`;
  return url;
}

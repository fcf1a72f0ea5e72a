/** A language model behind a gateway. */
import type { Category } from "../../privacy/categories.ts";
import type { Identities } from "../../privacy/identities.ts";
import type { PlaceholderCounts } from "../../privacy/redactor.ts";
import {
  type Answer,
  type AnswerOptions,
  type Message,
  type Model,
  ModelError,
  type Question,
  type Usage,
} from "../model.ts";
import { PrivateOutbound } from "../private_outbound.ts";
import { readReply } from "../reply/mod.ts";
import { Completer, type OutboundRequest } from "./completer.ts";
import type { Completion } from "./completion.ts";
import { excerpt } from "./error_text.ts";
import type { Connection } from "./post.ts";
import { DEFAULT_RETRIES, type Retries } from "./retries.ts";
import { chooseWire } from "./choose_wire.ts";
import type { GatewayKind } from "./kinds.ts";

export { NotSent, type OutboundRequest } from "./completer.ts";

/** How often a model is told what is wrong with its reply before ktriage gives up. */
const MAX_COMPLAINTS = 3;
/** More characters for each token that was counted are too many: part of the question was not seen. */
const MAX_CHARACTERS_PER_TOKEN = 12;
/** Below it a count says nothing: some gateways count only what they had not seen before. */
const MIN_COUNTED_TOKENS = 1000;

export interface GatewayOptions extends Connection {
  /** For example `http://host:3000/openai/v1`, or TensorZero's native `http://host:3000/inference`. */
  readonly endpoint: string;
  /** For example `tensorzero::function_name::diagnose_and_heal`. */
  readonly model: string;
  /** By the endpoint's path when left out. */
  readonly kind?: GatewayKind;
  /** What fits into the model's context, question and answer together; unknown by default. */
  readonly window_tokens?: number;
  /** Default {@link DEFAULT_RETRIES}. */
  readonly retries?: Partial<Retries>;
  /** What is taken out of all that leaves, beside secrets. Nothing by default. */
  readonly redact?: readonly Category[];
  /** Placeholders that stand in what is asked already, given out on another host: they stay as they are. */
  readonly placeholders?: PlaceholderCounts;
  /** Names that are taken out as `redact` says. Default: those of this host. */
  readonly identities?: Identities;
  /** Told of each request just before it leaves. */
  readonly on_outbound?: (request: OutboundRequest) => void;
  /** Told of each text that came and could not be used, and of what is wrong with it. */
  readonly on_unusable?: (text: string | null, problem: string) => void;
  /** Nothing is sent: the first request is shown to `on_outbound` and the answer is a {@link NotSent}. */
  readonly dry_run?: boolean;
}

/**
 * A model for one diagnosis: it remembers its episode, so a new problem takes a new gateway.
 *
 * @throws {ModelError} an endpoint that is not a URL to post to
 */
export function createGateway(options: GatewayOptions): Model {
  const { model, window_tokens } = options;
  const outbound = new PrivateOutbound(options.redact, options.placeholders, options.identities);
  const completer = completerFor(options, { outbound, purpose: "diagnosis" });
  return {
    name: `${chooseWire(options).url.origin} ${model}`,
    ...(window_tokens === undefined ? {} : { window_tokens }),
    answer: (question, answering) =>
      converse({ completer, outbound, model, on_unusable: options.on_unusable }, question, answering),
  };
}

/** What asks the gateway, by its options. */
export function completerFor(
  options: GatewayOptions,
  { outbound, purpose }: { readonly outbound: PrivateOutbound; readonly purpose: "diagnosis" | "test" },
): Completer {
  const { on_outbound = (): void => {}, dry_run = false, api_key, authorities, timeout_ms, silence_ms } = options;
  return new Completer({
    wire: chooseWire(options),
    connection: { api_key, authorities, timeout_ms, silence_ms },
    retries: { ...DEFAULT_RETRIES, ...options.retries },
    outbound,
    on_outbound,
    dry_run,
    purpose,
  });
}

interface Conversing {
  readonly completer: Completer;
  readonly outbound: PrivateOutbound;
  readonly model: string;
  readonly on_unusable: GatewayOptions["on_unusable"];
}

/** Asks until the reply can be used, at most {@link MAX_COMPLAINTS} times more. */
async function converse(
  { completer, outbound, model, on_unusable }: Conversing,
  { messages: asked, episode_id }: Question,
  { signal, on_text }: AnswerOptions,
): Promise<Answer> {
  let messages = asked;
  let usage: Usage | undefined;
  for (let complaints = 0;; complaints++) {
    const completion = await completer.complete(messages, { signal, on_text, episode_id });
    usage = sum(usage, completion.usage);
    const { text } = completion;
    const read = readReply(text);
    if (read.ok) {
      const notes = [...notesOn(completion, completer.sent_characters), ...read.notes];
      return {
        reply: outbound.restore(read.reply),
        raw: text ?? "",
        ...(completion.episode_id === undefined ? {} : { episode_id: completion.episode_id }),
        ...(notes.length === 0 ? {} : { notes }),
        ...(usage === undefined ? {} : { usage }),
        ...(completion.answered_by === undefined ? {} : { answered_by: completion.answered_by }),
      };
    }
    const problem = problemOf(read.problem, completion);
    on_unusable?.(text, problem);
    if (complaints === MAX_COMPLAINTS) throw unusable(model, { text, problem });
    messages = [...messages, ...complaint(text, problem)];
  }
}

/** What is wrong with a reply, and why that may be so. */
export function problemOf(problem: string, { finish_reason }: Completion): string {
  if (finish_reason === "length") {
    return `${problem}\nIt was cut off at the limit of its length: be brief, ask for fewer things at once.`;
  }
  if (finish_reason === "content_filter") return `${problem}\nA content filter of the gateway stopped it.`;
  return problem;
}

/** What people should know about how an answer came about. */
function notesOn({ finish_reason, usage }: Completion, sent_characters: number): readonly string[] {
  const notes: string[] = [];
  if (finish_reason === "length") notes.push("The reply was cut off at the limit of its length.");
  const counted = usage?.input_tokens ?? 0;
  if (counted >= MIN_COUNTED_TOKENS && sent_characters > counted * MAX_CHARACTERS_PER_TOKEN) {
    notes.push(
      `The model has counted only ${counted} tokens in a question of ${sent_characters} characters: its server may ` +
        "have cut it. Give the model a larger context (Ollama: num_ctx), or say what fits with --window.",
    );
  }
  return notes;
}

function sum(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { input_tokens: a.input_tokens + b.input_tokens, output_tokens: a.output_tokens + b.output_tokens };
}

/** How much of an unusable reply is shown to the model again, in characters. */
const MAX_ECHO = 8000;

/** What a model is told about a reply that cannot be used. Some providers refuse an assistant message without text. */
function complaint(text: string | null, problem: string): readonly Message[] {
  const echo = text === null || text.length <= MAX_ECHO ? text : `${text.slice(0, MAX_ECHO)}…`;
  const said: Message[] = echo === null || echo.trim() === "" ? [] : [{ role: "assistant", content: echo }];
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
    { reason: "reply" },
  );
}

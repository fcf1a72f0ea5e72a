/** One real question to a gateway that tells nothing of this host: does it answer, how, and if not, why. */
import type { GatewayCheck } from "../../protocol/mod.ts";
import { type Message, ModelError } from "../model.ts";
import { PrivateOutbound } from "../private_outbound.ts";
import { readReply } from "../reply/mod.ts";
import type { Completer } from "./completer.ts";
import type { Completion } from "./completion.ts";
import { excerpt } from "./error_text.ts";
import { completerFor, type GatewayOptions, problemOf } from "./mod.ts";
import { proxyVariable } from "./network_errors.ts";
import { chooseWire } from "./choose_wire.ts";

/** Longer than this for so short a question is worth a word. */
const SLOW_MS = 30_000;
const CONNECT_MS = 5_000;

const EXPECTED = {
  response_type: "resolution",
  root_cause: "This is a test.",
  resolution_plan: "None.",
  confidence: "Low",
  ebpf_evidence: "",
};

const QUESTION: readonly Message[] = [
  { role: "system", content: "You answer with exactly one JSON object and no other text." },
  {
    role: "user",
    content: `This is a test of the connection; there is no problem to solve. Answer with exactly this JSON object:\n${
      JSON.stringify(EXPECTED)
    }`,
  },
];

/**
 * Asks a gateway one short question.
 *
 * @throws {ModelError} the endpoint is no URL to post to
 */
export async function checkGateway(options: GatewayOptions): Promise<GatewayCheck> {
  const { kind, url } = chooseWire(options);
  const outbound = new PrivateOutbound(options.redact);
  const once = { ...options, retries: { tries: 1 } };
  const completer = completerFor(once, { outbound, purpose: "test" });
  const start = performance.now();
  let first_text_ms: number | undefined;
  const on_text = (): void => {
    first_text_ms ??= Math.round(performance.now() - start);
  };
  const outcome = await ask(completer, on_text);
  const latency_ms = Math.round(performance.now() - start);
  const check = {
    schema: "ktriage.gateway_check/1",
    endpoint: url.href,
    model: options.model,
    kind,
    latency_ms,
    ...(options.window_tokens === undefined ? {} : { window_tokens: options.window_tokens }),
  } as const;
  if (outcome instanceof ModelError) {
    const failure = await explained(outcome, url);
    return { ...check, works: false, notes: wayNotes(url, options), failure };
  }
  const read = readReply(outcome.text);
  return {
    ...check,
    works: read.ok,
    ...(first_text_ms === undefined ? {} : { first_text_ms }),
    ...(outcome.answered_by === undefined ? {} : { answered_by: outcome.answered_by }),
    ...(outcome.usage === undefined ? {} : { usage: outcome.usage }),
    streaming: completer.delivered === "stream",
    structured_output: completer.format,
    notes: [...wayNotes(url, options), ...answerNotes(latency_ms, options)],
    ...(read.ok ? {} : { failure: wrongReply(outcome, read.problem) }),
  };
}

async function ask(completer: Completer, on_text: () => void): Promise<Completion | ModelError> {
  try {
    return await completer.complete(QUESTION, { signal: new AbortController().signal, on_text });
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}

type Failure = NonNullable<GatewayCheck["failure"]>;

/** A time limit says little: whether anything takes connections there says more. */
async function explained({ reason, message, hint }: ModelError, url: URL): Promise<Failure> {
  if (reason !== "timeout" || proxyVariable(url) !== undefined) return { reason, message, hint };
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  try {
    (await Deno.connect({ hostname, port, signal: AbortSignal.timeout(CONNECT_MS) })).close();
    return { reason, message: `${message} Connections are taken there.`, hint };
  } catch {
    return {
      reason: "connection",
      message: `${message} No connection comes about, either.`,
      hint: `Check the address in NANNYAPI_ENDPOINT, routes, and firewalls: ${url.hostname}, port ${port}.`,
    };
  }
}

function wrongReply(completion: Completion, problem: string): Failure {
  const { text } = completion;
  const began = text === null || text.trim() === "" ? "It was empty." : `It began: ${excerpt(text)}`;
  return {
    reason: "reply",
    message: `It answers, but not as the contract says. ${problemOf(problem, completion)}`,
    hint: `${began} Check the model, and the template behind NANNYAPI_MODEL: replies must be the contract's JSON ` +
      "(ktriage schema reply). A diagnosis would tell the model what is wrong, and may still work.",
  };
}

/** What is to be known of the way there. */
function wayNotes(url: URL, { api_key }: GatewayOptions): string[] {
  const proxy = proxyVariable(url);
  const local = /^(localhost|127\.|\[::1\])/.test(url.hostname);
  return [
    ...(proxy === undefined
      ? []
      : [`Requests go through the proxy in ${proxy}, unless NO_PROXY names ${url.hostname}.`]),
    ...(api_key !== undefined && url.protocol === "http:" && !local
      ? ["The key travels without encryption: the endpoint begins with http://."]
      : []),
  ];
}

function answerNotes(latency_ms: number, { window_tokens }: GatewayOptions): string[] {
  return [
    ...(latency_ms > SLOW_MS
      ? [
        `It is slow: ${
          Math.round(latency_ms / 1000)
        } s for a few words. A diagnosis asks for much more; --timeout gives an answer more time.`,
      ]
      : []),
    ...(window_tokens === undefined
      ? ["What fits into the model's context is not known: say so with --window or NANNYAPI_WINDOW if it is small."]
      : []),
  ];
}

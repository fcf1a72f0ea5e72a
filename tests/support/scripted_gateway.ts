/**
 * A real HTTP server that plays a gateway from a script, and keeps what it was asked. It speaks chat completions and
 * TensorZero's `/inference`, whole or streamed as the request wants it.
 */
import { fileURLToPath } from "node:url";
import { stringify } from "../../src/protocol/mod.ts";

/** What the gateway does with one request. */
export interface Step {
  /** The assistant's content: an object is written as JSON, a string goes out as it is, null is no content. */
  readonly content?: unknown;
  /** The content instead, as it follows from what was asked. */
  readonly answers?: (asked: Recorded) => unknown;
  /** Why the model stopped. Default `stop`. */
  readonly finish_reason?: string;
  readonly usage?: { readonly input_tokens: number; readonly output_tokens: number };
  /** One JSON body also where a stream is asked for, as of gateways that cannot stream. */
  readonly whole?: boolean;
  /** Exactly these pieces as the body of a stream, each sent on its own. */
  readonly pieces?: readonly Piece[];
  /** The whole body instead, for example an HTML page or an error. */
  readonly body?: string;
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Wait before answering. */
  readonly delay_ms?: number;
  /** The connection breaks in the middle of the answer. */
  readonly drop?: boolean;
}

/** Bytes, text, a pause, or the end of the connection without an end of the body. */
export type Piece = string | Uint8Array | { readonly wait_ms: number } | "break";

export interface Recorded {
  readonly path: string;
  readonly authorization: string | null;
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly body: any;
  /** The body as it came. */
  readonly text: string;
}

export const EPISODE_ID = "01934567-89ab-7cde-8f01-23456789abcd";
export const ANSWERED_BY = "tensorzero::function_name::f::variant_name::v";
const INFERENCE_ID = "01934567-89ab-7cde-8f01-000000000001";

export interface ScriptedGateway extends AsyncDisposable {
  /** For NANNYAPI_ENDPOINT. */
  readonly endpoint: string;
  /** The same server's native route. */
  readonly native_endpoint: string;
  readonly requests: readonly Recorded[];
  /** Steps that nobody has asked for yet. */
  readonly remaining: readonly Step[];
}

export interface ScriptedGatewayOptions {
  /** Speaks TLS with these, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Plays the steps, one a request; a request beyond the last one is answered with status 410. */
export function scriptedGateway(script: readonly Step[], { tls }: ScriptedGatewayOptions = {}): ScriptedGateway {
  const remaining = [...script];
  const requests: Recorded[] = [];
  const closing = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", onListen(): void {}, ...tls };
  const server = Deno.serve(options, async (request) => {
    const { pathname } = new URL(request.url);
    const text = await request.text();
    const body = JSON.parse(text);
    const asked: Recorded = { path: pathname, authorization: request.headers.get("authorization"), body, text };
    requests.push(asked);
    const step = remaining.shift() ?? { status: 410, body: '{"error":{"message":"the script has no step left"}}' };
    await wait(step.delay_ms ?? 0, closing.signal);
    const dialect = pathname.endsWith("/inference") ? NATIVE : CHAT;
    const played = step.answers === undefined ? step : { ...step, content: step.answers(asked) };
    return answer(played, { dialect, streams: body.stream === true, signal: closing.signal });
  });
  const origin = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.addr.port}`;
  return {
    endpoint: `${origin}/openai/v1`,
    native_endpoint: `${origin}/inference`,
    requests,
    remaining,
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort();
      await server.shutdown();
    },
  };
}

interface Manner {
  readonly dialect: Dialect;
  readonly streams: boolean;
  readonly signal: AbortSignal;
}

function answer(step: Step, { dialect, streams, signal }: Manner): Response {
  const { status = 200, headers = {} } = step;
  if (step.drop === true) return new Response(brokenBody(), { status, headers: { "content-length": "1000" } });
  if (step.pieces === undefined && (step.body !== undefined || !streams || step.whole === true)) {
    const body = step.body ?? stringify(dialect.whole(said(step)));
    return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
  }
  const pieces = step.pieces ?? events(dialect.chunks(said(step)));
  // A body far short of its content-length: the server breaks the connection.
  const length = pieces.includes("break") ? { "content-length": "1000000" } : {};
  const body = streamOf(pieces, signal);
  return new Response(body, { status, headers: { "content-type": "text/event-stream", ...length, ...headers } });
}

interface Said {
  readonly text: string | null;
  readonly finish_reason: string;
  readonly usage: NonNullable<Step["usage"]>;
}

function said({ content, finish_reason = "stop", usage = { input_tokens: 1, output_tokens: 1 } }: Step): Said {
  const text = content === null || typeof content === "string" ? content : stringify(content ?? null);
  return { text, finish_reason, usage };
}

/** How answers are written. */
interface Dialect {
  whole(said: Said): object;
  chunks(said: Said): readonly object[];
}

const CHAT: Dialect = {
  whole: ({ text, finish_reason, usage }) => ({
    ...CHAT_ABOUT,
    object: "chat.completion",
    choices: [{ index: 0, finish_reason, message: { role: "assistant", content: text } }],
    usage: chatUsage(usage),
  }),
  chunks: ({ text, finish_reason, usage }) => [
    chatChunk({ role: "assistant", content: "" }, null),
    ...piecesOf(text ?? "").map((piece) => chatChunk({ content: piece }, null)),
    chatChunk({}, finish_reason),
    { ...CHAT_ABOUT, object: "chat.completion.chunk", choices: [], usage: chatUsage(usage) },
  ],
};
const CHAT_ABOUT = { id: INFERENCE_ID, model: ANSWERED_BY, episode_id: EPISODE_ID };

/** One event of a streamed chat completion. */
export function chatChunk(delta: object, finish_reason: string | null = null): object {
  return { ...CHAT_ABOUT, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] };
}

function chatUsage({ input_tokens, output_tokens }: Said["usage"]): object {
  return { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens: input_tokens + output_tokens };
}

const NATIVE: Dialect = {
  whole: ({ text, finish_reason, usage }) => ({
    ...NATIVE_ABOUT,
    output: { raw: text, parsed: null },
    usage,
    finish_reason,
  }),
  chunks: ({ text, finish_reason, usage }) => [
    ...piecesOf(text ?? "").map((raw) => ({ ...NATIVE_ABOUT, raw })),
    { ...NATIVE_ABOUT, raw: "", usage, finish_reason },
  ],
};
const NATIVE_ABOUT = { inference_id: INFERENCE_ID, episode_id: EPISODE_ID, variant_name: "v" };

function piecesOf(text: string): readonly string[] {
  return text.match(/[^]{1,40}/gu) ?? [];
}

/** Documents as server-sent events, with the mark of the end. */
export function events(documents: readonly object[]): readonly string[] {
  return [...documents.map((document) => `data: ${stringify(document)}\n\n`), "data: [DONE]\n\n"];
}

function streamOf(pieces: readonly Piece[], signal: AbortSignal): ReadableStream<Uint8Array> {
  const left = [...pieces];
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller): Promise<void> {
      let piece = left.shift();
      while (typeof piece === "object" && "wait_ms" in piece) {
        await wait(piece.wait_ms, signal);
        piece = left.shift();
      }
      if (signal.aborted || piece === undefined || piece === "break") return controller.close();
      controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
    },
  });
}

function brokenBody(): ReadableStream<Uint8Array> {
  let pulls = 0;
  return new ReadableStream({
    pull(controller): void {
      if (pulls++ === 0) controller.enqueue(new TextEncoder().encode('{"choices":'));
      else controller.close(); // far short of its content-length: the server breaks the connection
    },
  });
}

/** Ends early, without an error, when the server closes. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** A gateway in a process of its own, so that it can be killed. */
export interface GatewayProcess extends AsyncDisposable {
  readonly endpoint: string;
  /** Ends it at once, with all its connections. */
  kill(): Promise<void>;
}

/** Plays the steps in a process of its own. */
export async function gatewayProcess(script: readonly Step[]): Promise<GatewayProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", fileURLToPath(import.meta.url)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Response(stringify(script)).body?.pipeTo(child.stdin);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await lines.read();
  let ended: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.status;
    await lines.cancel();
  };
  const killed = (): Promise<void> => ended ??= kill();
  return { endpoint: value.trim(), kill: killed, [Symbol.asyncDispose]: killed };
}

/** As a process: steps as a JSON array on stdin, the endpoint on stdout; serves until it is ended. */
if (import.meta.main) {
  const steps = JSON.parse(await new Response(Deno.stdin.readable).text()) as Step[];
  await Deno.stdout.write(new TextEncoder().encode(`${scriptedGateway(steps).endpoint}\n`));
}

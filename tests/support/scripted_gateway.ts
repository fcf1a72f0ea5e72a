/** A real HTTP server that plays an OpenAI-compatible gateway from a script, and keeps what it was asked. */
import { stringify } from "../../src/protocol/mod.ts";

/** What the gateway does with one request. */
export interface Step {
  /** The assistant's content: an object is written as JSON, a string goes out as it is, null is no content. */
  readonly content?: unknown;
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

export interface Recorded {
  readonly path: string;
  readonly authorization: string | null;
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly body: any;
}

export const EPISODE_ID = "01934567-89ab-7cde-8f01-23456789abcd";

export interface ScriptedGateway extends AsyncDisposable {
  /** For NANNYAPI_ENDPOINT. */
  readonly endpoint: string;
  readonly requests: readonly Recorded[];
  /** Steps that nobody has asked for yet. */
  readonly remaining: readonly Step[];
}

/** Plays the steps, one a request; a request beyond the last one is answered with status 410. */
export function scriptedGateway(script: readonly Step[]): ScriptedGateway {
  const remaining = [...script];
  const requests: Recorded[] = [];
  const closing = new AbortController();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen(): void {} }, async (request) => {
    const { pathname } = new URL(request.url);
    requests.push({
      path: pathname,
      authorization: request.headers.get("authorization"),
      body: await request.json(),
    });
    const step = remaining.shift() ?? { status: 410, body: '{"error":{"message":"the script has no step left"}}' };
    await wait(step.delay_ms ?? 0, closing.signal);
    return answer(step);
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}/openai/v1`,
    requests,
    remaining,
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort();
      await server.shutdown();
    },
  };
}

function answer(step: Step): Response {
  const { status = 200, headers = {} } = step;
  if (step.drop === true) return new Response(brokenBody(), { status, headers: { "content-length": "1000" } });
  const body = step.body ?? completion(step.content);
  return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
}

function completion(content: unknown): string {
  const text = content === null || typeof content === "string" ? content : stringify(content);
  return stringify({
    id: "01934567-89ab-7cde-8f01-000000000001",
    object: "chat.completion",
    model: "tensorzero::function_name::f::variant_name::v",
    episode_id: EPISODE_ID,
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: text } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
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
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** As a process: steps as a JSON array on stdin, the endpoint on stdout; serves until it is ended. */
if (import.meta.main) {
  const steps = JSON.parse(await new Response(Deno.stdin.readable).text()) as Step[];
  await Deno.stdout.write(new TextEncoder().encode(`${scriptedGateway(steps).endpoint}\n`));
}

/** A real HTTP server that plays a model with a small context: it counts what it is asked, and refuses what does not fit. */

export interface SmallModelOptions {
  readonly window_tokens: number;
  /** How its tokenizer counts. */
  readonly bytes_per_token: number;
  /** What it says when a question does not fit. Default: as OpenAI says it, with the limit. */
  readonly refusal?: string;
  /** The content of each answer, by the number of answers before it. */
  readonly answer: (number: number) => unknown;
}

export interface SmallModel extends AsyncDisposable {
  readonly endpoint: string;
  /** Messages of each question that was answered. */
  readonly answered: readonly (readonly { readonly role: string; readonly content: string }[])[];
  readonly refused: number;
}

export function smallModel(options: SmallModelOptions): SmallModel {
  const { window_tokens, bytes_per_token } = options;
  const refusal = options.refusal ?? `This model's maximum context length is ${window_tokens} tokens.`;
  const answered: { role: string; content: string }[][] = [];
  let refused = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen(): void {} }, async (request) => {
    const { messages } = await request.json() as { messages: { role: string; content: string }[] };
    const bytes = messages.reduce((sum, { content }) => sum + new TextEncoder().encode(content).length, 0);
    const input_tokens = Math.ceil(bytes / bytes_per_token);
    const content = JSON.stringify(options.answer(answered.length));
    const output_tokens = Math.ceil(content.length / bytes_per_token);
    if (input_tokens + output_tokens > window_tokens) {
      refused++;
      return Response.json({ error: { message: refusal, code: "context_length_exceeded" } }, { status: 400 });
    }
    answered.push(messages);
    return Response.json({
      object: "chat.completion",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
      usage: {
        prompt_tokens: input_tokens,
        completion_tokens: output_tokens,
        total_tokens: input_tokens + output_tokens,
      },
    });
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}/openai/v1`,
    answered,
    get refused(): number {
      return refused;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

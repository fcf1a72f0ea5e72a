import assert from "node:assert/strict";
import { contextLimit } from "../../../src/models/gateway/context_size.ts";
import { ContextTooSmall } from "../../../src/models/model.ts";
import { failureAfter } from "./support.ts";

/** What servers say, and the limit in it. */
const SAID: readonly (readonly [string, string, number | undefined])[] = [
  [
    "OpenAI",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 10234 tokens. Please reduce the length of the messages.",
    8192,
  ],
  [
    "OpenAI, newer",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.",
    272000,
  ],
  [
    "OpenAI, responses",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    undefined,
  ],
  ["Azure", '{"error":{"message":"Too much.","code":"context_length_exceeded"}}', undefined],
  [
    "vLLM",
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
    4096,
  ],
  [
    "vLLM, decoder",
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller",
    4096,
  ],
  [
    "vLLM, newer",
    "You passed 5000 input tokens and requested 0 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 4096 tokens.",
    4096,
  ],
  [
    "llama.cpp",
    '{"error":{"code":400,"message":"request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9412,"n_ctx":8192}}',
    8192,
  ],
  [
    "llama.cpp, with the number beside",
    '{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_ctx":4096}}',
    4096,
  ],
  [
    "llama.cpp, older",
    "the request exceeds the available context size. try increasing the context size or enable context shift",
    undefined,
  ],
  ["llama.cpp, batch", "input is too large to process. increase the physical batch size", undefined],
  ["Ollama", "the input length exceeds the context length", undefined],
  [
    "LM Studio",
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
    4096,
  ],
  ["Anthropic", "prompt is too long: 210000 tokens > 200000 maximum", 200000],
  [
    "Anthropic, with output",
    "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
    200000,
  ],
  ["Gemini", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1048576],
  [
    "Mistral",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    32768,
  ],
  [
    "TGI",
    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 1000 `max_new_tokens`",
    4096,
  ],
  ["TGI, inputs", "`inputs` must have less than 4095 tokens. Given: 5000", 4095],
  ["Bedrock", "Input is too long for requested model.", undefined],
  ["SGLang", "The input (5000 tokens) is longer than the model's context length (4096 tokens).", 4096],
  ["xAI", "This model's maximum prompt length is 131072 but the request contains 150000 tokens.", 131072],
  ["Cohere", "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000", 4081],
  [
    "OpenRouter",
    "This endpoint's maximum context length is 32,768 tokens. However, you requested about 40,000 tokens",
    32768,
  ],
  ["Moonshot", "Invalid request: Your request exceeded model token limit: 8192", 8192],
];

/** The same under TensorZero, which lists its providers' reasons. */
function wrapped(said: string): string {
  return JSON.stringify({
    error: {
      message:
        `All variants failed with errors: v: All model providers failed to infer with errors: p: Error from openai client: ${said}`,
    },
  });
}

for (const [server, said, limit_tokens] of SAID) {
  Deno.test(`contextLimit() understands ${server}`, () => {
    const wanted = limit_tokens === undefined ? {} : { limit_tokens };
    const plain = said.startsWith("{") ? said : JSON.stringify({ error: { message: said } });
    assert.deepEqual(contextLimit({ status: 400, text: plain }), wanted);
    assert.deepEqual(contextLimit({ status: 400, text: JSON.stringify({ error: said }) }), wanted, "as a plain error");
    assert.deepEqual(contextLimit({ status: 502, text: wrapped(said) }), wanted, "behind TensorZero");
  });
}

Deno.test("contextLimit() says nothing of other errors", () => {
  for (
    const said of [
      "Too many tokens, please wait before trying again.",
      "Rate limit reached for tokens per min. Limit: 10000 / min.",
      "max_tokens must be at least 1",
      "Unknown function: diagnose_and_heal",
      "Invalid input for function: messages: missing field `content`",
      "All variants failed: upstream timed out",
      "response_format: schema is too complex",
      "Invalid API key",
    ]
  ) {
    assert.equal(contextLimit({ status: 400, text: JSON.stringify({ error: { message: said } }) }), undefined, said);
  }
});

Deno.test("contextLimit() takes a body that is too large for one that does not fit", () => {
  assert.deepEqual(contextLimit({ status: 413, text: "<html><title>413 Request Entity Too Large</title>" }), {});
});

Deno.test("createGateway() throws ContextTooSmall with the limit, at once, also out of TensorZero's 502 and a stream", async () => {
  const [, said] = SAID[0]!;
  const steps = [
    { status: 400, body: JSON.stringify({ error: { message: said } }) },
    { status: 502, body: wrapped(said) },
    { pieces: [`data: ${JSON.stringify({ error: { message: said } })}\n\n`] },
  ];
  for (const step of steps) {
    const { error, asked, message, hint } = await failureAfter([step]);
    assert.ok(error instanceof ContextTooSmall, String(error));
    assert.deepEqual([error.limit_tokens, error.reason, asked], [8192, "context", 1]);
    assert.match(message, /context of the model at http:\S+ is too small: 8192 tokens fit\. It says: /);
    assert.match(hint, /--window 8192/);
  }
});

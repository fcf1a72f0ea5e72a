/** Asking a scripted gateway, for tests. */
import assert from "node:assert/strict";
import { createGateway, type GatewayOptions } from "../../../src/models/gateway/mod.ts";
import { type Answer, type AnswerOptions, type Model, ModelError, type Question } from "../../../src/models/model.ts";
import { SAMPLE_HOST } from "../../support/sample_run.ts";
import { scriptedGateway, type Step } from "../../support/scripted_gateway.ts";

export const MODEL = "tensorzero::function_name::f";
export const RESOLUTION = {
  response_type: "resolution",
  root_cause: "the host is healthy",
  resolution_plan: "nothing",
  confidence: "Low",
};
export const QUESTION: Question = {
  issue: "slow",
  host: SAMPLE_HOST,
  turns: [],
  messages: [{ role: "system", content: "s" }, { role: "user", content: "u" }],
  rounds_left: 8,
};

export function gatewayAt(endpoint: string, options: Partial<GatewayOptions> = {}): Model {
  return createGateway({ endpoint, model: MODEL, retries: { base_delay_ms: 1 }, ...options });
}

export function ask(model: Model, options: Partial<AnswerOptions> = {}): Promise<Answer> {
  return model.answer(QUESTION, { signal: new AbortController().signal, ...options });
}

/** The ModelError that asking ends with. */
export async function failureOf(asking: Promise<unknown>): Promise<ModelError> {
  const error = await asking.then(() => undefined, (error) => error);
  assert.ok(error instanceof ModelError, `expected a ModelError, got ${error}`);
  return error;
}

/** The ModelError that the script leads to, and how often the gateway was asked. */
export async function failureAfter(
  script: readonly Step[],
  options: Partial<GatewayOptions> = {},
): Promise<{ message: string; hint: string; reason: string; error: ModelError; asked: number }> {
  await using server = scriptedGateway(script);
  const error = await failureOf(ask(gatewayAt(server.endpoint, options)));
  const { message, hint, reason } = error;
  return { message, hint, reason, error, asked: server.requests.length };
}

/** A port that nothing listens on. */
export function closedPort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** Who answers: the gateway that the flags or the environment name, or the built-in expert. */
import { type Model, ModelError } from "../models/model.ts";
import type { GatewayOptions } from "../models/gateway.ts";
import { UsageError } from "./errors.ts";

/** What becomes of what leaves for a gateway. */
export type OutboundOptions = Pick<GatewayOptions, "redact" | "on_outbound" | "dry_run">;

export interface ChoiceInput {
  /** `--endpoint` */
  readonly endpoint: string | undefined;
  /** `--model` */
  readonly model: string | undefined;
  /** Reads a variable of the environment; an empty one counts as not set. */
  readonly variable: (name: string) => string | undefined;
  readonly outbound?: OutboundOptions;
}

/**
 * The model that answers; a flag wins over its variable. The expert is not loaded for a gateway, nor the other way
 * round.
 *
 * @throws {UsageError} only one of endpoint and model is known, the endpoint is no web address, or the gateway's key
 * cannot be read
 */
export async function chooseModel(input: ChoiceInput): Promise<Model> {
  const endpoint = given(input.endpoint) ?? given(input.variable("NANNYAPI_ENDPOINT"));
  const model = given(input.model) ?? given(input.variable("NANNYAPI_MODEL"));
  if (endpoint === undefined && model === undefined) return (await import("../models/expert/mod.ts")).createExpert();
  if (endpoint === undefined) throw incomplete("NANNYAPI_ENDPOINT", "--endpoint");
  if (model === undefined) throw incomplete("NANNYAPI_MODEL", "--model");
  return await chooseGateway({ ...input.outbound, endpoint, model }, input.variable);
}

async function chooseGateway(
  options: GatewayOptions,
  variable: ChoiceInput["variable"],
): Promise<Model> {
  const [{ createGateway }, { readApiKey }] = await Promise.all([
    import("../models/gateway.ts"),
    import("../models/api_key.ts"),
  ]);
  try {
    const api_key = readApiKey(variable);
    return createGateway({ ...options, ...(api_key === undefined ? {} : { api_key }) });
  } catch (error) {
    if (error instanceof ModelError) throw new UsageError(error.message, error.hint, { cause: error });
    throw error;
  }
}

function given(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? undefined : trimmed;
}

function incomplete(missing: string, flag: string): UsageError {
  const set = missing === "NANNYAPI_MODEL" ? "NANNYAPI_ENDPOINT" : "NANNYAPI_MODEL";
  return new UsageError(
    `Cannot ask a gateway: ${set} is set, but ${missing} is not.`,
    `Set ${missing} (or ${flag}) too, or unset ${set} to let the built-in expert answer.`,
  );
}

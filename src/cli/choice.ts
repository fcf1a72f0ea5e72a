/** Who answers: the gateway that the flags or the environment name, or the built-in expert. */
import { gatewaySettings, type ReadVariable } from "../models/gateway_settings.ts";
import { type Model, ModelError } from "../models/model.ts";
import { UsageError } from "./errors.ts";

export interface ChoiceInput {
  /** `--endpoint` */
  readonly endpoint: string | undefined;
  /** `--model` */
  readonly model: string | undefined;
  readonly variable: ReadVariable;
}

/**
 * The model that answers; a flag wins over its variable. The expert is not loaded for a gateway, nor the other way
 * round.
 *
 * @throws {UsageError} only one of endpoint and model is known, the endpoint is no web address, or the gateway's key
 * cannot be read
 */
export async function chooseModel({ endpoint, model, variable }: ChoiceInput): Promise<Model> {
  const flags: Readonly<Record<string, string | undefined>> = { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: model };
  try {
    const settings = gatewaySettings((name) => flags[name] ?? variable(name));
    if (settings === undefined) return (await import("../models/expert/mod.ts")).createExpert();
    return (await import("../models/gateway.ts")).createGateway(settings);
  } catch (error) {
    if (error instanceof ModelError) throw new UsageError(error.message, error.hint, { cause: error });
    throw error;
  }
}

/** Who answers: the gateway that the environment or the flags name, or the built-in expert. */
import { UsageError } from "./errors.ts";

export type Choice =
  | { readonly kind: "expert" }
  | { readonly kind: "gateway"; readonly endpoint: string; readonly model: string };

export interface ChoiceInput {
  /** `--endpoint` */
  readonly endpoint: string | undefined;
  /** `--model` */
  readonly model: string | undefined;
  /** Reads an environment variable; an empty one counts as not set. */
  readonly env: (name: string) => string | undefined;
}

/**
 * Decides who answers; a flag wins over its variable.
 *
 * @throws {UsageError} only one of endpoint and model is known, or the endpoint is no web address
 */
export function chooseModel(input: ChoiceInput): Choice {
  const endpoint = given(input.endpoint) ?? given(input.env("NANNYAPI_ENDPOINT"));
  const model = given(input.model) ?? given(input.env("NANNYAPI_MODEL"));
  if (endpoint === undefined && model === undefined) return { kind: "expert" };
  if (endpoint === undefined) {
    throw new UsageError(
      `Cannot ask the model ${model}: no gateway is named.`,
      "Set NANNYAPI_ENDPOINT or --endpoint as well; with neither, the built-in expert answers.",
    );
  }
  if (model === undefined) {
    throw new UsageError(
      `Cannot ask the gateway ${endpoint}: no model is named.`,
      "Set NANNYAPI_MODEL or --model as well; with neither, the built-in expert answers.",
    );
  }
  const url = URL.parse(endpoint);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(
      `Cannot ask the gateway "${endpoint}": that is not a web address.`,
      "It looks like http://gateway:3000/openai/v1",
    );
  }
  return { kind: "gateway", endpoint, model };
}

function given(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? undefined : trimmed;
}

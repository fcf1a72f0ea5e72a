/** Which gateway to ask, from the environment. */
import type { GatewayOptions } from "./gateway.ts";
import { ModelError } from "./model.ts";

/** Reads a variable of the environment. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * `NANNYAPI_ENDPOINT` and `NANNYAPI_MODEL`; the key from `NANNYAPI_API_KEY`, else from the file `NANNYAPI_API_KEY_FILE`.
 * An empty variable counts as not set.
 *
 * @returns undefined when no gateway is set
 * @throws {ModelError} only one of endpoint and model is set, or the key's file cannot be read
 */
export function gatewaySettings(
  variable: ReadVariable = (name) => Deno.env.get(name),
): Pick<GatewayOptions, "endpoint" | "model" | "api_key"> | undefined {
  const endpoint = variable("NANNYAPI_ENDPOINT") ?? "";
  const model = variable("NANNYAPI_MODEL") ?? "";
  if (endpoint === "" && model === "") return undefined;
  if (endpoint === "") throw incomplete({ set: "NANNYAPI_MODEL", missing: "NANNYAPI_ENDPOINT" });
  if (model === "") throw incomplete({ set: "NANNYAPI_ENDPOINT", missing: "NANNYAPI_MODEL" });
  const api_key = readKey(variable);
  return { endpoint, model, ...(api_key === "" ? {} : { api_key }) };
}

function incomplete({ set, missing }: { readonly set: string; readonly missing: string }): ModelError {
  return new ModelError(
    `Cannot ask a gateway: ${set} is set, but ${missing} is not.`,
    `Set ${missing} too, or unset ${set} to let the built-in expert answer.`,
  );
}

function readKey(variable: ReadVariable): string {
  const key = variable("NANNYAPI_API_KEY") ?? "";
  const file = variable("NANNYAPI_API_KEY_FILE") ?? "";
  if (key !== "" || file === "") return key.trim();
  try {
    return Deno.readTextFileSync(file).trim();
  } catch (error) {
    throw new ModelError(
      `Cannot read the gateway's key from ${file}: ${error instanceof Error ? error.message : String(error)}`,
      "Set NANNYAPI_API_KEY_FILE to a file that this user may read.",
      { cause: error },
    );
  }
}

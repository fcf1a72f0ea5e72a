/** Which way an endpoint is spoken to. */
import { ModelError } from "../model.ts";
import { openaiWire } from "./openai.ts";
import { tensorzeroWire } from "./tensorzero.ts";
import type { GatewayKind } from "./kinds.ts";
import type { Wire } from "./wire.ts";

export interface WireOptions {
  readonly endpoint: string;
  readonly model: string;
  /** By the endpoint's path when undefined. */
  readonly kind?: GatewayKind | undefined;
}

/**
 * The way to speak to an endpoint: a path that ends in `/inference` is TensorZero's native one, any other the base of
 * chat completions, unless `kind` says so.
 *
 * @throws {ModelError} the endpoint is no URL to post to
 */
export function chooseWire({ endpoint, model, kind }: WireOptions): Wire {
  const url = endpointUrl(endpoint);
  const path = url.pathname.replace(/\/+$/, "");
  const native = /\/inference$/.test(path);
  if ((kind ?? (native ? "tensorzero" : "openai")) === "tensorzero") {
    url.pathname = native ? path : `${path.replace(/\/openai\/v1$/, "")}/inference`;
    return tensorzeroWire(url, model);
  }
  url.pathname = path.endsWith("/chat/completions") ? path : `${path}/chat/completions`;
  return openaiWire(url, model);
}

function endpointUrl(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new ModelError(
      `Cannot use "${endpoint}" as the gateway's endpoint: not an http or https URL.`,
      "Set NANNYAPI_ENDPOINT to its OpenAI-compatible base, for example http://host:3000/openai/v1, " +
        "or to TensorZero's native http://host:3000/inference.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ModelError(
      `Cannot use the gateway's endpoint at ${url.host}: a URL with a user or password in it would show up in reports.`,
      "Take them out of NANNYAPI_ENDPOINT and put the key into NANNYAPI_API_KEY or NANNYAPI_API_KEY_FILE.",
    );
  }
  return url;
}

/** Why a gateway gave no usable reply: what could not be done, on what, why, and what to do. */
import { ContextTooSmall, ModelError } from "../model.ts";
import type { ContextLimit } from "./context_size.ts";
import { detailOf, excerpt, isHtml, titleOf, WITHOUT_GATEWAY } from "./error_text.ts";

const BASES = "its OpenAI-compatible base, for example http://host:3000/openai/v1, or TensorZero's native " +
  "http://host:3000/inference";

export function timedOut(url: URL, timeout_ms: number): ModelError {
  return new ModelError(
    `The gateway at ${url} gave no answer within ${timeout_ms / 1000} s.`,
    "See whether the gateway and the model behind it are overloaded; give it more time with --timeout, " +
      `try again, or ${WITHOUT_GATEWAY}.`,
    { reason: "timeout" },
  );
}

/** Parts of the answer came, then nothing. */
export function fellSilent(url: URL, silence_ms: number): ModelError {
  return new ModelError(
    `The gateway at ${url} fell silent in the middle of its answer, for ${silence_ms / 1000} s.`,
    `See whether the model behind it still runs, and the network between; try again, or ${WITHOUT_GATEWAY}.`,
    { reason: "timeout" },
  );
}

/** A streamed answer ended before the model had. */
export function cutOff(url: URL): ModelError {
  return new ModelError(
    `The gateway at ${url} ended its answer in the middle.`,
    `See the gateway's log, and whether a proxy between ends long answers; try again, or ${WITHOUT_GATEWAY}.`,
    { reason: "connection" },
  );
}

/** An error where, or in the middle of where, the answer should be. */
export function failed(url: URL, detail: string): ModelError {
  return new ModelError(
    `The gateway at ${url} failed while it answered: ${detail}`,
    `See the gateway's log and the model behind it; try again, or ${WITHOUT_GATEWAY}.`,
    { reason: "gateway" },
  );
}

export function tooMuch(url: URL, max_bytes: number): ModelError {
  return new ModelError(
    `The gateway at ${url} sent more than ${max_bytes >> 20} MiB in answer to one question.`,
    `See that NANNYAPI_ENDPOINT names a gateway: ${BASES}.`,
    { reason: "not_an_answer" },
  );
}

export interface Refusal {
  readonly status: number;
  /** The body of the answer. */
  readonly text: string;
  readonly location?: string | null;
  /** How long the gateway asks to wait. */
  readonly retry_after_ms?: number | undefined;
  /** Whether a key was sent. */
  readonly key: "sent" | "not sent";
}

/** The gateway answered, but with a status that is no success. */
export function refused(url: URL, refusal: Refusal): ModelError {
  const detail = detailOf(refusal.text);
  const said = detail === "" ? "" : `: ${detail}`;
  const { what, hint, reason } = refusalReason(url, refusal, detail);
  return new ModelError(`The gateway at ${url} ${what} (HTTP ${refusal.status})${said}`, hint, { reason });
}

/** What was asked does not fit into the model's context. */
export function contextTooSmall(url: URL, text: string, { limit_tokens }: ContextLimit): ContextTooSmall {
  const detail = detailOf(text);
  const fits = limit_tokens === undefined ? "" : `: ${limit_tokens} tokens fit`;
  return new ContextTooSmall(
    `The context of the model at ${url} is too small${fits}${detail === "" ? "" : `. It says: ${detail}`}`,
    "Give the model a larger context where it is served (llama.cpp: -c, Ollama: num_ctx, vLLM: --max-model-len), " +
      `or tell ktriage what fits: --window ${limit_tokens ?? "TOKENS"}.`,
    limit_tokens === undefined ? {} : { limit_tokens },
  );
}

/** The gateway answered with success, but with something else than a model's answer. */
export function notAnAnswer(url: URL, text: string): ModelError {
  const hint = `NANNYAPI_ENDPOINT must be ${BASES}; ` +
    `a proxy or a login page may stand between. Open ${url.origin} from this host to see what answers.`;
  if (isHtml(text)) {
    const message = `The gateway at ${url} answered with an HTML page${titleOf(text)}, not JSON.`;
    return new ModelError(message, hint, { reason: "not_an_answer" });
  }
  const beginning = text.trim() === "" ? "an empty body" : `"${excerpt(text)}"`;
  return new ModelError(
    `The gateway at ${url} answered with ${beginning}, which is not a model's answer in JSON.`,
    hint,
    { reason: "not_an_answer" },
  );
}

type Reason = Required<Pick<ModelError, "hint" | "reason">> & { readonly what: string };

function refusalReason(url: URL, refusal: Refusal, detail: string): Reason {
  const { status, location, retry_after_ms, key } = refusal;
  if (status === 401 || status === 403) return keyReason(key);
  if (status === 407) {
    return { what: "was not reached: the proxy wants a user and a password", hint: PROXY_HINT, reason: "proxy" };
  }
  if ([400, 404, 422].includes(status) && isAboutTheName(detail)) {
    return { what: "does not know this model or function", hint: NAME_HINT, reason: "model" };
  }
  if (status === 404 || status === 405) {
    return {
      what: status === 404 ? `has no ${url.pathname}` : `takes no POST at ${url.pathname}`,
      hint: `NANNYAPI_ENDPOINT must be ${BASES}, and NANNYAPI_MODEL a function or model that it is configured with.`,
      reason: "path",
    };
  }
  if (status >= 300 && status < 400) {
    return {
      what: `points to ${location ?? "another place"}`,
      hint: "Set NANNYAPI_ENDPOINT to where it points.",
      reason: "path",
    };
  }
  if (status === 429) {
    const wait = retry_after_ms === undefined ? "" : `; it asks to wait ${Math.ceil(retry_after_ms / 1000)} s`;
    const hint = `Try again later${wait}, or ${WITHOUT_GATEWAY}.`;
    return { what: "has had too many requests", hint, reason: "overloaded" };
  }
  if (status >= 500) {
    if (/\b401\b|unauthorized|invalid api key|incorrect api key/i.test(detail)) {
      const hint = "The gateway's own key for the model server does not work: check api_key_location of its provider.";
      return { what: "failed", hint, reason: "gateway" };
    }
    const hint = `See the gateway's log and the model behind it; try again, or ${WITHOUT_GATEWAY}.`;
    return { what: "failed", hint, reason: "gateway" };
  }
  return { what: "does not accept the request", hint: NAME_HINT, reason: "request" };
}

const NAME_HINT =
  "NANNYAPI_MODEL must be a name that it knows, for example tensorzero::function_name::diagnose_and_heal.";
const PROXY_HINT = "Put them into HTTPS_PROXY (HTTP_PROXY for http endpoints): http://user:password@proxy:3128, " +
  "or name the gateway's host in NO_PROXY.";

function keyReason(key: Refusal["key"]): Reason {
  const [what, hint] = key === "sent"
    ? ["does not accept the key", "Check the key in NANNYAPI_API_KEY, or in the file NANNYAPI_API_KEY_FILE."]
    : ["wants a key", "Set NANNYAPI_API_KEY, or NANNYAPI_API_KEY_FILE to a file that holds the key."];
  return { what, hint, reason: "key" };
}

/** "Unknown function: f" (TensorZero), "model 'm' not found" (Ollama), "The model `m` does not exist" (vLLM, OpenAI). */
function isAboutTheName(detail: string): boolean {
  return /unknown (function|model|variant)|(function|model|variant)\b.*\b(not found|does not exist|doesn't exist|not exist)/i
    .test(detail) || /invalid model|`model` field must start with/i.test(detail);
}

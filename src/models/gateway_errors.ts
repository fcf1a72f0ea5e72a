/** Why a gateway gave no usable reply: what could not be done, on what, why, and what to do. */
import { ModelError } from "./model.ts";

const WITHOUT_GATEWAY = "unset NANNYAPI_ENDPOINT to let the built-in expert answer";

/** The network lost the request: nothing listens, the name does not resolve, the connection broke. */
export function unreachable(url: URL, error: unknown): ModelError {
  const { reason, hint } = networkReason(url, error);
  return new ModelError(`Cannot reach the gateway at ${url}: ${reason}.`, `${hint}, or ${WITHOUT_GATEWAY}.`, {
    cause: error,
  });
}

export function timedOut(url: URL, timeout_ms: number): ModelError {
  return new ModelError(
    `The gateway at ${url} gave no answer within ${timeout_ms / 1000} s.`,
    `See whether the gateway and the model behind it are overloaded; try again, or ${WITHOUT_GATEWAY}.`,
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
  const { what, hint } = refusalReason(url, refusal);
  return new ModelError(`The gateway at ${url} ${what} (HTTP ${refusal.status})${said}`, hint);
}

/** The gateway answered with success, but not with the JSON of a chat completion. */
export function notAnAnswer(url: URL, text: string): ModelError {
  const hint =
    "NANNYAPI_ENDPOINT must be the gateway's OpenAI-compatible base, for example http://host:3000/openai/v1; " +
    `a proxy or a login page may stand between. Open ${url.origin} from this host to see what answers.`;
  if (isHtml(text)) {
    return new ModelError(`The gateway at ${url} answered with an HTML page${title(text)}, not JSON.`, hint);
  }
  const beginning = text.trim() === "" ? "an empty body" : `"${excerpt(text)}"`;
  return new ModelError(
    `The gateway at ${url} answered with ${beginning}, which is not a chat completion in JSON.`,
    hint,
  );
}

/** The text of an error body: `error.message` (OpenAI), `error` (TensorZero native), or its beginning. */
export function detailOf(text: string): string {
  if (isHtml(text)) return `an HTML page${title(text)}`;
  try {
    const body: unknown = JSON.parse(text);
    const error = property(body, "error");
    const message = property(error, "message") ?? error ?? property(body, "message");
    if (typeof message === "string") return excerpt(message, 1000);
  } catch {
    // Not JSON: shown as it is.
  }
  return excerpt(text);
}

/** The beginning of a text on one line, for a message. */
export function excerpt(text: string, length = 200): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}

function networkReason(url: URL, error: unknown): { readonly reason: string; readonly hint: string } {
  const text = errorTexts(error).join(": ");
  const running = "See that the gateway runs there and that NANNYAPI_ENDPOINT names it";
  if (/connection refused/i.test(text)) return { reason: "connection refused, nothing listens there", hint: running };
  if (/dns error|failed to lookup/i.test(text)) {
    return {
      reason: `the name ${url.hostname} does not resolve`,
      hint:
        "Check the host name in NANNYAPI_ENDPOINT and this host's name resolution (it may be the very fault you look for)",
    };
  }
  if (/certificate|UnknownIssuer/i.test(text)) {
    return {
      reason: "its TLS certificate is not trusted",
      hint: "Set DENO_CERT to the file with its certificate authority",
    };
  }
  if (/tls|handshake/i.test(text)) {
    return {
      reason: "no TLS connection came about",
      hint: "See whether NANNYAPI_ENDPOINT must begin with http:// instead",
    };
  }
  if (/connection (closed|reset)|reading a body|broken pipe|unexpected end/i.test(text)) {
    return { reason: "the connection broke before the answer was complete", hint: "See the gateway's log" };
  }
  return { reason: excerpt(errorTexts(error).at(-1) ?? "unknown network error"), hint: running };
}

/** The messages of an error and its causes, outermost first. */
function errorTexts(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  return error.cause === undefined ? [error.message] : [error.message, ...errorTexts(error.cause)];
}

function refusalReason(
  url: URL,
  { status, location, retry_after_ms, key }: Refusal,
): { readonly what: string; readonly hint: string } {
  if (status === 401 || status === 403) {
    return key === "sent"
      ? {
        what: "does not accept the key",
        hint: "Check the key in NANNYAPI_API_KEY, or in the file NANNYAPI_API_KEY_FILE.",
      }
      : { what: "wants a key", hint: "Set NANNYAPI_API_KEY, or NANNYAPI_API_KEY_FILE to a file that holds the key." };
  }
  if (status === 404) {
    return {
      what: `has no ${url.pathname}, or not this model`,
      hint: "NANNYAPI_ENDPOINT must be its OpenAI-compatible base, for example http://host:3000/openai/v1, " +
        "and NANNYAPI_MODEL a function or model that it is configured with.",
    };
  }
  if (status >= 300 && status < 400) {
    return { what: `points to ${location ?? "another place"}`, hint: "Set NANNYAPI_ENDPOINT to where it points." };
  }
  if (status === 429) {
    const wait = retry_after_ms === undefined ? "" : `; it asks to wait ${Math.ceil(retry_after_ms / 1000)} s`;
    return { what: "has had too many requests", hint: `Try again later${wait}, or ${WITHOUT_GATEWAY}.` };
  }
  if (status >= 500) {
    return { what: "failed", hint: `See the gateway's log and the model behind it; try again, or ${WITHOUT_GATEWAY}.` };
  }
  return {
    what: "does not accept the request",
    hint: "NANNYAPI_MODEL must be a name that it knows, for example tensorzero::function_name::diagnose_and_heal.",
  };
}

function isHtml(text: string): boolean {
  return /^\s*(<!doctype html|<html|<head)/i.test(text);
}

function title(html: string): string {
  const found = /<title[^>]*>([^<]*)</i.exec(html)?.[1]?.trim();
  return found === undefined || found === "" ? "" : ` ("${excerpt(found, 80)}")`;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

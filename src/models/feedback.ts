/** TensorZero's `/feedback`: what became of an episode. */
import { messageOf } from "./gateway/error_text.ts";
import { type Connection, postJson } from "./gateway/post.ts";
import { ModelError } from "./model.ts";
import { PrivateOutbound } from "./private_outbound.ts";

export interface Feedback {
  /** A metric of the gateway's configuration, or `comment`. */
  readonly metric: string;
  readonly value: boolean | number | string;
}

/** `not_kept`: the gateway answers, but has no database, or not this episode in it. */
export type FeedbackOutcome =
  | { readonly kind: "kept" }
  | { readonly kind: "not_kept"; readonly why: string }
  | { readonly kind: "refused"; readonly error: ModelError };

const TIMEOUT_MS = 30_000;

/**
 * Tells a gateway what became of an episode.
 *
 * @throws {ModelError} the endpoint cannot be used, or gives no answer
 */
export async function sendFeedback(
  { metric, value }: Feedback,
  { endpoint, episode_id, ...connection }: Connection & { readonly endpoint: string; readonly episode_id: string },
): Promise<FeedbackOutcome> {
  const outbound = new PrivateOutbound();
  const [said] = outbound.write([{ role: "user", content: String(value) }]);
  const body = outbound.body({
    metric_name: metric,
    value: typeof value === "string" ? said?.content : value,
    episode_id,
  });
  const signal = new AbortController().signal;
  const url = feedbackUrl(endpoint);
  const posted = await postJson(url, body, { timeout_ms: TIMEOUT_MS, ...connection, signal });
  if (posted.status >= 200 && posted.status <= 299) return { kind: "kept" };
  const why = messageOf(posted.text) ?? "";
  if (posted.status === 400 && /observability|episode.* does not exist/i.test(why)) return { kind: "not_kept", why };
  if (/metric/i.test(why)) {
    const hint = `Add [metrics.${metric}] to its configuration, as ktriage gateway init writes it.`;
    return {
      kind: "refused",
      error: new ModelError(`The gateway at ${url} takes no feedback on ${metric}: ${why}.`, hint),
    };
  }
  return { kind: "refused", error: posted.refusal() };
}

/** Beside the routes that answers come from: `/openai/v1` (with or without its last part), or `/inference`. */
export function feedbackUrl(endpoint: string): URL {
  const url = new URL(endpoint);
  const path = url.pathname.replace(/\/+$/, "").replace(/(\/openai\/v1)?(\/chat\/completions)?$|\/inference$/, "");
  url.pathname = `${path}/feedback`;
  return url;
}

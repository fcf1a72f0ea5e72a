/** What a gateway refuses in a request, so that the next one does without it. */
import { type ContextLimit, contextLimit } from "./context_size.ts";
import { detailOf, messageOf } from "./error_text.ts";

/** What is asked of a gateway that it may not have. */
export type Extra = "usage" | "stream" | "format";

export type Refused =
  /** Question and answer do not fit. */
  | { readonly what: "context"; readonly limit: ContextLimit }
  | { readonly what: Extra }
  /** It does not say what: it may be any of the extras. */
  | { readonly what: "something" }
  /** The request as such: another one like it would be refused, too. */
  | { readonly what: "all" };

/** TensorZero writes this before whatever a provider said to a request for a stream. */
const TENSORZERO_FRAME = /inference stream closed due to error|SSE error/gi;
const STREAM = /\b(stream|streaming|streamed|streams|stream_options|SSE)\b/i;
const FORMAT = /response_format|json_schema|json_object|output_schema|json.?mode|structured.?output|grammar|guided/i;

/** Statuses that are about who asks, where, and how often, not about what is asked. */
const ABOUT_SOMETHING_ELSE: readonly number[] = [401, 403, 404, 407];

/**
 * What of a request is refused: by a 400, or by the 502 that TensorZero makes of its providers' refusals.
 *
 * @param asked the extras that the request had
 */
export function whatIsRefused(
  { status, text }: { readonly status: number; readonly text: string },
  asked: readonly Extra[],
): Refused {
  if (status < 400 || ABOUT_SOMETHING_ELSE.includes(status)) return { what: "all" };
  const words = (messageOf(text) ?? text).replaceAll(TENSORZERO_FRAME, "");
  // What follows is the whole answer that the model gave, with any words in it.
  if (asked.includes("stream") && /expected content-type '?text\/event-stream/i.test(words)) return { what: "stream" };
  if (status !== 429 || /request too large/i.test(words)) {
    const limit = contextLimit({ status, text });
    if (limit !== undefined) return { what: "context", limit };
  }
  if (status === 429) return { what: "all" };
  if (asked.includes("usage") && /stream_options|include_usage/i.test(words)) return { what: "usage" };
  if (asked.includes("stream") && STREAM.test(words)) return { what: "stream" };
  if (asked.includes("format") && FORMAT.test(words)) return { what: "format" };
  const silent = [400, 422, 501].includes(status) &&
    !/model|function|variant|episode|message|key/i.test(detailOf(text));
  return { what: silent && asked.length > 0 ? "something" : "all" };
}

/** Recognises that question and answer do not fit into a model's context, in the words of many servers. */
import { messageOf, parsed, property } from "./error_text.ts";

export interface ContextLimit {
  /** What fits, where the server says so. */
  readonly limit_tokens?: number;
}

/** Each matches the words of one or more servers; a test holds the words. */
const WORDINGS: readonly RegExp[] = [
  /exceed_context_size|context_(length|window|size)_exceeded|max_prompt_tokens_exceeded/i,
  /(maximum|max|available|model'?s?) (context|prompt|model) (length|size|window)/i,
  /context (length|size|window|limit)\b[^.]*\b(exceed|overflow|is only|of only|too small|not enough)/i,
  /(exceed|longer|larger|greater|overflow|too long|too large)[^.]*\bcontext\b/i,
  /context the overflows/i, // LM Studio's
  /\b(prompt|input|inputs|messages|request)`? (is |are )?too (long|large)\b/i,
  /input tokens? (count )?(\(\d+\) )?exceed|tokens? exceeds? the (configured|maximum)/i,
  /too many tokens: total|too large for model with/i,
  /reduce the length of (the|your) (messages|prompt|input)/i,
  /`inputs`[^.]* must (be|have)/i,
  /\bn_ctx\b|\bnum_ctx\b|max_model_len|exceeded model token limit/i,
];

/** Where the limit stands in those words; the first that matches counts. */
const LIMITS: readonly RegExp[] = [
  /"?n_ctx"?\s*[:=]\s*(\d+)/i,
  /> (\d+)\b/,
  /(?:context|prompt|model|token) (?:length|size|window|limit)(?: is| of|:)?(?: only)? \(?(\d+)/i,
  /configured limit of (\d+)/i,
  /model with (\d+) maximum context/i,
  /tokens allowed \(?(\d+)/i,
  /must (?:be <=|have less than) (\d+)/i,
  /cannot exceed (\d+)/i,
  /\blimit (\d+), requested/i,
];

/** A limit below this is some other number. */
const LEAST_LIMIT = 256;

/**
 * The limit that a gateway's error is about.
 *
 * @param text the error's body
 * @returns undefined when it is about something else
 */
export function contextLimit(
  { status, text }: { readonly status: number; readonly text: string },
): ContextLimit | undefined {
  const body = parsed(text);
  const error = property(body, "error") ?? body;
  const words = [messageOf(text) ?? text, property(error, "code"), property(error, "type")]
    .filter((word) => typeof word === "string").join("\n").replaceAll(/(?<=\d),(?=\d{3})/g, "");
  if (status !== 413 && !WORDINGS.some((wording) => wording.test(words))) return undefined;
  const n_ctx = property(error, "n_ctx");
  const limit = typeof n_ctx === "number" ? n_ctx : limitIn(words);
  return limit === undefined ? {} : { limit_tokens: limit };
}

function limitIn(words: string): number | undefined {
  for (const pattern of LIMITS) {
    const limit = Number(pattern.exec(words)?.[1] ?? NaN);
    if (limit >= LEAST_LIMIT) return limit;
  }
  return undefined;
}

/** Answers that were recorded, given again. */
import type { RecordedAnswer } from "../protocol/mod.ts";
import { stringify } from "../protocol/mod.ts";
import { type Answer, type Model, ModelError } from "./model.ts";

/** The record has no answer left. */
export class RecordEnds extends ModelError {
  constructor() {
    super("The record ends here: there is no further answer in it.", "ktriage diagnose --resume goes on from here.");
  }
}

/**
 * A model that gives these answers, one after the other, and then asks `after`.
 *
 * @param options.after who answers then; nobody by default, which is a {@link RecordEnds}
 * @param options.raw by default the texts are written anew, for the placeholders in what was received stand for something
 * else now; `as it came` where nothing leaves
 */
export function recordedModel(
  name: string,
  answers: readonly RecordedAnswer[],
  { after, raw = "anew" }: { readonly after?: Model; readonly raw?: "anew" | "as it came" } = {},
): Model {
  const left = [...answers];
  return {
    name,
    ...(after?.window_tokens === undefined ? {} : { window_tokens: after.window_tokens }),
    answer(question, options): Promise<Answer> {
      const next = left.shift();
      if (next !== undefined) return Promise.try(() => answerOf(next, raw));
      if (after !== undefined) return after.answer(question, options);
      return Promise.reject(new RecordEnds());
    },
  };
}

function answerOf(
  { reply, raw = "", episode_id, notes, usage, answered_by, error }: RecordedAnswer,
  which: "anew" | "as it came",
): Answer {
  // The last try of a run that failed.
  if (reply === undefined) throw new ModelError(error?.message ?? "There was no usable reply.", error?.hint ?? "");
  return {
    reply,
    raw: which === "anew" ? stringify(reply) : raw,
    ...(episode_id === undefined ? {} : { episode_id }),
    ...(notes === undefined ? {} : { notes }),
    ...(usage === undefined ? {} : { usage }),
    ...(answered_by === undefined ? {} : { answered_by }),
  };
}

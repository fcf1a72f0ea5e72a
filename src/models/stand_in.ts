/** A model that another one stands in for. */
import { type Answer, ContextTooSmall, type Model, ModelError } from "./model.ts";

/**
 * Asks a model until it cannot answer, and from then on one that always can. Each answer of the second one says so. What
 * the first one had asked is not shown to the second one, unless it has to conclude at once: it asks by itself.
 */
export function withStandIn(model: Model, stand_in: Model): Model {
  let failure: { readonly message: string; readonly turns: number } | undefined;
  const { name, window_tokens } = model;
  return {
    name,
    ...(window_tokens === undefined ? {} : { window_tokens }),
    async answer(question, options): Promise<Answer> {
      const { turns, rounds_left } = question;
      if (failure === undefined) {
        try {
          return await model.answer(question, options);
        } catch (error) {
          const given_up = error instanceof ModelError && !(error instanceof ContextTooSmall) &&
            !options.signal.aborted;
          if (!given_up) throw error;
          failure = { message: error.message, turns: turns.length };
        }
      }
      const own = rounds_left > 1 ? turns.slice(failure.turns) : turns;
      const { notes = [], ...answer } = await stand_in.answer({ ...question, turns: own }, options);
      const usage = { input_tokens: 0, output_tokens: 0 };
      return { usage, ...answer, notes: [`${nameOf(stand_in)} stands in: ${failure.message}`, ...notes] };
    },
  };
}

function nameOf({ name }: Model): string {
  return name === "expert" ? "The built-in expert" : name;
}

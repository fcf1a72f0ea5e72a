/** `--max-time` and `--max-tokens`: what a diagnosis may take beside its rounds. */
import type { Budget } from "../agent/budget/budget.ts";
import type { Options } from "./arguments.ts";

const MAX_TIME_S = 24 * 3600;
/** Less could not even hold the question. */
const MIN_TOKENS = 2000;
const MAX_TOKENS = 1e9;

/** @throws {UsageError} not a number in its range */
export function budgetFrom(options: Options): Partial<Budget> {
  const max_time_s = options.number("max-time", { min: 1, max: MAX_TIME_S });
  const max_tokens = options.integer("max-tokens", { min: MIN_TOKENS, max: MAX_TOKENS });
  return {
    ...(max_time_s === undefined ? {} : { max_time_s }),
    ...(max_tokens === undefined ? {} : { max_tokens }),
  };
}

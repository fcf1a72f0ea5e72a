/** `--state` of what reads the state, and spans of time into the past. */
import type { Options } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { stateDir } from "./snapshot_options.ts";
import { HistoryError } from "../snapshot/baseline/history.ts";

const MS_PER: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The folder to read. @throws {UsageError} none is named, and this user has no default */
export function stateToRead(options: Options): string {
  const state = stateDir(options.text("state"), Deno.uid());
  if (state !== undefined) return state;
  throw new UsageError(
    "Cannot tell where the state is: only root has a folder by default.",
    "Name it with --state DIR.",
  );
}

/** `90m`, `2h`, `7d` in milliseconds; undefined where the text is none of these. */
export function agoFrom(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  return number === "" ? undefined : Number(number) * (MS_PER[unit] ?? NaN);
}

/** @throws {CliError} what the state does not have, in place of a {@link HistoryError} */
export function orHistoryError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    throw new CliError(error.message, error.hint, { cause: error });
  }
}

/** Errors that a person reads: what could not be done, on what, why, and what to do. */

/** The work could not be done; exit code 1. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  /** @param hint what to do about it */
  constructor(message: string, readonly hint?: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The command line was not understood; exit code 2. */
export class UsageError extends CliError {
  override readonly name = "UsageError";
}

/** What is wrong with a case, for people. */

/** A case cannot be read, trusted or written. */
export class CaseError extends Error {
  override readonly name: string = "CaseError";
  /** @param hint what to do about it */
  constructor(message: string, readonly hint: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The file is not what ktriage wrote, or what this host knows of the case: `--accept-edits` goes on all the same. */
export class EditedCase extends CaseError {
  override readonly name = "EditedCase";
}

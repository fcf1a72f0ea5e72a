/** What a conversation may take beside its rounds. */

export interface Budget {
  /** Wall time from a question to its answer, in seconds; while a person is asked it does not run. */
  readonly max_time_s: number;
  /** Tokens of all that is asked and answered in the run, follow-ups included; Infinity is no bound. */
  readonly max_tokens: number;
  /** Size of one message of results, in bytes of UTF-8. */
  readonly max_message_bytes: number;
}

export const DEFAULT_BUDGET: Budget = {
  max_time_s: 3600,
  max_tokens: Infinity,
  max_message_bytes: 200_000,
};

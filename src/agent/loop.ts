/** A diagnosis in one call, for whoever wants nothing but its outcome. */
import type { Run } from "../protocol/mod.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";

export { DEFAULT_MAX_ROUNDS } from "./conversation.ts";
export type DiagnoseOptions = ConversationOptions;

/**
 * Runs a whole diagnosis.
 *
 * @returns the run's document: everything gathered, with a resolution, or with the failure that took its place
 * @throws {RangeError} max_rounds is not a whole number of at least 1
 */
export async function diagnose(options: DiagnoseOptions): Promise<Run> {
  return await new Conversation(options).diagnose();
}

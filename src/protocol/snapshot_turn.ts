/** A snapshot as the first evidence of a diagnosis: a turn that nobody asked for. */
import type { Turn } from "./run.ts";

/** Its command result, as claims name it. */
export const SNAPSHOT_ID = "snapshot";
export const SNAPSHOT_COMMAND = "ktriage snapshot";

/** Whether a turn is a snapshot: who answers has asked nothing yet. */
export function isSnapshotTurn({ request: { commands } }: Turn): boolean {
  const [first, ...rest] = commands;
  return first !== undefined && rest.length === 0 && first["command"] === SNAPSHOT_COMMAND;
}

/** What of a case its host wrote, and whether that is what has come back. */
import { createHash } from "node:crypto";
import type { CaseDocument, CasePrivate } from "../protocol/case.ts";
import { stringify } from "../protocol/json.ts";
import { EditedCase } from "./error.ts";
import { type Edits, GO_ON } from "./file.ts";

/** A digest of what the host wrote into a case: its turns are the first ones. */
export function hostPart(document: CaseDocument, turns: number): string {
  const { id, machine, redacted, placeholders, issue, host } = document;
  const part = { id, machine, redacted, placeholders, issue, host, turns: document.turns.slice(0, turns) };
  return createHash("sha256").update(stringify(part)).digest("hex");
}

/**
 * Holds a case against what this host wrote into it last.
 *
 * @returns whether it is another one, and that was accepted
 * @throws {EditedCase} it is an older copy, or what the host wrote was changed, and that is not accepted
 */
export function checkHostPart(
  document: CaseDocument,
  { written }: CasePrivate,
  { name, edits }: { readonly name: string; readonly edits: Edits },
): boolean {
  const isFrom = ({ turns, sha256 }: CasePrivate["written"][number]): boolean => hostPart(document, turns) === sha256;
  const newest = written.at(-1);
  if (newest === undefined || isFrom(newest)) return false;
  if (edits === "accepted") return true;
  if (written.some(isFrom)) {
    throw new EditedCase(
      `Cannot use ${name}: it is an older copy, and this host has gone on with the case at ${newest.time}.`,
      "Go on with the newer copy; --accept-edits goes on with this one all the same.",
    );
  }
  throw new EditedCase(`Cannot trust ${name}: what this host wrote into it was changed on the way.`, GO_ON);
}

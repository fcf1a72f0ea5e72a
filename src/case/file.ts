/** A case on disk: read with its faults told, written as a whole. */
import { CaseError, EditedCase } from "./error.ts";
import type { CaseDocument } from "../protocol/case.ts";
import { type CaseContent, caseText, parseCase } from "./text.ts";
import { type Owner, tryFolderOf, writeAtomically } from "./write.ts";

/** Beyond this a file is a mistake rather than a case. */
export const MAX_CASE_BYTES = 64 << 20;
/** A case that travels on any stick and passes any mail server. */
export const DEFAULT_MAX_BYTES = 4 << 20;
export const MIN_CASE_BYTES = 64 << 10;

/** Whether a changed file is taken all the same. */
export type Edits = "refused" | "accepted";

/** What to do about a file that was changed. */
export const GO_ON =
  "If the change is meant (something was taken out by hand), go on with --accept-edits; else copy it again.";

/**
 * The case in a text, when it is as ktriage wrote it.
 *
 * @throws {EditedCase} it was changed, and that is not accepted
 * @throws {CaseError} it is no case, or of a newer ktriage
 */
export function readCase(
  text: string,
  { name, edits }: { readonly name: string; readonly edits: Edits },
): { readonly document: CaseDocument; readonly edited: boolean } {
  const { document, intact } = parseCase(text, name);
  if (!intact && edits === "refused") {
    throw new EditedCase(`Cannot trust ${name}: it was changed since ktriage wrote it.`, GO_ON);
  }
  return { document, edited: !intact };
}

/**
 * Before anything is run or asked: can the file be written where it is to be?
 *
 * @param hint what to do where it cannot
 * @returns the mode that it gets there
 * @throws {CaseError} it cannot
 */
export function checkWritable(path: string, hint: string): number {
  try {
    return tryFolderOf(path);
  } catch (error) {
    throw new CaseError(`Cannot write ${path}: ${reasonOf(error)}.`, hint, { cause: error });
  }
}

/** A case as it will be written: the text, and what a reader of it gets. */
export function sealed(content: CaseContent, net?: (text: string) => string): { text: string; document: CaseDocument } {
  const text = caseText(content, net);
  return { text, document: parseCase(text, "the case").document };
}

/**
 * Writes a case; what was there is untouched until all of the new one is on the disk.
 *
 * @throws {CaseError} it could not be written: the file that was there is whole, and where the new one is kept instead
 */
export function writeCase(path: string, text: string): void {
  try {
    writeAtomically(path, text, callerOf((name) => Deno.env.get(name)));
  } catch (error) {
    throw new UnwrittenCase(path, { rescued: rescue(text), cause: error });
  }
}

/** Who called sudo(8), and will carry a new case away; undefined for everybody else. */
export function callerOf(variable: (name: string) => string | undefined): Owner | undefined {
  const [uid, gid] = ["SUDO_UID", "SUDO_GID"].map((name) => variable(name) ?? "");
  if (Deno.uid() !== 0 || !/^\d{1,9}$/.test(uid ?? "") || !/^\d{1,9}$/.test(gid ?? "")) return undefined;
  return { uid: Number(uid), gid: Number(gid) };
}

/** The case could not be written where it belongs. */
export class UnwrittenCase extends CaseError {
  override readonly name = "UnwrittenCase";
  /** Where it was written instead; undefined where that was not possible either. */
  readonly rescued: string | undefined;

  constructor(path: string, { rescued, cause }: { readonly rescued: string | undefined; readonly cause: unknown }) {
    super(
      `Cannot write ${path}: ${reasonOf(cause)}. What was there is untouched.`,
      rescued === undefined ? "Make room, and try again." : `The case is in ${rescued}: copy it to ${path}.`,
      { cause },
    );
    this.rescued = rescued;
  }
}

/** What took minutes to gather is not thrown away because a stick is full. */
function rescue(text: string): string | undefined {
  try {
    const place = Deno.makeTempFileSync({ prefix: "ktriage-case-", suffix: ".ktz" });
    writeAtomically(place, text);
    return place;
  } catch {
    return undefined;
  }
}

/** What the system says, without its codes and paths. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/^(?:ENOENT|No such file)/.test(text)) return "there is no such folder";
  if (/^(?:EACCES|EPERM|Permission denied)/.test(text)) return "this user may not write there";
  return text.replace(/^E[A-Z0-9]+: /, "").replace(/\s*\(os error \d+\).*$|, [a-z]+(?: '.*)?$/, "")
    .replace(/^./, (letter) => letter.toLowerCase());
}

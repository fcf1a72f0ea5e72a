/** What a step on the host does to its files: redacted, bounded, and first of all what stays here. */
import type { Redactor } from "../privacy/redactor.ts";
import type { CaseDocument, CasePrivate } from "../protocol/case.ts";
import { boundedCase } from "./bound.ts";
import { UnwrittenCase, writeCase } from "./file.ts";
import { nextPrivate, writePrivate } from "./private.ts";
import { countsOf, type HostWords, redactInto } from "./redaction.ts";
import type { CaseContent } from "./text.ts";

export interface HostFiles {
  readonly path: string;
  readonly private_path: string;
  /** What the private file holds before this step; undefined where there is none. */
  readonly earlier: CasePrivate | undefined;
  readonly redactor: Redactor;
}

/**
 * Adds what the host says to a case and writes both files. The private one goes first: a case that is out knows no
 * placeholder that the host cannot explain.
 *
 * @returns the case as it stands in the file
 * @throws {CaseError} one of them cannot be written, or the case would be too large
 */
export function writeHostStep(content: CaseContent, words: HostWords, files: HostFiles): CaseDocument {
  const { path, private_path, earlier, redactor } = files;
  const { text, document } = sealedOnHost(redactInto(content, words, redactor), words.turns.length, redactor);
  writePrivate(private_path, nextPrivate(document, redactor.state, earlier));
  try {
    writeCase(path, text);
  } catch (error) {
    // Nobody has the new case: the copy that is there must not be taken for an older one.
    if (error instanceof UnwrittenCase && error.rescued === undefined) putBack(private_path, earlier);
    throw error;
  }
  return document;
}

/** The last look at the whole text may take out more, and what was given out stands in the text itself. */
function sealedOnHost(content: CaseContent, fresh: number, redactor: Redactor): ReturnType<typeof boundedCase> {
  const net = (text: string): string => redactor.net(text);
  boundedCase({ ...content, placeholders: countsOf(redactor) }, { fresh, net });
  return boundedCase({ ...content, placeholders: countsOf(redactor) }, { fresh, net });
}

function putBack(private_path: string, earlier: CasePrivate | undefined): void {
  if (earlier === undefined) Deno.removeSync(private_path);
  else writePrivate(private_path, earlier);
}

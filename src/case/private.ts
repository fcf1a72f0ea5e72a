/** What stays on the host while its case travels: what placeholders stand for, and what the host wrote last. */
import { dirname, join } from "node:path";
import { exists } from "../kernel/exists.ts";
import { type CaseDocument, type CasePrivate, casePrivate, PRIVATE_ABOUT, PRIVATE_SCHEMA } from "../protocol/case.ts";
import { stringify } from "../protocol/json.ts";
import { readVersioned } from "../protocol/versioned.ts";
import type { RedactorState } from "../privacy/redactor.ts";
import { CaseError } from "./error.ts";
import { callerOf, checkWritable } from "./file.ts";
import { hostPart } from "./host_part.ts";
import { writeAtomically } from "./write.ts";

const ENDING = ".private";
/** Other programs may have files of this ending. */
const MAX_LOOKED_AT = 100;
const OTHERS = 0o077;
const WRITTEN_BY_OTHERS = 0o022;
const STAYS = "Name a file on a disk of this host: --private ~/case.private";

export interface PrivateFile {
  readonly path: string;
  readonly content: CasePrivate;
}

/** Where the private file of a case lies unless it is named: beside the case. */
export function privatePathOf(case_path: string): string {
  return `${case_path}${ENDING}`;
}

/**
 * The private file of a case: the named one, or the one beside the case or in the current folder that is of this case,
 * for the case may have been renamed or have come back on another disk.
 *
 * @returns undefined where none is named and none is there
 * @throws {CaseError} the named one is missing or of another case; or the one beside the case cannot be read
 */
export function readPrivate(
  case_path: string,
  { id, named }: { readonly id: string; readonly named: string | undefined },
): PrivateFile | undefined {
  const path = named ?? privatePathOf(case_path);
  const content = contentOf(path);
  if (content?.id === id) {
    if (named !== undefined || isOurs(path)) return { path, content };
    throw new CaseError(`Cannot trust ${path}: it is of another user, or others may write it.`, STAYS);
  }
  if (named === undefined) return [dirname(case_path), "."].flatMap((folder) => privateIn(folder, id))[0];
  const why = content === undefined ? "there is no such file" : "it is of another case";
  throw new CaseError(
    `Cannot use ${path} for ${case_path}: ${why}.`,
    "Name the file that ktriage collect wrote for this case.",
  );
}

/** Private files of a case in a folder, whatever they are called. */
function privateIn(folder: string, id: string): readonly PrivateFile[] {
  return namesIn(folder).filter((name) => name.endsWith(ENDING)).slice(0, MAX_LOOKED_AT).flatMap((name) => {
    const path = join(folder, name);
    try {
      const content = contentOf(path);
      return content?.id === id && isOurs(path) ? [{ path, content }] : [];
    } catch {
      return []; // of something else
    }
  });
}

/** Whoever could write it could make placeholders stand for anything. */
function isOurs(path: string): boolean {
  const { uid, mode } = Deno.statSync(path);
  const users = [0, Deno.uid(), callerOf((name) => Deno.env.get(name))?.uid];
  return users.includes(uid ?? -1) && ((mode ?? 0) & WRITTEN_BY_OTHERS) === 0;
}

function namesIn(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/**
 * Writes the private file, readable only by this user.
 *
 * @throws {CaseError} it cannot be written
 */
export function writePrivate(path: string, document: CasePrivate): void {
  try {
    writeAtomically(path, `${stringify(document, 2)}\n`, "own");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CaseError(`Cannot write ${path}, which keeps what placeholders stand for: ${why}.`, STAYS, {
      cause: error,
    });
  }
}

/**
 * Refuses a place that cannot keep the file: one that others can read, and, unless it was named (there are hosts that
 * run from such a disk), one that is carried away with the case.
 *
 * @throws {CaseError} it cannot be written there, or not be kept there
 */
export function checkPrivatePlace(path: string, named: string | undefined): void {
  const mode = checkWritable(path, STAYS);
  if ((mode & OTHERS) !== 0) {
    throw new CaseError(`Cannot keep ${path} private: its file system knows no permissions.`, STAYS);
  }
  if (named === undefined && isCarried(deviceOf(dirname(path)), deviceOf("/"))) {
    throw new CaseError(
      `Cannot keep what placeholders stand for in ${path}: that disk can be carried away, and this must stay here.`,
      STAYS,
    );
  }
}

/** A new private file, or the earlier one after another write of the case. */
export function nextPrivate(document: CaseDocument, redactor: RedactorState, earlier?: CasePrivate): CasePrivate {
  const turns = document.turns.length;
  const written = { time: new Date().toISOString(), turns, sha256: hostPart(document, turns) };
  const known = redactor.known.map((each) => ({ ...each }));
  const placeholders = redactor.placeholders.map(([placeholder, value]): [string, string] => [placeholder, value]);
  return {
    schema: PRIVATE_SCHEMA,
    about: PRIVATE_ABOUT,
    id: document.id,
    redactor: { known, placeholders },
    written: [...earlier?.written ?? [], written],
  };
}

/** A block device as sysfs tells of it. */
export interface BlockDevice {
  /** Its folder; of a partition, that of the disk. Empty where it is none. */
  readonly disk: string;
  /** What its file `removable` says. */
  readonly removable: string;
}

/** Whether a disk can be taken out, and the host goes on without it. */
export function isCarried(device: BlockDevice, root: BlockDevice): boolean {
  const can = device.removable.trim() === "1" || /\/usb\d+\//.test(device.disk);
  return can && device.disk !== root.disk;
}

function deviceOf(folder: string): BlockDevice {
  try {
    const { dev } = Deno.statSync(folder);
    // As makedev(3) packs it, in the bits that are in use.
    const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
    const place = Deno.realPathSync(`/sys/dev/block/${major}:${minor}`);
    const disk = exists(`${place}/partition`) ? dirname(place) : place;
    return { disk, removable: textOf(`${disk}/removable`) ?? "" };
  } catch {
    return { disk: "", removable: "" };
  }
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function contentOf(path: string): CasePrivate | undefined {
  try {
    return readVersioned(Deno.readTextFileSync(path), casePrivate);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new CaseError(
      `Cannot read ${path}, which keeps what placeholders stand for: ${why}.`,
      "Read it as the user who collected the case, or name another file with --private.",
      { cause: error },
    );
  }
}

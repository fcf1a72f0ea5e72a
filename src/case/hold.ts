/** One ktriage at a time for each case: what a second one wrote would take the place of what the first one gathered. */
import { CaseError } from "./error.ts";
import { realPath } from "./write.ts";

const ENDING = ".lock";
/** Others may look whether somebody is at work. */
const MODE = 0o644;
/** A lock file goes as its holder ends: the one that was opened may not be there any more. */
const MAX_TRIES = 20;
const NOT_HELD: Disposable = { [Symbol.dispose]: (): void => {} };

/**
 * Keeps a file of a case from every other ktriage until disposed of.
 *
 * The lock is flock(2), which ends with its process, however that ends: a lock file that a killed one leaves locks nothing.
 * It is a file of its own, since a case is replaced when it is written, and a new one is not there yet. Where none can be
 * made, no case can be written either.
 *
 * @throws {CaseError} another ktriage is at work on it
 */
export function holdFile(path: string): Disposable {
  const place = `${realPath(path)}${ENDING}`;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const file = openLockFile(place);
    if (file === undefined) return NOT_HELD;
    if (!lock(file)) {
      file.close();
      throw new CaseError(
        `Cannot use ${path}: another ktriage is at work on it.`,
        "Wait until it has ended, then do this again with what it wrote.",
      );
    }
    if (isAt(file, place)) return { [Symbol.dispose]: (): void => release(file, place) };
    file.close();
  }
  return NOT_HELD; // a file system where no file is the same twice knows no locks either
}

/** Never through a link: in a folder of somebody else it may lead anywhere. */
function openLockFile(place: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(place, { write: true, createNew: true, mode: MODE });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) return undefined;
  }
  try {
    if (Deno.lstatSync(place).isFile) return Deno.openSync(place);
  } catch (error) {
    // whoever had it has just ended
    if (error instanceof Deno.errors.NotFound) return openLockFile(place);
  }
  throw new CaseError(
    `Cannot lock a case with ${place}: it is no file that this user may read.`,
    "Remove it when no ktriage is at work on the case, or copy the case elsewhere.",
  );
}

/** A file system that knows no locks leaves everybody to themselves, as without this. */
function lock(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return true;
  }
}

/** Whether the name still leads to the file that was opened. */
function isAt(file: Deno.FsFile, place: string): boolean {
  try {
    const [opened, there] = [file.statSync(), Deno.lstatSync(place)];
    return opened.ino === there.ino && opened.dev === there.dev;
  } catch {
    return false;
  }
}

/** The name goes first: who opens the file until then finds it locked, or finds that it is gone. */
function release(file: Deno.FsFile, place: string): void {
  try {
    Deno.removeSync(place);
  } catch {
    // A medium that was pulled, or write-protected since: the lock goes with the file.
  }
  file.close();
}

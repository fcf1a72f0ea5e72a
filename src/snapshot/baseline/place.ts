/** The state directory and the file in it: made, checked, set aside. */
import { exists } from "../../kernel/exists.ts";

const FOLDER_MODE = 0o700, FILE_MODE = 0o600, OTHERS = 0o077;
const FILE = "baseline.db";
/** What SQLite keeps beside its file. */
const BESIDE = ["-wal", "-shm"];
const SET_ASIDE = ".damaged-";
/** Damaged files that are kept for whoever wants to know. */
const MAX_SET_ASIDE = 2;

/** There is no state, and why: a reason to follow "Not compared with this host's past: ". */
export class NoState extends Error {
  override readonly name = "NoState";
}

/**
 * The store's path in a state directory that is private to this user; it is made where it is missing.
 *
 * @throws {NoState} it cannot be made, is of someone else, or open to others
 */
export function privateStore(state_dir: string): string {
  try {
    Deno.mkdirSync(state_dir, { recursive: true, mode: FOLDER_MODE });
    checkPrivate(state_dir);
    return `${state_dir}/${FILE}`;
  } catch (error) {
    if (error instanceof NoState) throw error;
    throw new NoState(`${state_dir} cannot be made or read: ${why(error)}`);
  }
}

/** Makes the file before SQLite does, which would let others read it, and what it keeps beside it. */
export function makePrivateFile(path: string): void {
  Deno.openSync(path, { create: true, read: true, write: true, mode: FILE_MODE }).close();
  checkPrivate(path);
}

/** Whether one that wrote to it was killed: whoever closes it clears the journal away, and a reader leaves an empty one. */
export function wasKilled(path: string): boolean {
  const journal = `${path}${BESIDE[0]}`;
  return exists(journal) && Deno.statSync(journal).size > 0;
}

/** Whether something other than a file has the store's name. */
export function isNoFile(path: string): boolean {
  return exists(path) && !Deno.statSync(path).isFile;
}

/**
 * Moves a damaged store away, and those that were moved long ago off the disk.
 *
 * @returns where it is now
 */
export function setAside(path: string, now: number): string {
  const to = `${path}${SET_ASIDE}${new Date(now).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
  const at = exists(to) ? `${to}-${crypto.randomUUID().slice(0, 8)}` : to;
  Deno.renameSync(path, at);
  // without its journal nothing more can be got out of it, and the next store must not find it
  for (const beside of BESIDE) if (exists(`${path}${beside}`)) Deno.renameSync(`${path}${beside}`, `${at}${beside}`);
  removeOldest(path);
  return at;
}

function removeOldest(path: string): void {
  const [folder, name] = [path.replace(/\/[^/]*$/, ""), path.replace(/^.*\//, "")];
  const aside = [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((each) => each.startsWith(`${name}${SET_ASIDE}`) && !BESIDE.some((beside) => each.endsWith(beside)))
    .toSorted();
  for (const each of aside.slice(0, -MAX_SET_ASIDE)) {
    for (const ending of ["", ...BESIDE]) {
      if (exists(`${folder}/${each}${ending}`)) Deno.removeSync(`${folder}/${each}${ending}`, { recursive: true });
    }
  }
}

/** What others can write they can forge, and what they can read tells them of every process of this host. */
function checkPrivate(path: string): void {
  const { uid, mode } = Deno.statSync(path);
  if (uid !== Deno.uid()) throw new NoState(`${path} belongs to another user (uid ${uid})`);
  if (((mode ?? 0) & OTHERS) === 0) return;
  const bits = ((mode ?? 0) & 0o777).toString(8).padStart(4, "0");
  const private_mode = exists(`${path}/.`) ? "0700" : "0600";
  throw new NoState(
    `${path} is open to other users (mode ${bits}); to keep state there: chmod ${private_mode} ${path}`,
  );
}

export function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

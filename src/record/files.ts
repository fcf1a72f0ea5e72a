/** The files of a record: what they are called, and how they are written. */

export const AUDIT = "audit.jsonl";
export const BEGAN = "began.json";
export const OUTPUTS = "outputs";
export const SENT = "sent";
export const REPLIES = "replies";
export const TURNS = "turns";
/** The run's own document. */
export const RUN = "run.json";
/** Of `ktriage run`, which has no conversation. */
export const RESULTS = "results.json";

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** The folder is no record, cannot take one, or cannot be read. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/** `0001.json`: so that a list of files is in their order. */
export function numbered(n: number, ending = ".json"): string {
  return `${String(n).padStart(4, "0")}${ending}`;
}

/** Results of commands of the turn that is under way, a line each. */
export function partFile(turn: number): string {
  return `${TURNS}/${numbered(turn, ".part.jsonl")}`;
}

/**
 * Writes a file so that it is there as a whole or not at all.
 *
 * It is not forced to the disk: that could take minutes on a host whose disk is what is looked into.
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const beside = `${path}.new`;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    Deno.writeFileSync(beside, bytes, { mode: FILE_MODE });
    Deno.renameSync(beside, path);
  } catch (error) {
    removeIfThere(beside);
    throw error;
  }
}

export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Lines that are added one by one; one that was torn by a full disk spoils none that follow. */
export class Lines {
  readonly #path: string;
  #torn: boolean;

  /** @param path may exist already, with a last line that was never finished */
  constructor(path: string) {
    this.#path = path;
    this.#torn = isTorn(path);
  }

  add(line: string): void {
    const text = `${this.#torn ? "\n" : ""}${line}\n`;
    this.#torn = true;
    Deno.writeTextFileSync(this.#path, text, { append: true, mode: FILE_MODE });
    this.#torn = false;
  }
}

/** Whether a file ends within a line; one that cannot be read is left to whoever writes to it. */
function isTorn(path: string): boolean {
  try {
    return !/(^|\n)$/.test(Deno.readTextFileSync(path));
  } catch {
    return false;
  }
}

/** The lines of such a file that are whole, parsed by `read`, which throws where one is not. */
export function wholeLines<T>(text: string, read: (line: string) => T): { readonly lines: T[]; readonly torn: number } {
  const lines: T[] = [];
  let torn = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      lines.push(read(line));
    } catch {
      torn++;
    }
  }
  return { lines, torn };
}

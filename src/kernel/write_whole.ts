/** A file that others read while it is written anew. */

/** Nobody needs what a killed run left for longer. */
const STALE_MS = 3_600_000;

export interface WriteOptions {
  readonly mode: number;
}

/**
 * Replaces a file at once: a reader sees the old one or the new one, whole, also after a crash. What is written goes beside
 * it first, under a name that nobody can guess, since the folder may be one that all may write to.
 *
 * @throws {Error} it cannot be written, or the name stands for something that is no plain file; then nothing has changed
 */
export function writeReplacing(path: string, text: string, { mode }: WriteOptions): void {
  const place = placeOf(path);
  const slash = place.lastIndexOf("/");
  const folder = slash < 0 ? "." : place.slice(0, slash) || "/", name = place.slice(slash + 1);
  removeStale(folder, name);
  const beside = `${folder}/.${name}.${crypto.randomUUID().slice(0, 8)}.new`;
  try {
    const file = Deno.openSync(beside, { write: true, createNew: true, mode });
    try {
      writeAll(file, new TextEncoder().encode(text));
      file.syncSync();
    } finally {
      file.close();
    }
    Deno.renameSync(beside, place);
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch { /* it was not made, or is where it belongs */ }
    throw error;
  }
}

/** Through links to the file that they lead to; never in the place of a device such as /dev/stdout. */
function placeOf(path: string): string {
  try {
    if (!Deno.statSync(path).isFile) throw new TypeError("there is something of this name that is no plain file");
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}

/** What runs left that were killed while they wrote. */
function removeStale(folder: string, name: string): void {
  try {
    for (const { name: other, isFile } of Deno.readDirSync(folder)) {
      if (!isFile || !other.startsWith(`.${name}.`) || !/^[0-9a-f]{8}\.new$/.test(other.slice(name.length + 2))) {
        continue;
      }
      const { mtime } = Deno.lstatSync(`${folder}/${other}`);
      if (mtime !== null && Math.abs(Date.now() - mtime.getTime()) > STALE_MS) Deno.removeSync(`${folder}/${other}`);
    }
  } catch { /* another user's, or gone already */ }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

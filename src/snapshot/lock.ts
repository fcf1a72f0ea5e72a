/** One snapshot at a time: runs of a slow host must never pile up. */
import { accused, leftOut, remaining, type Suspect, suspectsIn } from "./suspects.ts";

/** What is locked: the looking, or the diagnosis that may follow it. */
export type Work = "snapshot" | "diagnosis";

/** Which process holds it, for the one that finds it held. */
export interface Holder {
  readonly process_id: number;
  /** ISO 8601. */
  readonly since: string;
}

/** A run that came to a sudden end. */
export interface Unfinished extends Holder {
  /** The collector or tool whose code was running; undefined: none. */
  readonly at: string | undefined;
}

/** What the lock's file holds: while a run is under way who it is, else only what the next one has to know. */
interface Kept extends Partial<Holder> {
  readonly boot_id: string;
  readonly at?: string | undefined;
  readonly suspects: readonly Suspect[];
}

export type Lock =
  | { readonly is: "held"; readonly hold: Hold }
  | { readonly is: "busy"; readonly holder: Holder | undefined }
  /** Nothing could be locked: this run goes on, and says so. */
  | { readonly is: "none"; readonly reason: string };

const ENDING = ".lock", SKIPPED_ENDING = ".skipped";
const SPACE = 0x20;
const MODE = 0o600, FOLDER_MODE = 0o700;
/** Where a state directory cannot be written: memory that only root writes to. */
const ROOT_FALLBACK = "/run/ktriage";
/** A run every second for an hour; what is more is not told one by one anyway. */
const MAX_SKIPPED_BYTES = 64 << 10;

/**
 * Locks out every other snapshot with the same state. The lock is flock(2): it ends with its process, however that ends, and
 * a file that a killed one leaves locks nothing.
 *
 * @param state_dir undefined where none is kept
 */
export function takeLock(work: Work, state_dir: string | undefined): Lock {
  const reasons: string[] = [];
  for (const folder of foldersFor(state_dir)) {
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    } catch { /* on a read-only root it may be there with its file: opening tells */ }
    try {
      return lockAt(folder, work);
    } catch (error) {
      reasons.push(`${folder}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { is: "none", reason: reasons.join("; ") || "this user has no folder for it" };
}

/** A lock that is held. Disposing it lets the next one run. */
export class Hold implements Disposable {
  /** The run before this one, where it was killed. */
  readonly unfinished: Unfinished | undefined;
  /** Collectors and tools in which runs before hung: not to be touched this time. After a boot everything is tried again. */
  readonly leave_out: readonly string[];
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #boot_id = bootId();
  readonly #since = new Date().toISOString();
  readonly #suspects: readonly Suspect[];

  /** @param path without its ending */
  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
    const now = new Date(this.#since);
    const { process_id, since, at, boot_id, suspects = [] } = keptIn(`${path}${ENDING}`) ?? {};
    this.unfinished = process_id === undefined || since === undefined ? undefined : { process_id, since, at };
    const known = boot_id === this.#boot_id ? suspects : [];
    this.#suspects = boot_id === this.#boot_id && at !== undefined ? accused(known, at, now) : known;
    this.leave_out = leftOut(this.#suspects, now);
    this.step(undefined);
  }

  /** Keeps what runs now: where it hangs the whole process, the next run knows. Undefined: nothing does. */
  step(at: string | undefined): void {
    this.#keep({ process_id: Deno.pid, since: this.#since, at, suspects: this.#suspects });
  }

  /** When others found this one, or one before it, under way and did nothing; told once. */
  takeSkipped(): readonly string[] {
    const path = `${this.#path}${SKIPPED_ENDING}`, taken = `${path}.taken`;
    try {
      Deno.renameSync(path, taken); // who adds a line now makes a new file
      const lines = Deno.readTextFileSync(taken).split("\n");
      Deno.removeSync(taken);
      return lines.filter((line) => /^\d{4}-[\d:.TZ-]+$/.test(line));
    } catch {
      return [];
    }
  }

  [Symbol.dispose](): void {
    this.#keep({ suspects: remaining(this.#suspects, this.leave_out) });
    this.#file.close();
  }

  /** A full or read-only disk takes nothing: the lock holds all the same. */
  #keep(kept: Omit<Kept, "boot_id">): void {
    attempt(() => {
      const bytes = new TextEncoder().encode(JSON.stringify({ boot_id: this.#boot_id, ...kept }));
      // spaces over what was longer before: whole also where a kill comes ahead of the cut
      const over = new Uint8Array(Math.max(bytes.length, this.#file.statSync().size)).fill(SPACE);
      over.set(bytes);
      this.#file.seekSync(0, Deno.SeekMode.Start);
      this.#file.writeSync(over);
      this.#file.truncateSync(bytes.length);
    });
  }
}

function lockAt(folder: string, work: Work): Lock {
  const path = `${folder}/${work}`;
  const file = openLock(`${path}${ENDING}`);
  if (!file.tryLockSync(true)) {
    file.close();
    if (work === "snapshot") attempt(() => addSkipped(`${path}${SKIPPED_ENDING}`));
    return { is: "busy", holder: holderIn(`${path}${ENDING}`) };
  }
  return { is: "held", hold: new Hold(path, file) };
}

/** A file on a read-only file system can be locked, too. */
function openLock(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true, mode: MODE });
  } catch (error) {
    try {
      return Deno.openSync(path);
    } catch {
      throw error;
    }
  }
}

function addSkipped(path: string): void {
  const file = Deno.openSync(path, { append: true, create: true, mode: MODE });
  try {
    if (file.statSync().size < MAX_SKIPPED_BYTES) {
      file.writeSync(new TextEncoder().encode(`${new Date().toISOString()}\n`));
    }
  } finally {
    file.close();
  }
}

function holderIn(path: string): Holder | undefined {
  const { process_id, since } = keptIn(path) ?? {};
  return process_id === undefined || since === undefined ? undefined : { process_id, since };
}

/** Undefined where it is being written, or was never. */
function keptIn(path: string): Kept | undefined {
  try {
    const kept: unknown = JSON.parse(Deno.readTextFileSync(path));
    if (typeof kept !== "object" || kept === null) return undefined;
    const word = (name: string): string | undefined => {
      const value: unknown = Reflect.get(kept, name);
      return typeof value === "string" ? value : undefined;
    };
    const process_id: unknown = Reflect.get(kept, "process_id"), since = word("since");
    return {
      boot_id: word("boot_id") ?? "",
      at: word("at"),
      suspects: suspectsIn(Reflect.get(kept, "suspects")),
      ...(typeof process_id === "number" && since !== undefined ? { process_id, since } : {}),
    };
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  } catch {
    return "";
  }
}

function foldersFor(state_dir: string | undefined): readonly string[] {
  const own = memoryFolder();
  return [...(state_dir === undefined ? [] : [state_dir]), ...(own === undefined ? [] : [own])];
}

/** A folder of this user's, in memory until the next boot; it may have to be made. */
export function memoryFolder(): string | undefined {
  const own = Deno.uid() === 0 ? ROOT_FALLBACK : Deno.env.get("XDG_RUNTIME_DIR");
  return own === "" ? undefined : own;
}

function attempt(work: () => void): void {
  try {
    work();
  } catch { /* what is lost is told nowhere else, and costs nothing */ }
}

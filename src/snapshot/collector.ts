/** A collector: one subject of a snapshot, read at the window's start and at its end. */
import type { CollectorState, Figure, HealthFinding } from "../protocol/snapshot.ts";

/** Where collectors read: the host's own, or a recorded one of a test. Paths are absolute, as on the host. */
export interface Sources {
  /** The file's text; undefined where there is no such file. @throws {Error} it is there and cannot be read */
  readonly text: (path: string) => string | undefined;
  /** Names in a folder; empty where there is no such folder. @throws {Error} it is there and cannot be read */
  readonly names: (path: string) => readonly string[];
  /** Where a symbolic link points; undefined where it cannot be told. */
  readonly link: (path: string) => string | undefined;
  /** Space of a file system, asked in a helper process, for a dead server never answers. */
  readonly space: (mount_point: string) => Promise<Space | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Space {
  readonly size_bytes: number;
  readonly available_bytes: number;
  readonly inodes: number;
  readonly inodes_free: number;
}

/** What the last snapshot left for the next one, as JSON: the last line of the kernel log, restart counts. */
export type Remembered = Readonly<Record<string, unknown>>;

export interface Collected {
  readonly figures: readonly Figure[];
  readonly findings: readonly HealthFinding[];
  /** Not ok: what could not be read, and why. */
  readonly state?: { readonly state: Exclude<CollectorState, "ok">; readonly detail: string };
  readonly remember?: Remembered;
}

export interface Ending {
  readonly window_s: number;
  /** What this collector remembered in the snapshot before; undefined without state. */
  readonly remembered?: Remembered | undefined;
}

/**
 * One subject. `start` reads what deltas need; the function that it returns is called at the window's end, reads again and
 * judges. Both may throw and may hang: who calls them reports it, and the others go on.
 */
export interface Collector {
  /** In snake_case: the name of its file. */
  readonly name: string;
  readonly start: (sources: Sources) => Promise<(ending: Ending) => Promise<Collected>>;
}

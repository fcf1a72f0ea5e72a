/** A collector: one subject of a snapshot, read at the window's start and at its end. */
import type { KernelClock } from "../ffi/clock.ts";
import type { Mount } from "../kernel/host/mounts.ts";
import type { CollectorState, Figure, HealthFinding } from "../protocol/snapshot.ts";

/** Which file system is asked for its space: the type tells whether its server may be dead. */
export type AskedMount = Pick<Mount, "mount_point" | "type">;

/**
 * Where collectors read: the host's own, or a recorded one of a test. Paths are absolute, as on the host. One object serves
 * one snapshot: what several collectors need is read once for it.
 */
export interface Sources {
  /**
   * The file's text, or its beginning where it is very long; undefined where there is no such file. `/dev/kmsg` is all of
   * its records at once. @throws {Error} it is there and cannot be read
   */
  readonly text: (path: string) => string | undefined;
  /** As `text`, for what is no text; never waits for a dead server, but refuses. */
  readonly bytes: (path: string) => Uint8Array<ArrayBuffer> | undefined;
  /** Names in a folder; empty where there is no such folder. @throws {Error} it is there and cannot be read */
  readonly names: (path: string) => readonly string[];
  /** As `names`, folders alone: no links. */
  readonly folders: (path: string) => readonly string[];
  /** Where a symbolic link points; undefined where it cannot be told. */
  readonly link: (path: string) => string | undefined;
  /** Undefined where there is no such file, or it may not be seen. */
  readonly facts: (path: string) => FileFacts | undefined;
  /** Space of a file system, asked in a helper process, for a dead server never answers. @throws {Error} no answer */
  readonly space: (mount: AskedMount) => Promise<Space | undefined>;
  /** What a program prints; undefined where there is no such program. @throws {Error} it failed or took too long */
  readonly output: (command: readonly [string, ...string[]]) => Promise<string | undefined>;
  /** The kernel's view of its clock; undefined where it may not be asked. */
  readonly clock: () => KernelClock | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface FileFacts {
  /** Of `/proc/<pid>/fd`, since Linux 6.2: how many descriptors are open (commit f1f1f2569901). */
  readonly size_bytes: number;
  readonly modified_ms: number;
  readonly user_id: number;
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

/** Requests for eBPF become running programs, running programs become results. */
import type { EbpfProgram, EbpfResults } from "../protocol/mod.ts";

/** Default bound on events of one program, per second; a burst of ten seconds' worth passes at once. */
export const DEFAULT_RATE_PER_S = 2000;

export interface StartOptions {
  /** Events per second that a program may emit; 0 is no bound. Default {@link DEFAULT_RATE_PER_S}. */
  readonly rate_per_s?: number;
  /** BTF of this kernel from elsewhere: raw, or a vmlinux file. Default: the kernel's own. */
  readonly btf_file?: string | undefined;
  /** Share of one CPU that ktriage may use while it traces. Default: no bound. */
  readonly max_cpu_percent?: number | undefined;
}

export interface ProgramStart {
  readonly name: string;
  /** The key of its result, `<name>_<unix start>`. */
  readonly key: string;
  readonly attached_as?: string;
  readonly error?: string;
  readonly hint?: string;
}

/** Programs that trace together. Each ends at its own duration; `results` settles when the last has ended. */
export interface RunningPrograms {
  readonly starts: readonly ProgramStart[];
  readonly results: Promise<EbpfResults>;
  /** Ends tracing now, of one program or of all; `results` holds what was seen. */
  stop(key?: string): void;
}

/**
 * Starts all programs. A program that cannot start does not stop the others: its result has `error` and `hint`.
 * Never throws for what the host lacks (no root, no tracefs, unknown target).
 */
export type StartPrograms = (programs: readonly EbpfProgram[], options?: StartOptions) => Promise<RunningPrograms>;

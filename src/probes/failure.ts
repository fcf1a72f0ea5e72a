/** What went wrong with a program, in words that help the asker: what, why, what to do. */
import { BpfError } from "../ffi/libbpf.ts";
import { SystemError } from "../ffi/libc.ts";
import { errnoOf } from "../kernel/errno.ts";
import {
  type Cause,
  causeOfLack,
  causeOfRefusal,
  readRestrictions,
  type RefusedStep,
  type Restrictions,
} from "../kernel/host/restrictions.ts";
import type { Refusal } from "./plan/tracepoint.ts";

const EPERM = 1, EACCES = 13, EINVAL = 22;
const RING_BUFFER_CREATION = "create map events";
const NO_RING_BUFFER =
  "It came with Linux 5.8, and every eBPF program of ktriage needs it; commands and /proc still work.";
const LOG_LINES = 12;
const STILL = "Commands and /proc still work.";

export interface FailureOptions {
  /** Kind of what was to be attached. */
  readonly probe?: string;
  /** What this process may do; read when the kernel refused something. Default {@link readRestrictions}. */
  readonly restrictions?: () => Restrictions;
}

/**
 * @param what the thing that could not be done, as in "Cannot <what>: why"
 */
export function explainFailure(what: string, error: unknown, options: FailureOptions = {}): Refusal {
  if (error instanceof BpfError && error.operation === RING_BUFFER_CREATION && error.errno === EINVAL) {
    return { error: `Cannot ${what}: this kernel has no BPF ring buffer.`, hint: NO_RING_BUFFER };
  }
  if (error instanceof SystemError) {
    const log = error instanceof BpfError ? tail(error.log) : "";
    return {
      error: `Cannot ${what}: ${reasonOf(error)}.`,
      hint: causeOf(error, options) || log,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = isDenial(error)
    ? causeOf({ operation: "read", errno: EACCES }, options)
    : lackBehind(error, options) || hintOf(error);
  return { error: `Cannot ${what}: ${message}`, hint };
}

/** `load function failed with EACCES (Permission denied)` */
export function reasonOf({ operation, errno }: SystemError): string {
  const known = errnoOf(errno);
  return `${operation} failed with ${known === undefined ? `errno ${errno}` : `${known.name} (${known.meaning})`}`;
}

/** A file may not be read: told as it is, or by whoever wanted to read it. */
function isDenial(error: unknown): boolean {
  if (error instanceof Deno.errors.PermissionDenied) return true;
  return error instanceof Error && error.cause instanceof Deno.errors.PermissionDenied;
}

/** Who may not mount tracefs mostly lacks all else as well, and to have it mounted would not help. */
function lackBehind(error: unknown, { restrictions = readRestrictions }: FailureOptions): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof SystemError && cause.errno === EPERM ? causeText(causeOfLack(restrictions())) : "";
}

function hintOf(error: unknown): string {
  return error instanceof Error && "hint" in error && typeof error.hint === "string" ? error.hint : "";
}

/** Why the kernel refused, and what would help; empty when that is not about permission. */
function causeOf(step: RefusedStep, { probe, restrictions = readRestrictions }: FailureOptions): string {
  const { operation, errno } = step;
  return causeText(causeOfRefusal({ operation, errno, ...(probe === undefined ? {} : { probe }) }, restrictions()));
}

function causeText(cause: Cause | undefined): string {
  return cause === undefined ? "" : `${sentence(cause.reason)}: ${cause.fix}. ${STILL}`;
}

function sentence(clause: string): string {
  return clause.slice(0, 1).toUpperCase() + clause.slice(1);
}

/** The end of libbpf's and the verifier's messages: the reason stands there. */
function tail(log: string): string {
  return log.split("\n").filter((line) => line.trim() !== "").slice(-LOG_LINES).join("\n");
}

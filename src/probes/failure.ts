/** What went wrong with a program, in words that help the asker: what, why, what to do. */
import { BpfError } from "../ffi/libbpf.ts";
import { SystemError } from "../ffi/libc.ts";
import { errnoOf } from "../kernel/errno.ts";
import type { Refusal } from "./plan.ts";

const EPERM = 1, EACCES = 13, EINVAL = 22;
const RING_BUFFER_CREATION = "create map events";
const NO_RING_BUFFER =
  "It came with Linux 5.8, and every eBPF program of ktriage needs it; commands and /proc still work.";
const LOG_LINES = 12;
const PRIVILEGES =
  "Run ktriage as root (sudo), or with the capabilities CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH; commands and /proc still work.";

/**
 * @param what the thing that could not be done, as in "Cannot <what>: why"
 */
export function explainFailure(what: string, error: unknown): Refusal {
  if (error instanceof BpfError && error.operation === RING_BUFFER_CREATION && error.errno === EINVAL) {
    return { error: `Cannot ${what}: this kernel has no BPF ring buffer.`, hint: NO_RING_BUFFER };
  }
  if (error instanceof SystemError) {
    const log = error instanceof BpfError ? tail(error.log) : "";
    return {
      error: `Cannot ${what}: ${reasonOf(error)}.`,
      hint: [missingPrivilege(error.errno), log].filter(Boolean).join("\n"),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Deno.errors.PermissionDenied ? PRIVILEGES : hintOf(error);
  return { error: `Cannot ${what}: ${message}`, hint };
}

function reasonOf({ operation, errno }: SystemError): string {
  const known = errnoOf(errno);
  return `${operation} failed with ${known === undefined ? `errno ${errno}` : `${known.name} (${known.meaning})`}`;
}

function hintOf(error: unknown): string {
  return error instanceof Error && "hint" in error && typeof error.hint === "string" ? error.hint : "";
}

function missingPrivilege(errno: number): string {
  return (errno === EPERM || errno === EACCES) && Deno.uid() !== 0 ? PRIVILEGES : "";
}

/** The end of libbpf's and the verifier's messages: the reason stands there. */
function tail(log: string): string {
  return log.split("\n").filter((line) => line.trim() !== "").slice(-LOG_LINES).join("\n");
}

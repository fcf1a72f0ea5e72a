/** What tracing this host allows: each answer comes from doing it, and taking it back. */
import { Libc, SystemError } from "../../ffi/libc.ts";
import { SlowCloser } from "../../ffi/trials.ts";
import type { Capability } from "../../protocol/mod.ts";
import { type Ground, type Trial, trialsFor, Unavailable } from "./capability_trials.ts";
import { errnoOf } from "../errno.ts";
import { type Cause, causeOfRefusal, mapsAreLockedMemory, readRestrictions } from "./restrictions.ts";
import { openTracefs, TracefsError } from "../tracing/tracefs.ts";

/** Without these no eBPF program of ktriage's runs. BTF is not one of them: it only names what functions are given. */
const NEEDED = ["ring_buffer", "tracefs", "kernel_memory", "tracepoint"];
const BTF_PATH = "/sys/kernel/btf/vmlinux";
const EACCES = 13;
/** What one line says need not stand in a dozen. */
const AS_PRIVILEGES = {
  reason: "the privileges named above are missing",
  fix: "run ktriage as root (sudo ktriage …), or grant those privileges",
};

/**
 * Tries everything that tracing needs. Never throws for what the host lacks: that is in the answer, with the reason,
 * what ktriage does instead, and what would help. Nothing is left behind.
 */
export async function readCapabilities(): Promise<Capability[]> {
  await using resources = new AsyncDisposableStack();
  const ground = openGround(resources);
  const kernel = { id: "kernel", available: true, detail: `Linux ${Deno.osRelease()} on ${Deno.build.arch}` };
  return [kernel, ...trialsFor(ground.restrictions).map((trial) => measure(trial, ground))];
}

/** Whether eBPF programs can run, by what {@link readCapabilities} found. */
export function isReady(capabilities: readonly Capability[]): boolean {
  const available = new Set(capabilities.filter((capability) => capability.available).map(({ id }) => id));
  return NEEDED.every((id) => available.has(id));
}

function measure(trial: Trial, ground: Ground): Capability {
  const { id, instead, fix } = trial;
  try {
    return { id, available: true, detail: trial.run(ground) };
  } catch (error) {
    const cause = causeOf(error, trial, ground);
    if (cause !== undefined) {
      const { reason, fix } = cause.kind === "lack" ? AS_PRIVILEGES : cause;
      return { id, available: false, detail: `${stepOf(error)}: ${reason}`, instead, fix };
    }
    const better_fix = error instanceof TracefsError
      ? error.hint
      : error instanceof Unavailable
      ? error.fix
      : undefined;
    return { id, available: false, detail: reasonOf(error), instead, fix: better_fix ?? fix };
  }
}

function openGround(resources: AsyncDisposableStack): Ground {
  const restrictions = readRestrictions();
  return {
    restrictions,
    libc: once(() => {
      const libc = resources.use(new Libc());
      if (mapsAreLockedMemory(restrictions.release)) libc.raiseLockedMemoryLimit(); // as a session does
      return libc;
    }),
    closer: once(() => resources.use(new SlowCloser())),
    tracefs: once(() => resources.use(openTracefs())),
    btf: once(() => Deno.readFileSync(BTF_PATH)),
  };
}

/** The same value, or the same error, at every call. */
function once<T>(open: () => T): () => T {
  let result: { readonly value: T } | { readonly error: unknown } | undefined;
  return () => {
    if (result === undefined) {
      try {
        result = { value: open() };
      } catch (error) {
        result = { error };
      }
    }
    if ("error" in result) throw result.error;
    return result.value;
  };
}

function causeOf(error: unknown, { probe }: Trial, { restrictions }: Ground): Cause | undefined {
  if (error instanceof Unavailable) return undefined;
  const { operation, errno } = refusalOf(error) ?? {};
  if (operation === undefined || errno === undefined) return undefined;
  return causeOfRefusal({ operation, errno, ...(probe === undefined ? {} : { probe }) }, restrictions);
}

/** The system call behind an error, or a file that may not be read. */
function refusalOf(error: unknown): { readonly operation: string; readonly errno: number } | undefined {
  if (error instanceof SystemError) return error;
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return { operation: "read", errno: EACCES };
  }
  return error instanceof Error ? refusalOf(error.cause) : undefined;
}

function stepOf(error: unknown): string {
  return error instanceof SystemError ? failed(error) : "not permitted";
}

function failed({ operation, errno }: SystemError): string {
  const known = errnoOf(errno);
  return `${operation} failed with ${known === undefined ? `errno ${errno}` : `${known.name} (${known.meaning})`}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof SystemError) return failed(error);
  if (error instanceof Deno.errors.NotFound) return `this kernel does not have it (${error.message})`;
  return error instanceof Error ? error.message : String(error);
}

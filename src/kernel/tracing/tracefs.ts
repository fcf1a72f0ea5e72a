/** Where tracefs is; mounted for this process alone when it is nowhere. */
import { Libc, SystemError } from "../../ffi/libc.ts";
import { tracefsHas, type TracefsRoot } from "./tracefs_files.ts";

/** Kernel's usual places (Documentation/trace/ftrace.rst). */
const PLACES = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** tracefs, open until disposed. */
export interface TracefsHandle extends TracefsRoot, Disposable {
  /** `private`: mounted where only this process sees it, gone with it; the host is not changed. */
  readonly how: "mounted" | "private";
}

/** tracefs cannot be had: why, and what to do. */
export class TracefsError extends Error {
  override readonly name = "TracefsError";
  constructor(message: string, readonly hint: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * Finds tracefs, or mounts it detached (fsopen(2), Linux 5.2): no path of the host leads to it.
 *
 * @throws {TracefsError}
 */
export function openTracefs(): TracefsHandle {
  let refused: unknown;
  for (const root of PLACES) {
    try {
      if (tracefsHas({ root }, "events")) return { root, how: "mounted", [Symbol.dispose]: () => {} };
    } catch (error) {
      refused = error; // mounted, and not for this user
    }
  }
  if (refused !== undefined) throw unreadable(refused);
  return mountPrivately();
}

function mountPrivately(): TracefsHandle {
  using stack = new DisposableStack();
  const libc = stack.use(new Libc());
  try {
    const fd = libc.mountDetached("tracefs");
    stack.defer(() => libc.close(fd));
    const resources = stack.move();
    return { root: `/proc/self/fd/${fd}`, how: "private", [Symbol.dispose]: () => resources.dispose() };
  } catch (error) {
    throw error instanceof SystemError ? unmountable(error) : error;
  }
}

function unreadable(cause: unknown): TracefsError {
  return new TracefsError(
    "tracefs cannot be read: it is open to root only.",
    "Run ktriage as root (sudo), or with CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH.",
    { cause },
  );
}

function unmountable(cause: SystemError): TracefsError {
  const EPERM = 1, ENODEV = 19;
  const because = { cause };
  if (cause.errno === ENODEV) {
    return new TracefsError(
      "this kernel has no tracefs (CONFIG_FTRACE is off).",
      "Commands and /proc still work.",
      because,
    );
  }
  const why = cause.errno === EPERM
    ? "this process may not mount it (CAP_SYS_ADMIN)"
    : `mounting it privately failed (${cause.message})`;
  return new TracefsError(
    `tracefs is not mounted, and ${why}.`,
    "As root: mount -t tracefs nodev /sys/kernel/tracing",
    because,
  );
}

/**
 * The hidden helper: a process that gives up what a command does not need, and becomes the command.
 *
 * ktriage starts it ahead. It reads its instructions from standard input as one line of JSON, answers with one line on
 * standard output when every layer is on, waits for a byte, and executes the shell in its place.
 */
import { addressList, SystemCalls } from "../../ffi/confine.ts";
import { SystemError } from "../../ffi/libc.ts";
import { reduceCapabilities } from "./capabilities.ts";
import { compileFilter } from "./filter.ts";
import { type Answer, type Instructions, SHELL } from "./instructions.ts";
import { confineWrites, TRUNCATE_ABI } from "./landlock.ts";
import { applyLimits, lowerPriority } from "./limits.ts";
import { rulesFor } from "./rules.ts";

const PR_SET_PDEATHSIG = 1, PR_SET_NO_NEW_PRIVS = 38, SIGKILL = 9;
const SECCOMP_SET_MODE_FILTER = 1, FLAG_NEW_LISTENER = 8, FLAG_WAIT_KILLABLE = 32;
const EBUSY = 16;
const O_RDONLY = 0, AT_FDCWD = -100;
const CLOSE_RANGE_CLOEXEC = 4, F_SETFD = 2, FD_CLOEXEC = 1;

/** Never returns: the process becomes the command, or ends. */
export function becomeCommand(): never {
  // never disposed of: the process is replaced
  const system = new SystemCalls();
  system.call("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const text = readLine(system);
  if (text === "") Deno.exit(0); // ktriage has no use for it any more, or is gone
  const instructions = JSON.parse(text) as Instructions;
  try {
    const listener = confine(system, instructions);
    answer(system, listener === undefined ? { ok: true } : { ok: true, listener });
  } catch (error) {
    const step = error instanceof SystemError ? `${error.operation} (errno ${error.errno})` : String(error);
    const broker_taken = instructions.plan.writes === "broker" && error instanceof SystemError &&
      error.operation === "seccomp" && error.errno === EBUSY;
    answer(system, { ok: false, step, broker_taken });
    Deno.exit(125);
  }
  if (system.attempt("read", 0, new Uint8Array(1), 1) !== 1) Deno.exit(0);
  const error = execute(system, instructions);
  return Deno.exit(error === 0 ? 0 : 126);
}

/** @returns the listener of the filter, when it has one */
function confine(system: SystemCalls, instructions: Instructions): number | undefined {
  const { plan, needs, directory, devices, kept } = instructions;
  applyLimits(system, instructions);
  system.restoreBrokenPipeSignal();
  system.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (plan.writes === "landlock") {
    const keeps_abstract_sockets = !needs.local_sockets;
    confineWrites(system, { abi: plan.landlock_abi, directory, files: devices, keeps_abstract_sockets });
  }
  reduceCapabilities(system, BigInt(kept));
  closeOnExecute(system);
  if (!plan.seccomp) return undefined;
  const writes = plan.writes === "broker" ? "broker" : "landlock";
  const truncation_seen = plan.landlock_abi >= TRUNCATE_ABI;
  const { signals_scoped, one_session } = plan;
  const filter = compileFilter(rulesFor({ needs, writes, truncation_seen, signals_scoped, one_session }));
  // struct sock_fprog: the length, then at 8 the address
  const program = new Uint8Array(addressList([filter]).buffer.slice(0, 8));
  const whole = new Uint8Array(16);
  new DataView(whole.buffer).setUint16(0, filter.length / 8, true);
  whole.set(program, 8);
  return install(system, { program: whole, asks: writes === "broker" });
}

/** @returns the listener of the filter, when it asks */
function install(
  system: SystemCalls,
  { program, asks }: { readonly program: Uint8Array<ArrayBuffer>; readonly asks: boolean },
): number | undefined {
  if (!asks) {
    system.call("seccomp", SECCOMP_SET_MODE_FILTER, 0, program);
    return undefined;
  }
  // without the second flag, which is Linux 5.19's, a signal can interrupt a call that waits for the broker
  const listener = system.attempt("seccomp", SECCOMP_SET_MODE_FILTER, FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE, program);
  if (listener >= 0) return listener;
  return system.call("seccomp", SECCOMP_SET_MODE_FILTER, FLAG_NEW_LISTENER, program);
}

/** Descriptors other than 0, 1 and 2 end with the helper. */
function closeOnExecute(system: SystemCalls): void {
  if (system.attempt("close_range", 3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC) === 0) return;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    if (Number(name) > 2) system.attempt("fcntl", Number(name), F_SETFD, FD_CLOEXEC);
  }
}

function execute(system: SystemCalls, { line, environment }: Instructions): number {
  const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`${value}\0`);
  const nothing = system.attempt("openat", AT_FDCWD, text("/dev/null"), O_RDONLY);
  system.attempt("dup3", nothing, 0, 0);
  system.attempt("fcntl", nothing, F_SETFD, FD_CLOEXEC);
  const args = ["sh", "-c", line].map(text);
  const variables = Object.entries(environment).map(([name, value]) => text(`${name}=${value}`));
  lowerPriority(system);
  return system.attempt("execve", text(SHELL), addressList(args), addressList(variables));
}

function readLine(system: SystemCalls): string {
  const decoder = new TextDecoder();
  for (let text = "";;) {
    const part = new Uint8Array(65_536);
    const length = system.attempt("read", 0, part, part.length);
    if (length <= 0) return "";
    text += decoder.decode(part.subarray(0, length), { stream: true });
    if (text.endsWith("\n")) return text;
  }
}

function answer(system: SystemCalls, what: Answer): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(what)}\n`);
  system.attempt("write", 1, bytes, bytes.length);
}

if (import.meta.main) becomeCommand();

/**
 * The hidden worker of `ktriage self-test`: does small, known things when it is told to, and says what it did. It is
 * started before anything traces, as a process of the host would be: what ktriage starts later is its own, and not traced.
 */
import { SystemCalls } from "../ffi/confine.ts";
import { KnownCalls } from "../ffi/known_calls.ts";
import { cString } from "../ffi/libc.ts";
import { shownPid } from "../kernel/host/itself.ts";
import { type Deeds, DIRECTORY_FD, OPENS, OTHER_NAME, WORKER_NAME } from "./deeds.ts";

const PR_SET_PDEATHSIG = 1, PR_SET_NAME = 15, SIGKILL = 9;
const O_RDONLY = 0;

/** Never returns: the process ends with its standard input. */
export function becomeWorker(): never {
  // never disposed of: the process ends
  const system = new SystemCalls(), known = new KnownCalls();
  system.call("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  system.call("prctl", PR_SET_NAME, cString(WORKER_NAME));
  const line = new Uint8Array(64);
  for (let round = 1; (Deno.stdin.readSync(line) ?? 0) > 0; round++) {
    const deeds = work({ system, known, round });
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(deeds)}\n`));
  }
  return Deno.exit(0);
}

interface Tools {
  readonly system: SystemCalls;
  readonly known: KnownCalls;
  readonly round: number;
}

function work({ system, known, round }: Tools): Deeds {
  const paths = Array.from({ length: OPENS }, (_, i) => `/ktriage-self-test/${Deno.pid}/${round}/${i}`);
  const text = String(4711 + round);
  const results = paths.map((path) => system.attempt("openat", DIRECTORY_FD, cString(path), O_RDONLY));
  const numbers = paths.map(() => known.numberIn(text));
  for (const name of [OTHER_NAME, WORKER_NAME]) system.call("prctl", PR_SET_NAME, cString(name));
  return {
    pid: shownPid(),
    user_id: Deno.uid() ?? 0,
    paths,
    opened: Math.max(...results),
    names: [WORKER_NAME, OTHER_NAME, WORKER_NAME],
    text,
    number: Math.max(...numbers),
  };
}

if (import.meta.main) becomeWorker();

/** When a pipe to a helper broke: the kernel sends SIGPIPE for it, which must not be taken for a reader that is gone. */

/** On a host that is very busy, a process learns of its signals so much later than of its writes. */
const LATE_MS = 10_000;

let broke_at = -Infinity;
let writers = 0;

/** To be told by who writes to a child that has ended. */
export function notePipeBroke(): void {
  broke_at = performance.now();
}

/** To be held by who writes to a child: the signal may come before the write is known to have failed. */
export function writeToChild(): Disposable {
  writers++;
  return { [Symbol.dispose]: () => void writers-- };
}

/** @param time as of performance.now(), when the signal came */
export function pipeBrokeSince(time: number): boolean {
  return writers > 0 || broke_at >= time - LATE_MS;
}

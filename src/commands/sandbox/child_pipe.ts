/** When a pipe to a helper broke: the kernel sends SIGPIPE for it, which must not be taken for a reader that is gone. */
let broke_at = -Infinity;

/** To be told by who writes to a child that has ended. */
export function notePipeBroke(): void {
  broke_at = performance.now();
}

/** @param time as of performance.now() */
export function pipeBrokeSince(time: number): boolean {
  return broke_at >= time;
}

/** Does anybody still read what a descriptor is written to? */
import { SystemCalls } from "./confine.ts";

const POLLERR = 8, POLLHUP = 0x10;

/** True for a pipe or a socket whose other end is closed, and a terminal that is; never for a file. */
export function isReaderGone(fd: number): boolean {
  using system = new SystemCalls();
  const poll = new Int32Array([fd, 0]);
  const at_once = new Uint8Array(16);
  system.attempt("ppoll", new Uint8Array(poll.buffer), 1, at_once, 0, 0);
  return ((poll[1] ?? 0) >>> 16 & (POLLERR | POLLHUP)) !== 0;
}

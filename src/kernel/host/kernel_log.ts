/** The kernel's log: /dev/kmsg, a record a read. */
import { closeSync, constants, openSync, readSync } from "node:fs";

const KERNEL_LOG = "/dev/kmsg";
/** No record is longer (PRINTKRB_RECORD_MAX, CONSOLE_EXT_LOG_MAX: 8 KiB). */
const RECORD_BYTES = 64 << 10;

const decoder = new TextDecoder();

/**
 * Every record that the kernel still has, `<priority>,<sequence>,<microseconds>,<flags>;<message>` and a line feed.
 *
 * @returns undefined where there is no such file
 * @throws {Deno.errors.PermissionDenied | Error} it may not be read: kernel.dmesg_restrict
 * @see Documentation/ABI/testing/dev-kmsg
 */
export function readKernelLog(): string | undefined {
  let fd;
  try {
    // without O_NONBLOCK the last read would wait for the next message
    fd = openSync(KERNEL_LOG, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const buffer = new Uint8Array(RECORD_BYTES), records = [];
    for (;;) {
      const record = nextRecord(fd, buffer);
      if (record === undefined) return records.join("");
      records.push(record);
    }
  } finally {
    closeSync(fd);
  }
}

/** Undefined at the end. Empty when records were overwritten before they could be read: the next one follows. */
function nextRecord(fd: number, buffer: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return decoder.decode(buffer.subarray(0, readSync(fd, buffer)));
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return undefined;
    if (codeOf(error) === "EPIPE") return "";
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

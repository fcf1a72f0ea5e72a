/** What the kernel knows about its clock: adjtimex(2), asked without changing anything. */
import { clockSymbols } from "./libc_symbols.ts";

/** sizeof(struct timex) on 64-bit Linux, and where its fields lie: include/uapi/linux/timex.h. */
const TIMEX_BYTES = 208;
const OFFSET_AT = 8, MAXERROR_AT = 24, STATUS_AT = 40;
const STA_UNSYNC = 0x40, STA_NANO = 0x2000;

export interface KernelClock {
  /** STA_UNSYNC is not set: some program keeps the clock right, and has said so in the last hours. */
  readonly synchronised: boolean;
  /** What the program that keeps the clock right still has to correct. */
  readonly offset_s: number;
  /** How wrong it may be; grows by 500 ppm while nobody speaks to the kernel. */
  readonly max_error_s: number;
}

/** Undefined where the kernel does not answer (a seccomp filter, another architecture's layout). */
export function readKernelClock(): KernelClock | undefined {
  const lib = Deno.dlopen("libc.so.6", clockSymbols);
  try {
    const timex = new DataView(new ArrayBuffer(TIMEX_BYTES)); // modes 0: only read
    if (lib.symbols.adjtimex(timex.buffer) < 0) return undefined;
    const status = timex.getInt32(STATUS_AT, true);
    const per_s = (status & STA_NANO) === 0 ? 1e6 : 1e9;
    return {
      synchronised: (status & STA_UNSYNC) === 0,
      offset_s: Number(timex.getBigInt64(OFFSET_AT, true)) / per_s,
      max_error_s: Number(timex.getBigInt64(MAXERROR_AT, true)) / 1e6,
    };
  } finally {
    lib.close();
  }
}

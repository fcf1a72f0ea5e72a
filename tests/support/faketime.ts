/** Programs behind another clock: libfaketime answers for CLOCK_REALTIME, and timers stay as they are. */
const LIBRARY = `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketime.so.1`;

const ALWAYS = { LD_PRELOAD: LIBRARY, FAKETIME_DONT_FAKE_MONOTONIC: "1", NO_FAKE_STAT: "1" };

/** The environment of a program whose clock is ahead of this host's, or behind it. */
export function clockAhead(ms: number): Readonly<Record<string, string>> {
  return { ...ALWAYS, FAKETIME: ahead(ms) };
}

/** The same for a program whose clock is set while it runs, by {@link ahead} in a file. */
export function clockFrom(file: string): Readonly<Record<string, string>> {
  return { ...ALWAYS, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1" };
}

/** As faketime(1) writes an offset. */
export function ahead(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${Math.abs(ms) / 1000}`;
}

/** CPUs by number. */

/**
 * A list as the kernel writes it: `0-3,8`.
 *
 * @see Documentation/admin-guide/cputopology.rst
 */
export function parseCpuList(text: string): number[] {
  return text.trim().split(",").filter((range) => range !== "").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** CPUs that run now: an event cannot be opened on another. */
export function onlineCpus(): number[] {
  return parseCpuList(Deno.readTextFileSync("/sys/devices/system/cpu/online"));
}

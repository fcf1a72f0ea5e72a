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

/** CPUs that run now: an event cannot be opened on another. Where /sys is not mounted, as /proc/stat has them. */
export function onlineCpus(): number[] {
  try {
    return parseCpuList(Deno.readTextFileSync("/sys/devices/system/cpu/online"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [...Deno.readTextFileSync("/proc/stat").matchAll(/^cpu(\d+)/gm)].map(([, cpu]) => Number(cpu));
  }
}

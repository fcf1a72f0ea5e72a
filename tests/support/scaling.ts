/** Whether work grows as its input does: a bound that holds on any machine, however busy it is. */
import assert from "node:assert/strict";
import process from "node:process";

/** The larger input is so many times the smaller one. */
const TIMES = 6;
/** Linear work takes 6 times the CPU time, quadratic work 36 times; what is paid once, caches and the collector vary it. */
const MOST = 15;

/** Asserts that work takes CPU time as its input grows, not as its square. */
export async function assertLinear(size: number, work: (size: number) => unknown): Promise<void> {
  await work(size); // compiles what is run
  const small_ms = Math.min(await cpuTime(size), await cpuTime(size), await cpuTime(size));
  const large_ms = Math.min(await cpuTime(TIMES * size), await cpuTime(TIMES * size));
  assert.ok(large_ms < MOST * small_ms, `${small_ms} ms for ${size}, ${large_ms} ms for ${TIMES * size}`);

  async function cpuTime(of_size: number): Promise<number> {
    const before = process.cpuUsage();
    await work(of_size);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }
}

/** Every tool of the registry at once, in one session: what the kernel matrix runs on each kernel. */
import assert from "node:assert/strict";
import { Ground } from "../../src/probes/ground.ts";
import { startPrograms } from "../../src/probes/start.ts";
import { TOOL_NAMES } from "../../src/probes/tools/registry.ts";
import { type EbpfResult, ebpfResult } from "../../src/protocol/mod.ts";
import { Workload } from "../support/workload.ts";

/** A port where nothing listens. */
const CLOSED_PORT = "9";
/** What all tools together are shown: each line is a process that does so. */
const WORK: readonly (readonly string[])[] = [
  ["opens", "300", "/nowhere"],
  ["execs", "10"],
  ["connects", "20", CLOSED_PORT],
  ["sleeps", "20"],
  ["storm", "1"],
  ["pages", "2000"],
  ["writes", "500"],
];
/** Figures that this work cannot leave at 0, on any kernel and by any way. */
const PROVOKED: Readonly<Record<string, string>> = {
  "syscalls": "by_process",
  "run-queue-latency": "by_process",
  "cpu-time": "by_process",
  "file-errors": "by_process",
  "tcp-connections": "failures",
  "tcp-resets": "troubles",
};

async function runAll(): Promise<readonly EbpfResult[]> {
  await using stack = new AsyncDisposableStack();
  const workloads = await Promise.all(WORK.map((work) => Workload.start(work)));
  for (const workload of workloads) stack.use(workload);
  const running = await startPrograms(
    TOOL_NAMES.map((name) => ({ name: name.replaceAll("-", "_"), type: "tool" as const, target: name, duration: 300 })),
  );
  await Promise.all(workloads.map((workload) => workload.go()));
  running.stop();
  const results = await running.results;
  return running.starts.map(({ key }) => results[key]!);
}

Deno.test("every tool answers on this kernel, all of them at once, and leaves no descriptor", async (t) => {
  const ground = await Ground.open(); // what the first session loads and keeps
  if (!("error" in ground)) ground[Symbol.dispose]();
  const before = openFiles();
  const results = await runAll();
  assert.deepEqual(openFiles(), before);
  for (const [i, name] of TOOL_NAMES.entries()) {
    const result = results[i]!;
    const way = result.attached_as ?? result.reading?.source ?? result.error;
    await t.step(`${name}: ${way}`, () => {
      assert.equal(result.error, undefined, `${result.error} ${result.hint}`);
      assert.ok(result.reading !== undefined && result.summary !== "");
      ebpfResult.parse(result); // as the schema says: every figure is a number, every event whole
      const cells = result.reading.tables.flatMap(({ columns, rows }) =>
        rows.map((row) => row.length - columns.length)
      );
      assert.ok(cells.every((excess) => excess === 0), "a row has as many cells as there are columns");
      const table = result.reading.tables.find(({ name: table }) => table === PROVOKED[name]);
      assert.ok(!Object.hasOwn(PROVOKED, name) || (table?.rows.length ?? 0) > 0, `${name} saw nothing`);
      const ids = result.reading.tables.flatMap(({ columns, rows }) => {
        const at = columns.findIndex(({ name }) => name === "process_id");
        return at < 0 ? [] : rows.map((row) => row[at]);
      });
      assert.ok(!ids.includes(Deno.pid), "ktriage itself is in no row");
    });
  }
});

Deno.test("a tool that nobody knows is an error with the nearest names, and the others run", async () => {
  const program = (name: string, target: string) => ({ name, type: "tool" as const, target, duration: 1 });
  const running = await startPrograms([program("a", "cpu-tiem"), program("b", "cpu-time")]);
  running.stop();
  const results = await running.results;
  const [wrong, right] = running.starts.map(({ key }) => results[key]!);
  assert.match(wrong?.error ?? "", /Cannot run the tool cpu-tiem/);
  assert.match(wrong?.hint ?? "", /Nearest: cpu-time/);
  assert.equal(right?.error, undefined);
});

/** Kinds of descriptors that this process has open, by how many there are. */
function openFiles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      const kind = Deno.readLinkSync(`/proc/self/fd/${name}`).replace(/:\[\d+\]$/, "");
      if (kind.startsWith("/proc/")) continue; // the folder that is read here
      counts[kind] = (counts[kind] ?? 0) + 1;
    } catch { /* it was open for the listing only */ }
  }
  return counts;
}

/**
 * Traces from inside a pid namespace: run there by tests/kernel_bpf/container_test.ts. Prints a line when it traces,
 * waits for one, and prints the results as JSON. Meanwhile it and a child of it open files, which must not be seen.
 *
 * Arguments: how the names of the workloads begin, and the id that two programs filter by; or the programs as JSON.
 */
import { startPrograms } from "../../src/probes/start.ts";
import { stringify } from "../../src/protocol/mod.ts";
import { Workload } from "./workload.ts";

const [prefix = "", pid = ""] = Deno.args;
const openat = { type: "tracepoint" as const, target: "syscalls/sys_enter_openat", duration: 60 };
const comm = `${prefix}*`;
const running = await startPrograms(
  prefix.startsWith("[") ? JSON.parse(prefix) : [
    { ...openat, name: "by_name", filters: { comm } },
    { ...openat, name: "by_pid", filters: { comm, pid: Number(pid) } },
    { ...openat, name: "by_tid", filters: { comm, tid: Number(pid) } },
    { ...openat, name: "tracer", filters: { comm: Deno.readTextFileSync("/proc/self/comm").trim() } },
  ],
  { rate_per_s: 0 },
);
await Deno.stdout.write(new TextEncoder().encode("tracing\n"));
await Deno.stdin.read(new Uint8Array(16));
{
  await using own = await Workload.start(["opens", "50", "/nowhere/own"], {
    name: `${prefix.replace(/\W.*/, "")}_own`,
  });
  await own.go();
}
try {
  Deno.openSync("/nowhere/tracer");
} catch { /* it is not there */ }
running.stop();
const results = await running.results;
await Deno.stdout.write(new TextEncoder().encode(stringify(running.starts.map(({ key }) => results[key]))));

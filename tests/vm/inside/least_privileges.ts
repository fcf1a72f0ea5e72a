/** Runs where kernel.perf_event_paranoid is at first Debian's 3, as root, who starts ktriage as somebody else. */
import assert from "node:assert/strict";
import { type Check, parse, results } from "../../../src/protocol/mod.ts";
import { ktriage, startKtriage } from "../../support/cli.ts";
import { Workload } from "../../support/workload.ts";

const PARANOID = "/proc/sys/kernel/perf_event_paranoid";
/** What `ktriage check` asks for where the kernel is not paranoid; `cli.ts` adds CAP_DAC_READ_SEARCH. */
const LEAST = ["bpf", "perfmon"];
const N = 20;

async function checkWith(capabilities: readonly string[]): Promise<Check> {
  return JSON.parse((await ktriage(["check", "--json"], { capabilities })).stdout) as Check;
}

function privilegesOf({ host }: Check): string {
  return host.capabilities.find(({ id }) => id === "privileges")!.detail;
}

Deno.test("where perf events are for administrators, check asks for CAP_SYS_ADMIN or the setting", async () => {
  await Deno.writeTextFile(PARANOID, "3");
  const check = await checkWith(LEAST);
  assert.equal(check.ready, false);
  assert.match(privilegesOf(check), /lacks CAP_SYS_ADMIN \(kernel\.perf_event_paranoid is 3\)/);
});

Deno.test("each of the least capabilities is needed, and asked for by its name", async () => {
  await Deno.writeTextFile(PARANOID, "2");
  assert.equal((await checkWith(LEAST)).ready, true);
  for (const name of LEAST) {
    const check = await checkWith(LEAST.filter((other) => other !== name));
    assert.equal(check.ready, false, name);
    assert.match(privilegesOf(check), new RegExp(`lacks CAP_${name.toUpperCase()}$`));
  }
});

Deno.test("with the least capabilities tracepoints and functions of the kernel are traced", async () => {
  await Deno.writeTextFile(PARANOID, "2");
  await using reads = await Workload.start(["reads", String(N)], { name: "reads" });
  const filters = { comm: "reader" };
  const ebpf_programs = ["tracepoint:read", "kprobe:vfs_read", "kretprobe:vfs_read"].map((asked) => {
    const [type, target] = asked.split(":");
    return { name: asked, type, target, duration: 60, filters };
  });
  const commands = [{ id: "started", command: "uptime" }];
  const stdin = JSON.stringify({ response_type: "diagnostic", commands, ebpf_programs });
  const running = startKtriage(["run", "-"], { stdin, capabilities: LEAST });
  await running.said("command started"); // commands run once the programs trace
  assert.equal(await reads.go(), N);
  running.kill("SIGINT");
  const { stdout, stderr } = await running.finished;
  const { ebpf_results } = results.parse(parse(stdout));
  for (const { target, error, event_count } of Object.values(ebpf_results)) {
    assert.equal(error, undefined, stderr);
    assert.equal(event_count, N, target);
  }
});

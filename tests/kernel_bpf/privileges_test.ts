import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Check, type EbpfResult, parse, results } from "../../src/protocol/mod.ts";
import { ktriage, startKtriage } from "../support/cli.ts";
import { compiled, Workload } from "../support/workload.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const N = 100;

async function checkWith(capabilities: readonly string[]): Promise<Check> {
  return JSON.parse((await ktriage(["check", "--json"], { capabilities })).stdout) as Check;
}

let asked: Promise<readonly string[]> | undefined;

/** What `ktriage check` asks for when it has only what it needs to read files, as setpriv(1) names it. */
function askedFor(): Promise<readonly string[]> {
  return asked ??= readAsked();
}

async function readAsked(): Promise<readonly string[]> {
  const { host } = await checkWith([]);
  const { fix = "" } = host.capabilities.find(({ id }) => id === "privileges")!;
  const [, names = ""] = / grant (.*) \(AmbientCapabilities=/.exec(fix) ?? [];
  return names.split(", ").map((name) => name.replace("CAP_", "").toLowerCase());
}

/** Runs one program with these capabilities while a process opens N files. */
async function runWith(
  capabilities: readonly string[],
  program: { readonly type: string; readonly target: string },
): Promise<EbpfResult> {
  await using workload = await Workload.start(["opens", String(N), "/nowhere"], { name: "least_opens" });
  const ebpf_programs = [{ name: "asked", duration: 60, filters: { comm: "least_opens" }, ...program }];
  const commands = [{ id: "started", command: "uptime" }];
  const stdin = JSON.stringify({ response_type: "diagnostic", commands, ebpf_programs });
  const running = startKtriage(["run", "-"], { stdin, capabilities });
  await running.said("command started"); // commands run once the programs trace
  await workload.go();
  running.kill("SIGINT");
  const { stdout } = await running.finished;
  return Object.values(results.parse(parse(stdout)).ebpf_results)[0]!;
}

Deno.test("ktriage check asks a user for exactly the capabilities that suffice", async () => {
  const least = await askedFor();
  const check = await checkWith(least);
  assert.equal(check.ready, true, JSON.stringify(check.host.capabilities));
  for (const name of least) {
    assert.equal((await checkWith(least.filter((other) => other !== name))).ready, false, name);
  }
});

Deno.test("with the capabilities that check asks for every hit of a tracepoint is counted", async () => {
  const { error, event_count } = await runWith(await askedFor(), {
    type: "tracepoint",
    target: "syscalls/sys_enter_openat",
  });
  assert.deepEqual([error, event_count], [undefined, N]);
});

Deno.test("a user without CAP_SYS_ADMIN is told that functions of programs need it", async () => {
  const least = await askedFor();
  const { error = "", hint = "" } = await runWith(least, { type: "uprobe", target: "libc:getppid" });
  if (least.includes("sys_admin")) assert.doesNotMatch(hint, /CAP_/); // a kernel on which everything needs it
  else {
    assert.match(error, /^Cannot attach uprobe/);
    assert.match(hint, /Functions of programs need CAP_SYS_ADMIN, which this process lacks: run ktriage as root/);
  }
});

Deno.test("under a seccomp filter ktriage trace names it, and says what still works", async () => {
  const args = [Deno.execPath(), "run", "-A", "--no-check", MAIN, "trace", "syscalls/sys_enter_openat"];
  const { code, stderr } = await new Deno.Command(await compiled("refuse_bpf"), { args }).output();
  const said = new TextDecoder().decode(stderr).replaceAll(/\s+/g, " ");
  assert.equal(code, 1, said);
  assert.match(said, /create map events failed with EPERM \(Operation not permitted\)/);
  assert.match(said, /a seccomp filter, which probably refuses it: allow bpf and perf_event_open/);
  assert.match(said, /Commands and \/proc still work/);
});

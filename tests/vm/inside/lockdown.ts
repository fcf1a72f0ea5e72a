/** Runs as root where the kernel lets itself be locked down, which lasts until it is booted again. */
import assert from "node:assert/strict";
import type { Check } from "../../../src/protocol/mod.ts";
import { ktriage } from "../../support/cli.ts";

const MODE = "/sys/kernel/security/lockdown";

async function check(): Promise<Check> {
  return JSON.parse((await ktriage(["check", "--json"])).stdout) as Check;
}

Deno.test('lockdown "integrity" takes nothing away', async () => {
  await Deno.writeTextFile(MODE, "integrity");
  const { ready, host } = await check();
  assert.equal(ready, true);
  assert.deepEqual(host.capabilities.filter(({ available }) => !available), []);
});

Deno.test('lockdown "confidentiality" is named as what forbids eBPF programs, and what still works is said', async () => {
  await Deno.writeTextFile(MODE, "confidentiality");
  const { ready, host } = await check();
  assert.equal(ready, false);
  const { detail = "", fix, instead } = host.capabilities.find(({ id }) => id === "kernel_memory")!;
  assert.match(detail, /kernel lockdown is "confidentiality"/);
  assert.deepEqual([fix, instead], [
    "boot with lockdown=integrity, or none",
    "commands and /proc only: no eBPF program runs",
  ]);
  const { code, stderr } = await ktriage(["trace", "syscalls/sys_enter_openat"]);
  assert.equal(code, 1);
  assert.match(stderr.replaceAll(/\s+/g, " "), /Kernel lockdown is "confidentiality".*Commands and \/proc still work/);
});

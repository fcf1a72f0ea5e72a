import assert from "node:assert/strict";
import { openKernelBtf } from "../../../src/kernel/btf/mod.ts";
import { equivalentsOf, hostFunctions, mayProbe, resolveFunction } from "../../../src/kernel/functions/mod.ts";

const found = openKernelBtf();
const btf = found.ok ? found.btf : undefined;
const host = hostFunctions({ tracefs: { root: "/sys/kernel/tracing" }, btf });

Deno.test("hostFunctions() knows the functions of the running kernel", () => {
  assert.ok((host.symbols("tcp_connect") ?? []).some(({ is_global }) => is_global));
  assert.deepEqual(host.symbols("tcp_conect"), []);
  assert.equal(host.hasBtf("tcp_connect"), true);
  assert.equal(host.hasBtf("tcp_conect"), false);
  assert.equal(host.hasBtf("tcp_connect", "no_such_module"), undefined);
  assert.equal(host.isBlacklisted("tcp_connect"), false);
  const names = new Set(Iterator.from(host.matching("*")).map(({ name }) => name));
  assert.ok(names.size > 10_000 && names.has("tcp_connect") && names.has("kernel_clone"));
});

Deno.test("hostFunctions() asks the kernel what can be traced, where it tells", () => {
  const known = host.isTraceable("tcp_connect"), unknown = host.isTraceable("tcp_conect");
  assert.ok(known === true && unknown === false || known === undefined && unknown === undefined);
  assert.equal(host.isTraceable("tcp_connect"), known);
});

Deno.test("hostFunctions() without tracefs cannot tell what can be traced", () => {
  assert.equal(hostFunctions({ tracefs: undefined, btf }).isTraceable("tcp_connect"), undefined);
});

Deno.test("every function of the contract is found on the running kernel, or has an equivalent", () => {
  for (
    const name of [
      "tcp_connect",
      "tcp_sendmsg",
      "do_fork",
      "vfs_read",
      "vfs_write",
      "schedule",
      "__alloc_pages_nodemask",
    ]
  ) {
    const resolution = resolveFunction(name, host);
    assert.ok(resolution.kind === "function" && mayProbe(resolution), name);
    assert.ok(equivalentsOf(resolution.base_name).length > 0, name);
  }
});

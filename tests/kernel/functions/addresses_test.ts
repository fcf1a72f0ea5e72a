import assert from "node:assert/strict";
import { kernelAddresses } from "../../../src/kernel/functions/addresses.ts";

const KALLSYMS = `\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000100 T do_exit
ffffffff81000100 t do_exit_alias
ffffffff81000200 t finish_task_switch.isra.0
ffffffff81000300 t do_read.cold
ffffffff82000000 D some_data
ffffffffc0000000 t nf_hook	[nf_conntrack]
ffffffffa0000000 t bpf_prog_1234	[bpf]
`;

Deno.test("kernelAddresses() names the function that an address lies in, with its module", () => {
  const at = kernelAddresses(KALLSYMS);
  assert.deepEqual(at(0xffffffff81000100n), { name: "do_exit" }); // the first of two names
  assert.deepEqual(at(0xffffffff810001ffn), { name: "do_exit" });
  assert.deepEqual(at(0xffffffff81000204n), { name: "finish_task_switch" });
  assert.deepEqual(at(0xffffffff81000304n), { name: "do_read" });
  assert.deepEqual(at(0xffffffffc0000010n), { name: "nf_hook", module: "nf_conntrack" });
  // the text is not in the order of the addresses
  assert.deepEqual(at(0xffffffffa0000010n), { name: "bpf_prog_1234", module: "bpf" });
});

Deno.test("kernelAddresses() does not guess", () => {
  const at = kernelAddresses(KALLSYMS);
  assert.equal(at(0x7f0000000000n), undefined); // a program's
  assert.equal(at(0xffffffff82000000n), undefined); // data, far behind the last function
  assert.equal(kernelAddresses("")(1n), undefined);
  const hidden = KALLSYMS.replaceAll(/^[0-9a-f]{16}/gm, "0".repeat(16));
  assert.equal(kernelAddresses(hidden)(0xffffffff81000100n), undefined);
});

Deno.test("kernelAddresses() finds this kernel's own functions again", () => {
  const kallsyms = Deno.readTextFileSync("/proc/kallsyms");
  const [, address, name] = /^(\w{16}) T (vfs_read)$/m.exec(kallsyms)!;
  if (/^0+$/.test(address!)) return; // hidden from this user
  const at = kernelAddresses(kallsyms);
  assert.deepEqual([0n, 8n].map((offset) => at(BigInt(`0x${address}`) + offset)?.name), [name, name]);
});

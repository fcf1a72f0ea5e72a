import assert from "node:assert/strict";
import { readMachine, startTicks } from "../../../src/kernel/host/machine.ts";

const ID = "0123456789abcdef0123456789abcdef";

function files(entries: Readonly<Record<string, string>>): (path: string) => string | undefined {
  return (path) => entries[path];
}

Deno.test("readMachine() tells hosts and boots apart, and never the machine's id", async () => {
  const read = (id: string) =>
    readMachine(files({ "/etc/machine-id": `${id}\n`, "/proc/sys/kernel/random/boot_id": "b\n" }));
  const one = await read(ID);
  assert.equal(one.boot_id, "b");
  assert.match(one.host_id!, /^[0-9a-f]{32}$/);
  assert.notEqual(one.host_id, ID);
  assert.deepEqual(await read(ID), one);
  assert.notEqual((await read(ID.replace("0", "f"))).host_id, one.host_id);
  assert.deepEqual(await readMachine(files({ "/etc/machine-id": "uninitialized\n" })), {});
});

Deno.test("startTicks() is of one process, and of none where there is none", () => {
  assert.equal(startTicks(Deno.pid), startTicks(Deno.pid));
  assert.notEqual(startTicks(Deno.pid), startTicks(1));
  assert.equal(startTicks(2 ** 30), undefined);
});

import assert from "node:assert/strict";
import { parseListeners } from "../../../src/kernel/host/listeners.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

Deno.test("parseListeners() reads address, port, queue and inode of listening sockets, and stops behind the last", () => {
  const text = HEAD +
    "   0: 0100007F:0FA0 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n" +
    "   1: 0100007F:0FA0 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n" +
    "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n";
  assert.deepEqual(parseListeners(text), [{ address: "127.0.0.1", port: 4000, waiting: 3, inode: 4711 }]);
});

Deno.test("parseListeners() reads IPv6", () => {
  const text = HEAD +
    "   0: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:0000000A 00:00000000 00000000    33        0 99 1 0\n";
  assert.deepEqual(parseListeners(text), [{ address: "2001:db8::1", port: 80, waiting: 10, inode: 99 }]);
});

Deno.test("parseListeners() leaves a cut line out, and no text throws", () => {
  assert.deepEqual(parseListeners(HEAD + "   0: 0100007F:0FA0 0000"), []);
  assert.deepEqual(parseListeners(""), []);
  assert.deepEqual(parseListeners("nonsense\nmore\n"), []);
});

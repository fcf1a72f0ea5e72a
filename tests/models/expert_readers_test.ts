import assert from "node:assert/strict";
import { accepts, parseListeners, parseProcSockets } from "../../src/models/expert/readers/sockets.ts";
import { fileSystemOf, parseCounters, parseCpuUse, parseDf, parsePs } from "../../src/models/expert/readers/tables.ts";
import { errorName, peerOf, signalName } from "../../src/models/expert/fields.ts";
import { procSocket } from "./expert_turns.ts";

Deno.test("parseProcSockets() reads IPv4, IPv6 and mapped addresses", () => {
  const text = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    procSocket("0100007F:1538", "00000000:0000", "0A"),
    procSocket("00000000000000000000000001000000:0050", "00000000000000000000000000000000:0000", "0A"),
    procSocket("B80D0120000000000000000001000000:0016", "0000000000000000FFFF00000200000A:01BB", "02"),
  ].join("\n");
  assert.deepEqual(
    parseProcSockets(text).map(({ local, remote, state }) => [local.address, local.port, remote.address, state]),
    [
      ["127.0.0.1", 5432, "0.0.0.0", 10],
      ["::1", 80, "::", 10],
      ["2001:db8::1", 22, "10.0.0.2", 2],
    ],
  );
});

Deno.test("accepts() knows wildcards of both families", () => {
  const peer = { address: "127.0.0.1", port: 80 };
  assert(accepts({ address: "0.0.0.0", port: 80 }, peer));
  assert(accepts({ address: "::", port: 80 }, peer));
  assert(!accepts({ address: "0.0.0.0", port: 80 }, { address: "::1", port: 80 }));
  assert(!accepts({ address: "10.0.0.1", port: 80 }, peer));
  assert(!accepts({ address: "0.0.0.0", port: 81 }, peer));
});

Deno.test("parseListeners() reads ss -ltnp with and without owners", () => {
  const text = `State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
LISTEN 3 128 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=5,fd=14))
LISTEN 0 511 [::]:80 [::]:*
LISTEN 0 511 *:443 *:*`;
  assert.deepEqual(
    parseListeners(text).map(({ local, waiting, owner }) => [local.address, local.port, waiting, owner]),
    [
      ["127.0.0.53", 53, 3, 'users:(("systemd-resolve",pid=5,fd=14))'],
      ["::", 80, 0, undefined],
      ["::", 443, 0, undefined],
    ],
  );
});

Deno.test("parseDf() reads percentages and mount points with spaces, and leaves rows without a percentage out", () => {
  const text = `Filesystem 1024-blocks Used Available Capacity Mounted on
/dev/sda1 100 99 1 99% /
tmpfs 10 0 10 0% /mnt/a b
none 0 0 0 - /odd`;
  const systems = parseDf(text);
  assert.deepEqual(systems.map(({ mount_point, used_percent }) => [mount_point, used_percent]), [["/", 99], [
    "/mnt/a b",
    0,
  ]]);
  assert.equal(fileSystemOf("/mnt/a b/c", systems)?.mount_point, "/mnt/a b");
  assert.equal(fileSystemOf("/mnt/a bc", systems)?.mount_point, "/");
});

Deno.test("parsePs(), parseCounters() and parseCpuUse() read what Linux prints", () => {
  assert.deepEqual(parsePs("    7     1 Ss    12.5  3.0 tmux: server\n"), [{
    process_id: 7,
    parent_id: 1,
    state: "Ss",
    cpu_percent: 12.5,
    memory_percent: 3,
    name: "tmux: server",
  }]);
  assert.equal(parseCounters("MemTotal:  100 kB\noom_kill 3\n").get("MemTotal"), 102_400);
  assert.equal(parseCounters("MemTotal:  100 kB\noom_kill 3\n").get("oom_kill"), 3);
  const stat = "7 (a) b (c) R 1 7 7 0 -1 4194304 0 0 0 0 900 100 0 0 20 0 1 0 5000 0 0";
  assert.deepEqual(parseCpuUse(stat, "70.00 100.00\n"), { cpu_s: 10, age_s: 20 });
  assert.equal(parseCpuUse("", ""), undefined);
});

Deno.test("fields are read by number and by name", () => {
  assert.deepEqual([errorName(-111), errorName("EACCES"), errorName(0), errorName(-4000)], [
    "ECONNREFUSED",
    "EACCES",
    undefined,
    "errno 4000",
  ]);
  assert.deepEqual([signalName(9), signalName("SIGSEGV"), signalName(64)], ["SIGKILL", "SIGSEGV", "signal 64"]);
  assert.deepEqual(peerOf({ family: 10, dport: 5, daddr_v6: "::ffff:10.0.0.1" }), { address: "10.0.0.1", port: 5 });
});

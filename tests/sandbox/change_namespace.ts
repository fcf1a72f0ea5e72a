/**
 * Tries to change what a throw-away namespace can bear, each line in the sandbox, and prints the lines that did. Started
 * with `unshare` by host_test.ts: never run it elsewhere.
 */
import { execute } from "../../src/commands/execute.ts";
import type { Layer } from "../../src/commands/sandbox/plan.ts";

const without = Deno.args as Layer[];
/** A line that changes something, and one that shows it. */
const CHANGES: readonly (readonly [change: string, state: string])[] = [
  ["ip link set lo up", "ip link show lo"],
  ["ip link add canary type dummy", "ip link | wc -l"],
  ["ip route add 10.99.0.0/16 dev lo", "ip route"],
  ["ip addr add 10.99.0.1/32 dev lo", "ip addr"],
  ["iptables -A INPUT -j DROP", "cat /proc/net/ip_tables_names 2>/dev/null; true"],
  ["sysctl -w net.ipv4.ip_forward=1", "cat /proc/sys/net/ipv4/ip_forward"],
  ["echo 1 > /proc/sys/net/ipv4/ip_forward", "cat /proc/sys/net/ipv4/ip_forward"],
  ["hostname canary", "hostname"],
  ["echo canary > /proc/sys/kernel/hostname", "hostname"],
  ["mount -t tmpfs none /mnt", "cat /proc/self/mounts"],
  ["mount -o remount,ro /", "cat /proc/self/mounts"],
  ["umount /sys", "cat /proc/self/mounts"],
  ["ipcmk -M 100; ipcrm --all=shm", "cat /proc/sysvipc/shm | cut -c1-40"],
  ["ipcmk -Q", "cat /proc/sysvipc/msg | cut -c1-40"],
];

async function state(line: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
  return new TextDecoder().decode(stdout);
}

const changed: string[] = [];
await state("ipcmk -M 64");
for (const [change, show] of CHANGES) {
  const before = await state(show);
  const { sandbox } = await execute(`${change}; true`, { without });
  if (await state(show) !== before) changed.push(`${change} (${sandbox})`);
}
// the test can fail: the same lines do change something outside of the sandbox
const proof = await state("ip link set lo up; hostname canary; hostname; ip link show lo | grep -c UP");
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify({ changed, proof })));

import assert from "node:assert/strict";
import { judge } from "../../../src/commands/mod.ts";
import { allowedPrograms, PROGRAMS } from "../../../src/commands/policy/programs/mod.ts";
import { notListed } from "../../../src/commands/policy/programs/refused.ts";
import { sqlRefusal } from "../../../src/commands/policy/sql.ts";
import type { Needs } from "../../../src/commands/needs.ts";
import { DESTRUCTIVE, READ_ONLY } from "./corpus.ts";

const PROGRAMS_AT_LEAST = 220;
/** Programs that may at most say which version they are. */
const VERSION_ONLY = ["bash", "python3", "perl", "node", "gdb", "strace", "ssh", "rsync", "make", "perf"];

function needsOf(line: string): Needs {
  const verdict = judge(line);
  assert.ok(verdict.kind !== "refused", `${line}: ${JSON.stringify(verdict)}`);
  return verdict.needs;
}

Deno.test("the table has an entry for every program that a diagnosis needs", () => {
  assert.ok(PROGRAMS.size >= PROGRAMS_AT_LEAST, `${PROGRAMS.size} programs`);
  assert.deepEqual(allowedPrograms(), [...PROGRAMS.keys()].sort());
});

Deno.test("the table has no entry for what changes things", () => {
  const never = "rm cp mv tee sh eval exec cd export trap pkill reboot mkfs mkswap telnet chmod chown ln touch svn";
  for (const name of never.split(" ")) assert.equal(PROGRAMS.has(name), false, name);
});

Deno.test("programs that run others say their version and nothing else", () => {
  for (const name of VERSION_ONLY) {
    assert.equal(judge(`${name} --version`).kind, "allowed", name);
    for (const line of [name, `${name} -c x`, `${name} /tmp/x`, `${name} --version -c x`]) {
      assert.equal(judge(line).kind, "refused", line);
    }
  }
});

Deno.test("a program that would read commands from its input is refused without arguments", () => {
  const interactive =
    "mysql psql redis-cli sqlite3 mongosh chronyc nslookup virsh ceph nginx multipath nft ipset vtysh";
  for (const name of interactive.split(" ")) {
    assert.equal(judge(name).kind, "refused", name);
    assert.equal(judge(`echo x | ${name}`).kind, "refused", name);
  }
});

Deno.test("programs refuse arguments that only show when the line runs, where one of them could do harm", () => {
  const options = ["--output=/tmp/x", "-w", "--exec", "-K", "--delete", "-delete", "set", "delete", "restart"];
  const harmless = [...PROGRAMS].filter(([, { rule }]) => rule === undefined).map(([name]) => name);
  assert.ok(harmless.length < 120, `${harmless.length} programs take any argument`);
  for (
    const name of ["systemctl", "ip", "sed", "iptables", "find", "sort", "sysctl", "mount", "nmcli", "kubectl"]
  ) {
    assert.equal(judge(`${name} $(cat /tmp/x)`).kind, "refused", name);
    assert.equal(judge(`cat /tmp/x | xargs ${name}`).kind, "refused", name);
    assert.ok(options.some((option) => judge(`${name} ${option}`).kind === "refused"), name);
  }
});

Deno.test("what an argument becomes may be unknown where it cannot be an option", () => {
  for (
    const line of [
      'journalctl -u "$unit" --no-pager',
      'systemctl status -- "$unit"',
      "docker inspect $(docker ps -q)",
      'ls /sys/class/net | while read -r i; do ethtool -S "$i"; done',
      "ls | xargs stat",
      'find /var/log -name "$name"',
    ]
  ) assert.equal(judge(line).kind, "allowed", line);
});

Deno.test("needs say what the sandbox must leave to a program", () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    "ping -c 1 127.0.0.1": ["NET_RAW"],
    "traceroute 127.0.0.1": ["NET_RAW"],
    "tcpdump -c 1 -i lo": ["NET_RAW", "NET_ADMIN"],
    "iptables -L": ["NET_ADMIN", "NET_RAW"],
    "nft list ruleset": ["NET_ADMIN", "NET_RAW"],
    "conntrack -L": ["NET_ADMIN", "NET_RAW"],
    "ethtool eth0": ["NET_ADMIN"],
    "smartctl -a /dev/sda": ["SYS_RAWIO", "SYS_ADMIN"],
    "nvme list": ["SYS_RAWIO", "SYS_ADMIN"],
    "dmsetup ls": ["SYS_ADMIN"],
    "bpftool prog show": ["BPF", "PERFMON", "SYS_ADMIN", "NET_ADMIN"],
    "cat /proc/loadavg": [],
  };
  for (const [line, capabilities] of Object.entries(expected)) {
    assert.deepEqual(needsOf(line).capabilities, capabilities, line);
  }
  assert.deepEqual(needsOf("bpftool prog show").calls, ["bpf"]);
});

Deno.test("needs name the sockets of services only where a program talks to one", () => {
  const talks =
    "systemctl status;loginctl;docker ps;podman ps;crictl ps;mysql -e 'SHOW STATUS';psql -l;redis-cli info;virsh list;" +
    "resolvectl status;timedatectl;hostnamectl;networkctl;chronyc tracking;supervisorctl status;snap list;getent passwd;id root";
  for (const line of talks.split(";")) assert.equal(needsOf(line).local_sockets, true, line);
  for (const line of ["ps aux", "df -h", "ss -tanp", "ip addr", "journalctl -n 5", "cat /etc/hosts"]) {
    assert.equal(needsOf(line).local_sockets, false, line);
  }
});

Deno.test("sqlRefusal() lets one statement that reads pass", () => {
  for (
    const sql of [
      "SELECT 1",
      "select count(*) from pg_stat_activity where state = 'active';",
      "SHOW ENGINE INNODB STATUS\\G",
      "SHOW CREATE TABLE t",
      "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t",
      "WITH x AS (SELECT 1) SELECT * FROM x",
      "PRAGMA integrity_check",
    ]
  ) assert.equal(sqlRefusal("psql", sql), undefined, sql);
});

Deno.test("sqlRefusal() refuses what writes, waits, or is more than one statement", () => {
  for (
    const sql of [
      "",
      "SELECT 1; DELETE FROM t",
      "SELECT pg_sleep(9)",
      "SELECT x INTO y FROM z",
      "EXPLAIN ANALYZE DELETE FROM t",
      "SELECT lo_export(1, '/x')",
      "SELECT 1 -- \n; DROP TABLE t",
      "SELECT/**/pg_sleep(9)",
      "PRAGMA journal_mode=OFF",
      "SHOW x; DROP TABLE t",
      "SELECT \\! rm",
    ]
  ) assert.notEqual(sqlRefusal("psql", sql), undefined, sql);
});

Deno.test("notListed() says why and what to ask instead", () => {
  for (const name of ["rm", "reboot", "atop", "ldd", "strace", "vi", "cd", "umount"]) {
    const { rule, reason, alternative = "" } = notListed(name);
    assert.match(rule, /^program\/[a-z-]+$/);
    assert.ok(reason.includes(name));
    assert.equal(judge(alternative).kind, "allowed", `${name}: ${alternative}`);
  }
  assert.deepEqual(notListed("frobnicate"), {
    rule: "program/not-listed",
    reason: "frobnicate is not on the list of programs that only read.",
  });
});

Deno.test("judge() refuses a destructive line in every wrapping, and never lets a readable line hide it", () => {
  const wrappings: readonly ((line: string) => string)[] = [
    (line) => `(${line}\n)`,
    (line) => `{ ${line}\n}`,
    (line) => `true && ${line}`,
    (line) => `${line}\ntrue`,
    (line) => `echo "$(${line}\n)"`,
    (line) => `if true; then\n${line}\nfi`,
    (line) => `for i in 1 2; do\n${line}\ndone`,
  ];
  let seed = 7;
  for (const line of DESTRUCTIVE) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const wrap = wrappings[seed % wrappings.length]!;
    const cover = READ_ONLY[seed % READ_ONLY.length]!;
    // A quote that is left open may find its partner in what is put around it.
    if (judge(line).kind === "refused" && judge(`${line}\n`).kind === "refused") {
      for (const text of [wrap(line), `${cover}\n${line}`]) {
        assert.ok(["refused", "needs_approval"].includes(judge(text).kind), text);
      }
    }
  }
});

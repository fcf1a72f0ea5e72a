import assert from "node:assert/strict";
import { assertLinear } from "../support/scaling.ts";
import { command, conclusion, hostWith, procSocket, program, resolve, turn } from "./expert_turns.ts";

const ANY = "00000000:0000";
const inet = (address: string, port: number): Record<string, unknown> => ({
  uservaddr: { family: "AF_INET", address, port },
});
const REFUSED = { ret: -111, error: "ECONNREFUSED", latency_ns: 40_000 };

Deno.test("refused() says that nothing listens only when the list of sockets shows it", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { at_s: 1, data: { ...inet("127.0.0.1", 5432), ...REFUSED } },
    { at_s: 2, data: { ...inet("127.0.0.1", 5432), ...REFUSED } },
  ]);
  const other = procSocket("0100007F:0050", ANY, "0A");
  const known = await resolve("app cannot connect", [turn([connects], [command("tcp_sockets", other)])]);
  assert.match(
    known.root_cause,
    /127\.0\.0\.1:5432 are refused.*nothing listens on 127\.0\.0\.1:5432.*app \(pid 100\).*2 attempts/,
  );
  assert.equal(known.confidence, "High");

  const listening = procSocket("00000000:1538", ANY, "0A");
  const again = await resolve("app cannot connect", [turn([connects], [command("tcp_sockets", listening)])]);
  assert.match(again.root_cause, /something listens there now/);
  assert.equal(again.confidence, "Medium");
});

Deno.test("refused() joins non-blocking connects with the socket's error", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { data: { ...inet("10.0.0.5", 6379), ret: -115, error: "EINPROGRESS", latency_ns: 9000 } },
  ]);
  const socket = { family: "AF_INET", protocol: "IPPROTO_TCP", sport: 4000, dport: 6379, daddr: "10.0.0.5" };
  const states = program("tcp_states", "sock/inet_sock_set_state", [
    { at_s: 1.01, data: { ...socket, oldstate: "TCP_SYN_SENT", newstate: "TCP_CLOSE" } },
  ]);
  const errors = program("socket_errors", "sock/inet_sk_error_report", [
    { at_s: 1.02, data: { ...socket, error: "ECONNREFUSED" } },
  ]);
  const { root_cause, findings } = await resolve("redis connection fails", [turn([connects, states, errors])]);
  assert.match(root_cause, /10\.0\.0\.5:6379 are refused/);
  assert.deepEqual(findings?.[0]?.evidence.map((key) => key.replace(/_\d+$/, "")), ["connects", "socket_errors"]);
});

Deno.test("refused() takes a refused first address for harmless when the second answers", async () => {
  const loopback6 = { uservaddr: { family: "AF_INET6", address: "::1", port: 80 } };
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { at_s: 1, data: { ...loopback6, ...REFUSED } },
    { at_s: 1.1, data: { ...inet("127.0.0.1", 80), ret: 0, latency_ns: 50_000 } },
  ]);
  const { root_cause } = await resolve("can app connect to its server?", [turn([connects])]);
  assert.match(root_cause, /^Healthy/);
});

Deno.test("refused() names a Unix socket that nobody owns, and none of the C library's", async () => {
  const unix = (path: string): { data: Record<string, unknown> } => ({
    data: { uservaddr: { family: "AF_UNIX", path }, ret: -2, error: "ENOENT" },
  });
  const connects = program("connects", "syscalls/sys_enter_connect", [
    unix("/var/run/nscd/socket"),
    unix("/run/mysqld/mysqld.sock"),
    unix("/run/mysqld/mysqld.sock"),
  ]);
  const { root_cause, findings } = await resolve("app cannot connect to mysql", [turn([connects])]);
  assert.match(root_cause, /socket \/run\/mysqld\/mysqld\.sock.*does not exist/);
  assert.doesNotMatch(JSON.stringify(findings), /nscd/);
});

Deno.test("unanswered() tells a connect that hangs, one that timed out, and one that was given up", async () => {
  const peer = inet("192.0.2.1", 443);
  const outcomes = [
    { ...peer, pending: true, latency_ns: 8_000_000_000 },
    { ...peer, ret: -110, error: "ETIMEDOUT", latency_ns: 5_000_000_000 },
  ];
  for (const data of outcomes) {
    const { root_cause } = await resolve("api calls hang", [
      turn([program("connects", "syscalls/sys_enter_connect", [{ data }])]),
    ]);
    assert.match(root_cause, /192\.0\.2\.1:443 never answers: connections by app \(pid 100\)/);
  }
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { data: { ...peer, ret: -115, error: "EINPROGRESS" } },
  ]);
  const states = program("tcp_states", "sock/inet_sock_set_state", [{
    at_s: 3,
    data: {
      family: "AF_INET",
      sport: 1,
      dport: 443,
      daddr: "192.0.2.1",
      oldstate: "TCP_SYN_SENT",
      newstate: "TCP_CLOSE",
    },
  }]);
  assert.match(
    (await resolve("api timeouts", [turn([connects, states])])).root_cause,
    /192\.0\.2\.1:443 never answers/,
  );
});

Deno.test("unanswered() does not count those that the queue still took", async () => {
  const times = [1, 2, 3, 4, 5];
  const connects = program(
    "connects",
    "syscalls/sys_enter_connect",
    times.map((at_s) => ({ at_s, data: { ...inet("127.0.0.1", 8080), ret: -115, error: "EINPROGRESS" } })),
  );
  const state = { family: "AF_INET", dport: 8080, daddr: "127.0.0.1", oldstate: "TCP_SYN_SENT" };
  const states = program(
    "tcp_states",
    "sock/inet_sock_set_state",
    [1, 2].map((at_s) => ({ at_s: at_s + 0.01, data: { ...state, sport: at_s, newstate: "TCP_ESTABLISHED" } })),
  );
  const { findings } = await resolve("web times out", [turn([connects, states])]);
  assert.match(findings?.[0]?.claim ?? "", /^3 attempts of app .* had no answer/);
});

Deno.test("unanswered() says nothing of a race that the other address won", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { data: { uservaddr: { family: "AF_INET6", address: "2001:db8::1", port: 443 }, ret: -115, error: "EINPROGRESS" } },
    { at_s: 1.25, data: { ...inet("192.0.2.1", 443), ret: -115, error: "EINPROGRESS" } },
  ]);
  const state = { sport: 1, dport: 443, oldstate: "TCP_SYN_SENT" };
  const states = program("tcp_states", "sock/inet_sock_set_state", [
    { at_s: 1.3, data: { ...state, family: "AF_INET", daddr: "192.0.2.1", newstate: "TCP_ESTABLISHED" } },
    { at_s: 1.3, data: { ...state, family: "AF_INET6", daddr: "", daddr_v6: "2001:db8::1", newstate: "TCP_CLOSE" } },
  ]);
  assert.match((await resolve("can app connect?", [turn([connects, states])])).root_cause, /^Healthy/);
});

Deno.test("unanswered() says that the listener's queue is full when ss shows it", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { data: { ...inet("127.0.0.1", 8080), pending: true, latency_ns: 4e9 } },
  ]);
  const ss = command("listeners", 'LISTEN 2 1 127.0.0.1:8080 0.0.0.0:* users:(("web",pid=9,fd=3))\n');
  const { root_cause, findings } = await resolve("web times out", [turn([connects], [ss])]);
  assert.match(root_cause, /does not accept: 2 connections wait in its queue of 1/);
  assert.match(JSON.stringify(findings), /web.*pid=9/);
});

Deno.test("unanswered() sees connections that wait to be accepted without ss", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [
    { data: { ...inet("127.0.0.1", 80), pending: true, latency_ns: 4e9 } },
  ]);
  const listener = procSocket("0100007F:0050", ANY, "0A").replace("00000000:00000000 ", "00000000:00000002 ");
  const missing = command("listeners", "", { exit_code: 127, stderr: "sh: ss: not found" });
  const result = await resolve("web times out", [turn([connects], [command("tcp_sockets", listener), missing])]);
  assert.match(result.root_cause, /does not accept: 2 connections wait in its queue\./);
});

Deno.test("the expert reads results of many failures in time that grows as they do", async () => {
  await assertLinear(3000, async (events) => {
    const storm = Array.from({ length: events }, (_, i) => ({
      by: ["app", 1 + i % 50] as const,
      at_s: i / 2000,
      data: { filename: `/srv/${i % 4000}/x${i % 4000}`, ret: -28, error: i % 2 === 0 ? "ENOSPC" : "ENOENT" },
    }));
    const writes = storm.map((event) => ({ ...event, data: { fd: 3, ret: -28, error: "ENOSPC" } }));
    const connects = storm.map((event) => ({ ...event, data: { ...inet("127.0.0.1", 80), ...REFUSED } }));
    const results = turn([
      program("file_opens", "syscalls/sys_enter_openat", storm),
      program("writes", "syscalls/sys_enter_write", writes),
      program("connects", "syscalls/sys_enter_connect", connects),
    ]);
    await conclusion("no space left, connections refused, files missing", [results]);
  });
});

Deno.test("nameResolution() tells a server that refuses from one that is silent, and from one that answers", async () => {
  const server = { fd: 3, ...inet("10.0.0.53", 53), ret: 0 };
  const connects = program("connects", "syscalls/sys_enter_connect", [{ at_s: 1, data: server }]);
  const sends = program("batch_sends", "syscalls/sys_enter_sendmmsg", [{ at_s: 1.1, data: { fd: 3, ret: 2 } }]);
  const received = (data: Record<string, unknown>[]): ReturnType<typeof program> =>
    program("receives", "syscalls/sys_enter_recvfrom", data.map((item) => ({ at_s: 1.2, data: { fd: 3, ...item } })));
  const conf = command("name_servers", "# static\nnameserver 10.0.0.53\n", { command: "cat /etc/resolv.conf" });

  const silent = await resolve("dns fails", [turn([connects, sends, received([])], [conf])]);
  assert.match(silent.root_cause, /10\.0\.0\.53 does not answer/);
  assert.equal(silent.confidence, "High");
  const refuses = await resolve("dns fails", [turn([connects, sends, received([REFUSED])], [conf])]);
  assert.match(refuses.root_cause, /10\.0\.0\.53 refuses queries/);
  const answers = await resolve("is dns well?", [turn([connects, sends, received([{ ret: 120 }])], [conf])]);
  assert.match(answers.root_cause, /^Healthy/);
});

Deno.test("nameResolution() does not call a server silent when receives were not all seen", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [{
    data: { fd: 3, ...inet("10.0.0.53", 53), ret: 0 },
  }]);
  const sends = program("batch_sends", "syscalls/sys_enter_sendmmsg", [{ at_s: 1.1, data: { fd: 3, ret: 2 } }]);
  const receives = program("receives", "syscalls/sys_enter_recvfrom", [], { sampled: true, event_count: 90_000 });
  assert.match((await resolve("dns fails", [turn([connects, sends, receives])])).root_cause, /^Insufficient evidence/);
});

Deno.test("fileAccess() names a file that is wanted again and again, not what programs probe", async () => {
  const open = (filename: string, pid: number): { by: [string, number]; data: Record<string, unknown> } => ({
    by: ["app", pid],
    data: { filename, ret: -2, error: "ENOENT" },
  });
  const probes = ["/etc/ld.so.preload", "/usr/lib/locale/C.UTF-8/LC_CTYPE", "/usr/lib/python3/site-packages/x.pth"];
  const noise = Array.from({ length: 30 }, (_, i) => open(probes[i % 3] ?? "", i));
  const quiet = await resolve("files missing?", [turn([program("file_opens", "syscalls/sys_enter_openat", noise)])]);
  assert.match(quiet.root_cause, /^Healthy/);
  const storm = [...noise, ...Array.from({ length: 25 }, () => open("/etc/app/app.conf", 7))];
  const { root_cause, confidence } = await resolve("files missing?", [
    turn([program("file_opens", "syscalls/sys_enter_openat", storm)]),
  ]);
  assert.match(root_cause, /\/etc\/app\/app\.conf is missing: app \(pid 7\).*ENOENT 25 times/);
  assert.equal(confidence, "High");
});

Deno.test("fileAccess() takes a search along a path for none", async () => {
  const searches = Array.from({ length: 6 }, (_, i) => [
    { at_s: i, data: { filename: "/root/.config/app.toml", ret: -2, error: "ENOENT" } },
    { at_s: i + 0.1, data: { filename: "/etc/app/app.toml", ret: 3 } },
  ]).flat();
  const result = await resolve("files missing?", [
    turn([program("file_opens", "syscalls/sys_enter_openat", searches)]),
  ]);
  assert.match(result.root_cause, /^Healthy/);
});

Deno.test("diskFull() puts the failed write, the open that gave its descriptor, and df together", async () => {
  const opens = program("file_opens", "syscalls/sys_enter_openat", [{ data: { filename: "/data/app.log", ret: 5 } }]);
  const writes = program("writes", "syscalls/sys_enter_write", [
    { at_s: 2, data: { fd: 5, count: 10, ret: -28, error: "ENOSPC" } },
  ]);
  const df = command(
    "disk_space",
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sdb1 100 100 0 100% /data\n",
  );
  const { root_cause, confidence } = await resolve("cannot save", [turn([opens, writes], [df])]);
  assert.match(
    root_cause,
    /at \/data has no space left \(100 % used\): app \(pid 100\) failed with ENOSPC 1 time, writing \/data\/app\.log/,
  );
  assert.equal(confidence, "High");
});

Deno.test("diskFull() says quota for EDQUOT, and leaves images out that are full by nature", async () => {
  const writes = program("writes", "syscalls/sys_enter_write", [{ data: { fd: 5, ret: -122, error: "EDQUOT" } }]);
  const df = command("disk_space", "/dev/loop3 100 100 0 100% /snap/core/1\n/dev/sda1 100 20 80 20% /\n");
  const { root_cause } = await resolve("cannot save", [turn([writes], [df])]);
  assert.match(root_cause, /^A quota is used up/);
  assert.match(
    (await resolve("is the disk full?", [turn([program("writes", "syscalls/sys_enter_write", [])], [df])])).root_cause,
    /^Healthy/,
  );
});

Deno.test("cpuHog() takes use from what the tool cpu-time counted", async () => {
  const columns = [
    ...[{ name: "process_id", unit: "count" }, { name: "process_name", unit: "text" }],
    ...[{ name: "cpu_percent", unit: "percent" }, { name: "waited_ns", unit: "ns" }],
  ] as const;
  const reading = {
    source: "raw_tracepoint sched_switch",
    figures: {},
    tables: [{ name: "by_process", columns: [...columns], rows: [[66, "miner", 97.6, 0], [7, "sshd", 0.1, 0]] }],
    histograms: [],
    notes: [],
  };
  const cpu = program("cpu_time", "cpu-time", [], { type: "tool", event_count: 2500, reading });
  const ps = command("processes", "  PID  PPID STAT %CPU %MEM COMMAND\n   66     1 R    97.5  0.1 miner\n");
  const { root_cause, confidence } = await resolve("host is slow", [turn([cpu], [ps])]);
  assert.match(root_cause, /miner \(pid 66\) uses 98 % of a CPU/);
  assert.equal(confidence, "High");
});

Deno.test("cpuHog() names who would take a CPU, also where many share it, and nobody who does not run", async () => {
  const columns = [
    ...[{ name: "process_id", unit: "count" }, { name: "process_name", unit: "text" }],
    ...[{ name: "cpu_percent", unit: "percent" }, { name: "waited_ns", unit: "ns" }],
  ] as const;
  const resolved = async (waited_ns: number): Promise<string> => {
    const rows = [[66, "miner", 30, waited_ns], [7, "sshd", 0.1, 9e6]];
    const tables = [{ name: "by_process", columns: [...columns], rows }];
    const reading = { source: "raw_tracepoint sched_switch", figures: {}, tables, histograms: [], notes: [] };
    const cpu = program("cpu_time", "cpu-time", [], { type: "tool", event_count: 2500, reading });
    return (await resolve("host is slow", [turn([cpu])])).root_cause;
  };
  assert.match(await resolved(6.5e9), /miner \(pid 66\) uses 30 % of a CPU/);
  assert.doesNotMatch(await resolved(0.5e9), /miner/);
});

Deno.test("killed() counts signals that were delivered, by number or by name", async () => {
  const kill = (
    sig: unknown,
    pid: number,
    result: unknown,
  ): { by: readonly [string, number]; data: Record<string, unknown> } => ({
    by: ["watchdog", 9],
    data: { sig, code: 0, comm: "worker", pid, group: 1, result },
  });
  const signals = program("signals", "signal/signal_generate", [
    kill("SIGKILL", 51, "delivered"),
    kill(9, 52, 0),
    kill("SIGKILL", 52, "already_pending"),
    kill("SIGTERM", 53, "delivered"),
  ]);
  const exits = program("exits", "sched/sched_process_exit", [
    { at_s: 2, by: ["worker", 51], data: { comm: "worker", pid: 51 } },
    { at_s: 2, by: ["worker", 52], data: { comm: "worker", pid: 52 } },
  ]);
  const { root_cause, confidence } = await resolve("worker is restarted all the time", [turn([signals, exits])]);
  assert.match(root_cause, /worker is killed again and again: SIGKILL 2 times, sent by watchdog \(pid 9\)/);
  assert.equal(confidence, "High");
});

Deno.test("killed() tells the OOM killer from other senders", async () => {
  const victims = program("oom_kills", "oom/mark_victim", [{ data: { pid: 51, comm: "java", anon_rss: 900_000 } }]);
  const signals = program("signals", "signal/signal_generate", [
    { by: ["java", 51], data: { sig: "SIGKILL", comm: "java", pid: 51, result: "delivered" } },
  ]);
  const { root_cause } = await resolve("java dies", [turn([victims, signals])]);
  assert.match(root_cause, /OOM killer killed java \(pid 51\)/);
});

Deno.test("the expert says what it could not see when no program could run", async () => {
  const failed = program("connects", "syscalls/sys_enter_connect", [], {
    error: "Cannot load eBPF programs: not permitted",
    hint: "Run ktriage as root.",
  });
  const result = await resolve("app cannot connect", [turn([failed], [command("load", "0.10 0.10 0.10 1/90 7\n")])]);
  assert.match(result.root_cause, /^Insufficient evidence: no eBPF program could run \(Cannot load/);
  assert.match(result.resolution_plan, /Run ktriage as root/);
  assert.equal(result.confidence, "Low");
});

Deno.test("the expert still names a full disk from the commands when no program could run", async () => {
  const failed = program("writes", "syscalls/sys_enter_write", [], { error: "not permitted" });
  const df = command("disk_space", "/dev/sda1 100 100 0 100% /\n");
  assert.match((await resolve("no space left", [turn([failed], [df])])).root_cause, /at \/ has no space left/);
});

Deno.test("the expert does not call a host healthy whose figures stand out without a cause", async () => {
  const host = hostWith({ cpu_busy_percent: 99, load_1m: 9 });
  const quiet = turn([program("connects", "syscalls/sys_enter_connect", [])]);
  assert.match(
    (await resolve("is all well?", [quiet], host)).root_cause,
    /^Insufficient evidence: the host's figures stand out in cpu/,
  );
});

Deno.test("the expert calls healthy what was asked about and worked, and still names the figures that stand out", async () => {
  const connects = program("connects", "syscalls/sys_enter_connect", [{
    data: { fd: 3, ...inet("10.0.0.5", 5432), ret: 0 },
  }]);
  const busy = hostWith({ cpu_busy_percent: 99, load_1m: 9 });
  const { root_cause, confidence } = await resolve("can the app reach its database?", [turn([connects])], busy);
  assert.match(root_cause, /^Healthy: .* worked\. Apart from it, the host's figures stand out in cpu, and no cause/);
  assert.equal(confidence, "Low");
});

Deno.test("where no command could run the answer is never healthy; where one could, it may be", async () => {
  const opens = program("file_opens", "syscalls/sys_enter_openat", [{ data: { filename: "/etc/hosts", ret: 3 } }]);
  const none = command("load", "", { exit_code: null, error: "Cannot run it with /bin/sh: this host has no /bin/sh" });
  const blind = await resolve("files missing?", [turn([opens], [none])]);
  assert.match(blind.root_cause, /^Insufficient evidence: no command could run \(Cannot run it with \/bin\/sh/);
  assert.equal(blind.confidence, "Low");
  const sighted = await resolve("files missing?", [turn([opens], [none, command("disk_space", "")])]);
  assert.match(sighted.root_cause, /^Healthy/);
});

import assert from "node:assert/strict";
import { parse, type Probes, probes, type Resolved, resolved as resolvedSchema } from "../../src/protocol/mod.ts";
import { ktriage } from "../support/cli.ts";

async function resolved(target: string): Promise<Resolved> {
  const { code, stdout, stderr } = await ktriage(["probes", "resolve", target, "--json"]);
  assert.deepEqual([code, stderr], [0, ""], target);
  return resolvedSchema.strict().parse(parse(stdout));
}

async function listed(...args: readonly string[]): Promise<Probes["probes"]> {
  const { code, stdout, stderr } = await ktriage(["probes", "list", ...args, "--json"]);
  assert.deepEqual([code, stderr], [0, ""], args.join(" "));
  const document = probes.strict().parse(parse(stdout));
  assert.equal(document.schema, "ktriage.probes/1");
  return document.probes;
}

Deno.test("ktriage probes resolve tells what a request is attached to, and that is what trace does", async () => {
  const document = await resolved("kprobe:do_fork");
  assert.deepEqual([document.schema, document.asked], ["ktriage.resolved/1", "kprobe:do_fork"]);
  assert.ok(document.resolution?.kind === "function");
  assert.equal(document.resolution.name, "kernel_clone");
  assert.equal(document.steps.filter(({ outcome }) => outcome === "taken").length, 1);
  assert.match(document.attached_as ?? "", /kernel_clone \(do_fork became kernel_clone in Linux 5\.10\)/);
  const traced = await ktriage(["trace", "kprobe:do_fork", "--duration", "0.1"]);
  assert.equal(traced.stderr.split("\n")[0], document.attached_as);
});

Deno.test("ktriage probes resolve tries the ways of every type of target", async () => {
  for (
    const [target, event] of [
      ["sched/sched_switch", "sched:sched_switch"],
      ["raw_tracepoint:sched_switch", "raw_tracepoint:sched_switch"],
      ["__x64_sys_connect", "syscalls:sys_enter_connect"],
      ["uprobe:libc:malloc", "uprobe:libc.so.6:malloc"],
    ] as const
  ) {
    assert.equal((await resolved(target)).event, event, target);
  }
});

Deno.test("ktriage probes resolve prints step by step, and ends with what a request gets", async () => {
  const { code, stdout, stderr } = await ktriage(["probes", "resolve", "kretprobe:vfs_read"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^kretprobe:vfs_read\n {2}vfs_read at 0x[0-9a-f]+\n {2}ssize_t vfs_read\(struct file \*file, /);
  assert.match(stdout, /^ {2}(yes|no ) {2}fexit {10,}/m);
  assert.match(stdout, /^ {2}yes {2}\w/m);
  assert.match(stdout, /\nA request for kretprobe:vfs_read gets /);
});

Deno.test("ktriage probes resolve of nothing that exists names the nearest and exits with 1", async () => {
  const { code, stdout, stderr } = await ktriage(["probes", "resolve", "kprobe:tcp_conect"]);
  assert.equal(code, 1);
  assert.equal(stdout, "kprobe:tcp_conect\n");
  assert.match(
    stderr,
    /^ktriage: Cannot probe tcp_conect: this kernel has no such function.*\n {2}→ Nearest: tcp_connect/,
  );
});

Deno.test("ktriage probes list finds a pattern in all types, with names and types of arguments", async () => {
  const probes = await listed("tcp_c*");
  const [connect] = probes.filter(({ target }) => target === "tcp_connect");
  assert.deepEqual(connect, {
    type: "kprobe",
    target: "tcp_connect",
    arguments: [{ name: "sk", type: "struct sock *" }],
    returns: "int",
  });
  assert.deepEqual([...new Set(probes.map(({ type }) => type))].sort(), ["kprobe", "raw_tracepoint", "tracepoint"]);
  assert.ok(probes.every(({ target }) => /^(\w+:)?tcp_c/.test(target)));
});

Deno.test("ktriage probes list keeps to one type, and to a category", async () => {
  const functions = await listed("--type", "fentry", "tcp_connect");
  assert.deepEqual(functions.map(({ type, target }) => [type, target]), [["fentry", "tcp_connect"]]);
  assert.deepEqual(await listed("fentry:tcp_connect"), functions);
  const events = await listed("sched/sched_process_*");
  assert.ok(
    events.length >= 5 && events.every(({ type, target }) => type === "tracepoint" && target.startsWith("sched:")),
  );
  const [exit] = events.filter(({ target }) => target === "sched:sched_process_exit");
  assert.ok(exit?.arguments?.some(({ name }) => name === "pid"));
});

Deno.test("ktriage probes list of a library shows its functions", async () => {
  const { code, stdout, stderr } = await ktriage(["probes", "list", "uprobe:libc:getaddr*"]);
  assert.deepEqual([code, stdout, stderr], [0, "uprobe:libc:getaddrinfo\nuprobe:libc:getaddrinfo_a\n", ""]);
});

Deno.test("ktriage probes list without a match says so and exits with 1", async () => {
  const none = await ktriage(["probes", "list", "tcp_conect"]);
  assert.deepEqual([none.code, none.stdout], [1, ""]);
  assert.match(
    none.stderr,
    /^ktriage: Cannot list probes: nothing in this kernel matches tcp_conect\.\n.*Nearest: tcp_connect/,
  );
  const file = await ktriage(["probes", "list", "uprobe:/no/such/file:x"]);
  assert.deepEqual([file.code, file.stdout], [1, ""]);
  assert.match(file.stderr, /^ktriage: Cannot .*\/no\/such\/file/);
});

Deno.test("ktriage probes and trace ask whether a user function is meant", async () => {
  for (
    const args of [
      ["probes", "resolve", "libc:strlen"],
      ["probes", "resolve", `${Deno.pid}:main`],
      ["probes", "list", "libc:mallo*"],
      ["trace", "libc:strlen"],
    ]
  ) {
    const { code, stderr } = await ktriage(args);
    assert.equal(code, 1, args.join(" "));
    assert.ok(stderr.endsWith(`  → A user function? uprobe:${args.at(-1)}\n`), stderr);
  }
});

Deno.test("ktriage probes refuses what it does not understand with 2", async () => {
  for (
    const [args, message] of [
      [[], "Cannot tell about probes: say what. There are resolve and list."],
      [["lst"], 'Cannot lst probes. Did you mean "list"?'],
      [["resolve"], "Cannot resolve: exactly one target is needed."],
      [["list", "a", "b"], "Cannot list more than one pattern: a, b."],
      [["list", "--type", "kprob"], 'Cannot list probes of type "kprob". Did you mean "kprobe"?'],
    ] as const
  ) {
    const { code, stdout, stderr } = await ktriage(["probes", ...args]);
    assert.deepEqual([code, stdout, stderr.split("\n")[0]], [2, "", `ktriage: ${message}`]);
  }
});

Deno.test("ktriage probes as another user says what can still be said, and what is missing", async () => {
  const unprivileged = { unprivileged: true };
  const list = await ktriage(["probes", "list", "tcp_connect"], unprivileged);
  assert.equal(list.code, 0);
  assert.match(list.stdout, /^kprobe:tcp_connect +int tcp_connect\(struct sock \*sk\)\n$/);
  const resolve = await ktriage(["probes", "resolve", "kprobe:do_fork"], unprivileged);
  assert.equal(resolve.code, 1);
  assert.match(resolve.stdout, /do_fork became kernel_clone in Linux 5\.10/);
  assert.match(resolve.stdout, /^ {2}\? {4}tracepoint {6}sched:sched_process_fork/m);
  assert.match(resolve.stderr, /^ktriage: Cannot start eBPF programs: /);
});

Deno.test("ktriage probes --btf refuses a file that is no BTF", async () => {
  const { code, stdout, stderr } = await ktriage(["probes", "list", "tcp_connect", "--btf", "/etc/passwd"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^ktriage: Cannot use \/etc\/passwd: /);
});

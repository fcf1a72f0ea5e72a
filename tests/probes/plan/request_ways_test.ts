import assert from "node:assert/strict";
import type { Sources } from "../../../src/probes/plan/kernel_facts.ts";
import { waysOf } from "../../../src/probes/plan/request_ways.ts";
import type { Refusal } from "../../../src/probes/plan/tracepoint.ts";
import { type ProgramRequest, understand } from "../../../src/probes/request.ts";
import { attachedAs, type DeadEnd, type Way } from "../../../src/probes/plan/ways.ts";
import { KERNELS, type RecordedKernel } from "../../kernel/recorded_formats.ts";
import { recordedSources } from "../../support/recorded_kernel.ts";

async function answer(
  request: Partial<ProgramRequest>,
  from: RecordedKernel | Sources = "6.12",
): Promise<(Way | DeadEnd)[] | Refusal> {
  const wish = understand({ type: "kprobe", target: "tcp_connect", ...request });
  if ("error" in wish) throw new Error(wish.error);
  const ways = await waysOf(wish, typeof from === "string" ? recordedSources(from) : from);
  return "error" in ways ? ways : [...ways];
}

async function ways(request: Partial<ProgramRequest>, from?: RecordedKernel | Sources): Promise<(Way | DeadEnd)[]> {
  const found = await answer(request, from);
  if ("error" in found) throw new Error(`${found.error} ${found.hint}`);
  return found;
}

async function refusal(request: Partial<ProgramRequest>, from?: RecordedKernel | Sources): Promise<Refusal> {
  const found = await answer(request, from);
  assert.ok("error" in found, `${JSON.stringify(request)} was planned`);
  return found;
}

function kinds(found: readonly (Way | DeadEnd)[]): string[] {
  return found.map((way) => "why" in way ? `no ${way.kind}` : way.kind);
}

/** What would be said if every way before this kind had failed for the kernel's sake. */
function said(found: readonly (Way | DeadEnd)[], kind: Way["kind"]): string | undefined {
  const index = found.findIndex((way) => way.kind === kind && !("why" in way));
  const way = found[index];
  assert.ok(way !== undefined && !("why" in way), `no ${kind} in ${kinds(found)}`);
  const before = found.slice(0, index).map(({ kind }): DeadEnd => ({ kind, why: `this kernel has no ${kind}` }));
  return attachedAs(way, before);
}

const PLAIN = "arguments are plain numbers: this kernel has no BTF";

for (const kernel of KERNELS) {
  Deno.test(`waysOf() goes from the cheapest probe of Linux ${kernel} to the tracepoint that tells the same`, async () => {
    const entry = await ways({}, kernel);
    assert.deepEqual(kinds(entry), ["fentry", "kprobe_multi", "kprobe", "tracepoint"]);
    const exit = await ways({ type: "kretprobe", target: "vfs_read" }, kernel);
    assert.deepEqual(kinds(exit), ["fexit", "kprobe_session", "kretprobe", "tracepoint"]);
  });

  Deno.test(`waysOf() finds do_fork of Linux ${kernel} under its new name, and says so whatever it attaches`, async () => {
    const found = await ways({ target: "do_fork" }, kernel);
    const renamed = "kernel_clone (do_fork became kernel_clone in Linux 5.10)";
    assert.equal(said(found, "fentry"), `fentry:${renamed}: cheaper than a kprobe, the same call; ${PLAIN}`);
    assert.equal(said(found, "kprobe"), `kprobe:${renamed}; ${PLAIN}`);
    const via = `${renamed} via tracepoint sched:sched_process_fork: this kernel has no fentry and no kprobe; `;
    assert.ok(said(found, "tracepoint")?.startsWith(via));
  });
}

Deno.test("waysOf() says nothing of a kprobe that was asked for, and that fentry is cheaper than it", async () => {
  const found = await ways({ aggregate: "count" });
  assert.equal(said(found, "kprobe"), undefined);
  assert.equal(said(found, "kprobe_multi"), undefined);
  assert.equal(said(found, "fentry"), "fentry:tcp_connect: cheaper than a kprobe, the same call");
  const other = await ways({ type: "fentry", aggregate: "count" });
  assert.equal(said(other, "fentry"), undefined);
  assert.equal(said(other, "kprobe"), "kprobe:tcp_connect: this kernel has no fentry");
});

Deno.test("waysOf() takes the return where a latency or a result is asked for", async () => {
  const wishes: Partial<ProgramRequest>[] = [{ aggregate: "latency" }, { capture: ["ret"] }];
  for (const wish of wishes) {
    const found = await ways({ target: "vfs_read", ...wish });
    assert.equal(found[0]?.kind, "fexit");
    assert.match(said(found, "kretprobe") ?? "", /^kretprobe:vfs_read: what is asked for is known at the return only/);
  }
});

Deno.test("waysOf() of a return takes a tracepoint that tells the result before one that does not", async () => {
  const read = await ways({ type: "kretprobe", target: "vfs_read" });
  assert.match(said(read, "tracepoint") ?? "", /^vfs_read via tracepoint raw_syscalls:sys_enter: /);
  const last = read.at(-1);
  assert.ok(last !== undefined && "plan" in last && last.plan.kind === "tracepoint");
  assert.notEqual(last.plan.return_id, undefined);
  assert.deepEqual(last.plan.match?.values, [0, 17]);
  assert.match(said(await ways({ type: "kretprobe" }), "tracepoint") ?? "", /what the function returned is not known$/);
  const send = await ways({ type: "kretprobe", target: "tcp_sendmsg" });
  assert.match(said(send, "tracepoint") ?? "", /what it returned is in ret$/);
});

Deno.test("waysOf() measures no latency by tracepoints that are moments", async () => {
  assert.equal(kinds(await ways({ aggregate: "latency" })).at(-1), "no tracepoint");
  assert.equal(kinds(await ways({ target: "vfs_read", aggregate: "latency" })).at(-1), "tracepoint");
  assert.match((await refusal({ type: "tracepoint", target: "sched_switch", aggregate: "latency" })).error, /a moment/);
  assert.deepEqual(kinds(await ways({ type: "tracepoint", target: "openat", aggregate: "latency" })), ["tracepoint"]);
  const wishes: [Partial<ProgramRequest>, boolean][] = [
    [{ aggregate: "latency" }, true],
    [{ capture: ["ret"] }, true],
    [{}, false],
  ];
  for (const [wish, is_paired] of wishes) {
    const [all] = await ways({ type: "tracepoint", target: "syscalls/*", ...wish });
    assert.ok(all !== undefined && "plan" in all && all.plan.kind === "tracepoint");
    assert.equal(all.plan.return_id !== undefined, is_paired, "only where it is asked for: it costs on every call");
  }
});

Deno.test("waysOf() names what a tracepoint cannot tell of what was asked for", async () => {
  const found = await ways({ target: "vfs_read", capture: ["arg0", "ret", "arg2:u64"] });
  assert.match(said(found, "tracepoint") ?? "", /; it cannot tell arg0, arg2:u64$/);
});

Deno.test("waysOf() answers a system call's function by the tracepoint of the call", async () => {
  for (const target of ["__x64_sys_connect", "sys_connect", "__sys_connect"]) {
    const found = await ways({ target, type: "kprobe" });
    assert.match(said(found, "tracepoint") ?? "", /syscalls:sys_enter_connect/, target);
  }
});

Deno.test("waysOf() answers an event that is asked for as a function", async () => {
  const found = await ways({ target: "sched:sched_switch" });
  assert.equal(said(found, "tracepoint"), "sched:sched_switch: it is no function");
  assert.match((await refusal({ target: "sched:sched_switch", capture: ["x"] })).hint, /prev_comm/);
});

Deno.test("waysOf() answers a function that is asked for as a tracepoint, and other unknown names as before", async () => {
  const found = await ways({ type: "tracepoint", target: "tcp_connect", aggregate: "count" });
  assert.equal(said(found, "kprobe"), "tcp_connect is a function, not a tracepoint");
  const { error, hint } = await refusal({ type: "tracepoint", target: "sched_swich" });
  assert.equal(error, "Cannot trace tracepoint sched_swich: this kernel has no such event.");
  assert.match(hint, /sched_switch/);
});

Deno.test("waysOf() does not look at functions for what can only be a tracepoint", async () => {
  const sources: Sources = { ...recordedSources("6.12"), facts: () => Promise.reject(new Error("was opened")) };
  for (const target of ["openat", "sched/sched_switch", "syscalls/*"]) {
    await ways({ type: "tracepoint", target }, sources);
  }
  for (const target of ["sched/sched_swich", "sched:*", "no/such"]) {
    await refusal({ type: "tracepoint", target }, sources);
  }
});

Deno.test("waysOf() refuses a function that no kernel has, with the nearest that this one has", async () => {
  const { error, hint } = await refusal({ target: "tcp_conect" });
  assert.match(error, /^Cannot probe tcp_conect: this kernel has no such function/);
  assert.match(hint, /tcp_connect/);
});

Deno.test("waysOf() takes an equivalent for a function that this kernel does not have, and says so", async () => {
  const found = await ways({ target: "oom_kill_process" }, recordedSources("6.12", { kallsyms: () => "" }));
  assert.deepEqual(kinds(found), ["no kprobe", "tracepoint"]);
  assert.match(
    attachedAs(found[1] as Way, [found[0] as DeadEnd]) ?? "",
    /^oom_kill_process via tracepoint oom:mark_victim: this kernel has no function oom_kill_process/,
  );
});

Deno.test("waysOf() goes on without fentry where the kernel has no BTF, and without kprobes where one is forbidden", async () => {
  const bare = await ways({}, recordedSources("6.12", { btf: () => undefined }));
  assert.deepEqual(kinds(bare), ["no fentry", "kprobe_multi", "kprobe", "tracepoint"]);
  const forbidden = await ways(
    {},
    recordedSources("6.12", { blacklist: () => "0xffffffff81-0xffffffff82\ttcp_connect\n" }),
  );
  assert.deepEqual(kinds(forbidden), ["fentry", "no kprobe", "tracepoint"]);
});

Deno.test("waysOf() refuses captures that cannot be, with those that can", async () => {
  const { error, hint } = await refusal({ capture: ["sk.__sk_common"] });
  assert.match(error, /Cannot capture "sk/);
  assert.match(hint, /arg0.*--btf FILE/);
});

Deno.test("waysOf() has no events of stacks and tools, and says what to ask instead", async () => {
  assert.match((await refusal({ type: "profile", target: "99" })).hint, /type tool: target cpu-profile/);
  assert.match((await refusal({ type: "tool", target: "dns" })).hint, /ktriage tool run dns/);
});

Deno.test("waysOf() takes the event for a raw tracepoint where nothing says what its arguments are", async () => {
  const found = await ways({ type: "raw_tracepoint", target: "sched/sched_switch" });
  assert.deepEqual(kinds(found), ["no raw_tracepoint", "tracepoint"]);
  assert.equal(
    attachedAs(found[1] as Way, [found[0] as DeadEnd]),
    "tracepoint sched:sched_switch: this kernel has no BTF",
  );
});

Deno.test("waysOf() says that a raw tracepoint's arguments need BTF, not that the event has no such fields", async () => {
  const raw = { type: "raw_tracepoint", target: "sched_switch" } as const;
  const { error, hint } = await refusal({ ...raw, capture: ["prev.comm"] });
  assert.equal(error, "Cannot capture prev.comm of raw_tracepoint:sched_switch: this kernel has no BTF.");
  assert.match(hint, /^take another\. Or capture fields of the event .*Its fields: prev_comm, /);
  assert.deepEqual(kinds(await ways({ ...raw, capture: ["prev_comm"] })), ["no raw_tracepoint", "tracepoint"]);
  assert.match((await refusal({ ...raw, target: "no_such_event", capture: ["x"] })).error, /has no such event/);
});

Deno.test("waysOf() asks whether a user function is meant where the kernel has no such event, and the host such a file", async () => {
  const hint = async (target: string, type: ProgramRequest["type"] = "tracepoint"): Promise<string> =>
    (await refusal({ type, target })).hint;
  for (const target of ["libc:strlen", "libc:mallo*", `${Deno.pid}:main`, `${Deno.execPath()}:main`]) {
    assert.equal(await hint(target), `A user function? uprobe:${target}`);
  }
  assert.equal(await hint("libc:mallocx", "kprobe"), "A user function? uprobe:libc:mallocx");
  for (const target of ["sched:strlen", "no_such_library:strlen", "4194999:main", "/no/such/file:main"]) {
    assert.doesNotMatch(await hint(target), /user function/);
  }
});

Deno.test("waysOf() measures the latency of a raw tracepoint by the event of the same name, where that has one", async () => {
  assert.match(
    (await refusal({ type: "raw_tracepoint", target: "sched_switch", aggregate: "latency" })).error,
    /a moment/,
  );
  const found = await ways({ type: "raw_tracepoint", target: "sys_enter", aggregate: "latency" });
  assert.deepEqual(kinds(found), ["no raw_tracepoint", "tracepoint"]);
});

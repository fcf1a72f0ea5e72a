import assert from "node:assert/strict";
import { type ProgramFilters, type SessionConfig, tracepointConfig } from "../../../src/probes/engine/config.ts";
import {
  CONFIG_FLAG,
  DIRECTIVE,
  DIRECTIVE_KIND,
  MAX_ENDLESS,
  NO_KEY,
  SESSION_CONFIG,
  TRACEPOINT_CONFIG,
} from "../../../src/probes/engine/layout.ts";
import type { Directive, Plan } from "../../../src/probes/plan/tracepoint.ts";

const PLAN: Plan = {
  kind: "tracepoint",
  event: "sched:sched_switch",
  event_id: 310n,
  ret_offset: 0,
  record_bytes: 64,
  directives: [],
  shown: [],
  familyName: String,
};

function config(
  { plan = {}, filters = {}, rate_per_s = 0, ...session }: {
    plan?: Partial<Plan>;
    filters?: ProgramFilters;
    rate_per_s?: number;
  } & Pick<SessionConfig, "aggregate" | "pid_namespace"> = {},
): DataView<ArrayBuffer> {
  return new DataView(tracepointConfig({ ...PLAN, ...plan }, { index: 7, filters, rate_per_s, ...session }).buffer);
}

/** Whether a process of this name passes, as is_wanted() in bpf/include/session.h compares. */
function passes(view: DataView<ArrayBuffer>, comm: string | Uint8Array): boolean {
  const name = new Uint8Array(16);
  name.set((typeof comm === "string" ? new TextEncoder().encode(comm) : comm).subarray(0, 15));
  const words = new BigUint64Array(name.buffer);
  return [0, 1].every((i) =>
    ((words[i] ?? 0n) & view.getBigUint64(SESSION_CONFIG.comm_mask + i * 8, true)) ===
      view.getBigUint64(SESSION_CONFIG.comm + i * 8, true)
  );
}

function assertPasses(
  comm: string,
  { let_in, kept_out }: { let_in: readonly string[]; kept_out: readonly string[] },
): void {
  const view = config({ filters: { comm } });
  for (const name of let_in) assert.ok(passes(view, name), `${comm} should let ${name} in`);
  for (const name of kept_out) assert.ok(!passes(view, name), `${comm} should keep ${name} out`);
}

Deno.test("tracepointConfig() compares a whole name with its end", () => {
  assertPasses("nginx", { let_in: ["nginx"], kept_out: ["nginx2", "ngin", "nginx:", "Nginx", "", "xnginx"] });
  assertPasses("eightchr", { let_in: ["eightchr"], kept_out: ["eightchrs", "eightch"] });
});

Deno.test("tracepointConfig() compares a prefix up to its star", () => {
  assertPasses("ngin*", { let_in: ["ngin", "nginx", "nginx: worker"], kept_out: ["ngi", "Nginx", "", "an ngin"] });
  assertPasses("kworker/*", { let_in: ["kworker/0:1", "kworker/u8:2-ev"], kept_out: ["kworker", "kworkers/0"] });
});

Deno.test("tracepointConfig() takes any process without a name, or with a star alone", () => {
  for (const comm of ["", "*"]) assertPasses(comm, { let_in: ["nginx", "", "x".repeat(15)], kept_out: [] });
});

Deno.test("tracepointConfig() cuts names where the kernel cuts them: at 15 bytes, also within a character", () => {
  assertPasses("a-very-long-process-name", {
    let_in: ["a-very-long-pro"],
    kept_out: ["a-very-long-pr", "a-very-long-prx"],
  });
  assertPasses("exactly-15-byte", { let_in: ["exactly-15-byte"], kept_out: ["exactly-15-byt"] });
  assertPasses("a-very-long-process-n*", { let_in: ["a-very-long-pro"], kept_out: ["a-very-long-pr"] });
  const view = config({ filters: { comm: "日本語プロセス" } });
  assert.ok(passes(view, new TextEncoder().encode("日本語プロセス").subarray(0, 15)));
  assert.ok(!passes(view, "日本語プ"));
});

Deno.test("tracepointConfig() writes id filters, and leaves them open when they are not given", () => {
  const none = config();
  for (const offset of [SESSION_CONFIG.tgid, SESSION_CONFIG.tid, SESSION_CONFIG.uid]) {
    assert.equal(none.getUint32(offset, true), 0);
  }
  assert.equal(none.getUint32(SESSION_CONFIG.flags, true) & CONFIG_FLAG.filter_uid, 0);
  const all = config({ filters: { pid: 4_194_304, tid: 4_194_303, uid: 0 } });
  assert.equal(all.getUint32(SESSION_CONFIG.tgid, true), 4_194_304);
  assert.equal(all.getUint32(SESSION_CONFIG.tid, true), 4_194_303);
  assert.equal(all.getUint32(SESSION_CONFIG.uid, true), 0);
  assert.equal(all.getUint32(SESSION_CONFIG.flags, true) & CONFIG_FLAG.filter_uid, CONFIG_FLAG.filter_uid);
});

Deno.test("tracepointConfig() makes an id that no process can have match none, instead of another process or all", () => {
  const view = config({ filters: { pid: 2 ** 32, tid: 2 ** 32 + 5, uid: 2 ** 32 } });
  for (const offset of [SESSION_CONFIG.tgid, SESSION_CONFIG.tid, SESSION_CONFIG.uid]) {
    assert.equal(view.getUint32(offset, true), 0xffff_ffff);
  }
});

Deno.test("tracepointConfig() turns the rate into the governor's interval; a rate of 0 has no bound", () => {
  const interval = (rate_per_s: number): bigint =>
    config({ rate_per_s }).getBigUint64(SESSION_CONFIG.interval_ns, true);
  assert.equal(interval(2000), 500_000n);
  assert.equal(interval(1), 1_000_000_000n);
  assert.equal(interval(0), 0n);
  assert.equal(interval(0.5), 2_000_000_000n);
  assert.equal(interval(2_000_000_000), 1n); // a bound that is never reached is still no "no bound"
  assert.equal(config({ rate_per_s: 2000 }).getBigUint64(SESSION_CONFIG.burst_ns, true), 10_000_000_000n);
});

Deno.test("tracepointConfig() writes the program's number, the key, the result's place, and pairs only with a return", () => {
  const plain = config();
  assert.equal(plain.getUint32(SESSION_CONFIG.program, true), 7);
  assert.equal(plain.getUint32(SESSION_CONFIG.flags, true), CONFIG_FLAG.emit_events);
  assert.equal(plain.getUint32(TRACEPOINT_CONFIG.key_bytes, true), 0);
  const key = { label: "syscall", offset: 8, name: String };
  const paired = config({ plan: { return_id: 5n, ret_offset: 16, key } });
  assert.equal(paired.getUint32(SESSION_CONFIG.flags, true), CONFIG_FLAG.emit_events | CONFIG_FLAG.paired);
  assert.equal(paired.getUint32(TRACEPOINT_CONFIG.ret_offset, true), 16);
  assert.deepEqual(
    [TRACEPOINT_CONFIG.key_offset, TRACEPOINT_CONFIG.key_bytes].map((at) => paired.getUint32(at, true)),
    [8, 4],
  );
});

Deno.test("tracepointConfig() never asks for more of a record, or more directives, than the program reads", () => {
  assert.equal(config({ plan: { record_bytes: 9000 } }).getUint32(TRACEPOINT_CONFIG.record_bytes, true), 2048);
  const directives = Array.from({ length: 20 }, (_, i): Directive => ({ kind: "user_string", offset: 8 * i }));
  assert.equal(config({ plan: { directives } }).byteLength, TRACEPOINT_CONFIG.bytes);
});

Deno.test("tracepointConfig() writes each directive with its kind, its field and the field of its length", () => {
  const directives: Directive[] = [{ kind: "sockaddr", offset: 24, length_offset: 32 }, { kind: "argv", offset: 16 }];
  const view = config({ plan: { directives } });
  const read = (i: number): number[] => {
    const at = TRACEPOINT_CONFIG.directives + i * DIRECTIVE.bytes;
    return [view.getUint8(at + DIRECTIVE.kind), view.getUint16(at, true), view.getUint16(at + DIRECTIVE.arg, true)];
  };
  assert.deepEqual(read(0), [DIRECTIVE_KIND.sockaddr, 24, 32]);
  assert.deepEqual(read(1), [DIRECTIVE_KIND.argv, 16, 0]);
  assert.deepEqual(read(2), [0, 0, 0]);
});

Deno.test("tracepointConfig() asks for numbers instead of events where they are to be summed up", () => {
  const flags = (aggregate?: "count" | "latency"): number =>
    config(aggregate === undefined ? {} : { aggregate }).getUint32(SESSION_CONFIG.flags, true);
  assert.equal(flags(), CONFIG_FLAG.emit_events);
  assert.equal(flags("count"), 0);
  assert.equal(flags("latency"), CONFIG_FLAG.histogram);
});

Deno.test("tracepointConfig() names the pid namespace whose ids are meant, and none for the host's", () => {
  const namespaceOf = (view: DataView): readonly bigint[] =>
    [SESSION_CONFIG.pidns_dev, SESSION_CONFIG.pidns_ino].map((at) => view.getBigUint64(at, true));
  assert.deepEqual(namespaceOf(config()), [0n, 0n]);
  assert.deepEqual(namespaceOf(config({ pid_namespace: { dev: 4n, ino: 4026531836n } })), [4n, 4026531836n]);
});

function matchOf(values: readonly number[], bytes: 1 | 2 | 4 | 8 = 4): readonly bigint[] {
  const view = config({ plan: { match: { offset: 8, bytes, values } } });
  assert.equal(view.getUint32(TRACEPOINT_CONFIG.match_offset, true), 8);
  assert.equal(view.getUint32(TRACEPOINT_CONFIG.match_bytes, true), bytes);
  const count = view.getUint32(TRACEPOINT_CONFIG.matches, true);
  return Array.from({ length: count }, (_, i) => view.getBigUint64(TRACEPOINT_CONFIG.match + 8 * i, true));
}

Deno.test("tracepointConfig() writes values to match as the field holds them", () => {
  assert.deepEqual(matchOf([0, 257]), [0n, 257n]);
  assert.deepEqual(matchOf([-1]), [0xffff_ffffn]);
  assert.deepEqual(matchOf([-1], 2), [0xffffn]);
  assert.deepEqual(matchOf([-1], 8), [0xffff_ffff_ffff_ffffn]);
  assert.equal(config().getUint32(TRACEPOINT_CONFIG.matches, true), 0);
});

Deno.test("tracepointConfig() refuses to match no value, and more than the program compares with", () => {
  assert.throws(() => matchOf([]), /Cannot match no value/);
  assert.throws(() => matchOf(Array.from({ length: 9 }, (_, i) => i)), /Cannot match 9 values: .* 8 at most/);
});

Deno.test("tracepointConfig() names the system calls that never return, and those that are no program's", () => {
  const key = { label: "syscall", offset: 8, name: String };
  const numbers = (event: string): readonly (readonly number[])[] => {
    const view = config({ plan: { event, key } });
    const read = (at: number, count: number): readonly number[] =>
      Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
    const unmades = view.getUint32(TRACEPOINT_CONFIG.unmades, true);
    return [read(TRACEPOINT_CONFIG.endless, MAX_ENDLESS), read(TRACEPOINT_CONFIG.unmade, unmades)];
  };
  const [endless, unmade, cleared] = Deno.build.arch === "x86_64"
    ? [[60, 231, 15, NO_KEY], [335, 336], [NO_KEY]]
    : [[93, 94, 139, NO_KEY], [], []];
  assert.deepEqual(numbers("raw_syscalls:sys_enter"), [endless, unmade]);
  assert.deepEqual(numbers("raw_syscalls:sys_exit"), [endless, [...unmade, ...cleared]]);
});

Deno.test("tracepointConfig() follows the execution of a program by its process", () => {
  const flags = (event: string): number => config({ plan: { event } }).getUint32(SESSION_CONFIG.flags, true);
  for (const event of ["syscalls:sys_enter_execve", "syscalls:sys_enter_execveat"]) {
    assert.ok(flags(event) & CONFIG_FLAG.executes, event);
  }
  for (const event of ["syscalls:sys_enter_openat", "syscalls:sys_exit_execve"]) {
    assert.ok(!(flags(event) & CONFIG_FLAG.executes), event);
  }
});

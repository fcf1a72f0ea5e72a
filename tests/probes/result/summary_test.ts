import assert from "node:assert/strict";
import { summarise } from "../../../src/probes/result/summary.ts";

type Summarised = Parameters<typeof summarise>[0];

const QUIET: Summarised = {
  event: "syscalls:sys_enter_connect",
  event_count: 0,
  duration_s: 10.04,
  lost_events: 0,
  sampled: false,
  events: [],
  emitted: 0,
  pending: 0,
  uncounted: 0,
  lost_returns: 0,
  filters: {},
  captured: new Set(),
  aggregates: { by_process: [], by_field: {}, errors: [] },
};

const BUSY: Summarised = {
  ...QUIET,
  event_count: 214,
  emitted: 214,
  aggregates: {
    by_process: [
      { process_id: 812, process_name: "curl", count: 200 },
      { process_id: 1, process_name: "systemd", count: 14 },
    ],
    by_field: {
      uservaddr: [{ value: "127.0.0.1:5432", count: 190 }, { value: "/run/x", count: 24 }],
      fd: [{ value: "3", count: 214 }],
    },
    errors: [{ value: "ECONNREFUSED", count: 190 }],
    latency: { count: 214, mean_ns: 30_000, p50_ns: 25_400, p99_ns: 999_600, max_ns: 3_100_000_000 },
  },
};

function changed(change: Partial<Summarised>, aggregates: Partial<Summarised["aggregates"]> = {}): string {
  return summarise({ ...BUSY, ...change, aggregates: { ...BUSY.aggregates, ...aggregates } });
}

Deno.test("summarise() reads as sentences: what, how often, how long, by whom, errors, latency, values", () => {
  assert.equal(
    summarise(BUSY),
    "214 × syscalls:sys_enter_connect in 10.0 s, by curl (pid 812) 200, systemd (pid 1) 14. " +
      "190 of 214 returned an error: ECONNREFUSED 190. " +
      "Took 25.4 µs (median), 1.00 ms (99%), 3.10 s at most. " +
      "Most common: uservaddr: 127.0.0.1:5432 190, /run/x 24.",
  );
});

Deno.test("summarise() of nothing says so, and what could be why", () => {
  assert.equal(summarise(QUIET), "syscalls:sys_enter_connect did not occur in 10.0 s.");
  assert.equal(
    summarise({ ...QUIET, filters: { comm: "nginx", pid: undefined, uid: 0 } }),
    "syscalls:sys_enter_connect did not occur in 10.0 s with comm nginx, uid 0 (others were not looked at).",
  );
  assert.match(summarise({ ...QUIET, missed_hits: 7 }), /did not occur in 10\.0 s\. The kernel skipped 7 hits/);
});

Deno.test("summarise() names three processes and sums up the others, also those that no row was left for", () => {
  const by_process = [50, 40, 30, 20].map((count, i) => ({ process_id: i, process_name: `p${i}`, count }));
  const text = changed({ event_count: 200, uncounted: 60 }, { by_process });
  assert.match(text, /by p0 \(pid 0\) 50, p1 \(pid 1\) 40, p2 \(pid 2\) 30, others 80\./);
  assert.match(text, / 60 hits are counted in the total only: they came from more processes than are kept apart\.$/);
  assert.doesNotMatch(summarise(BUSY), /others|total only/);
});

Deno.test("summarise() of calls that did not come back says so, also where none did", () => {
  const hangs = { ...QUIET, event: "uretprobe:prog:hang", pending_calls: 1 };
  assert.equal(
    summarise(hangs),
    "uretprobe:prog:hang did not return in 10.0 s. 1 call had not returned when tracing ended.",
  );
  assert.match(
    changed({ pending_calls: 2, unseen_returns: 411 }),
    / 2 calls had not returned when tracing ended\. 411 calls ended without a return that could be seen: .*exit.*\.$/,
  );
});

Deno.test("summarise() tells calls whose end is not known apart from events that were lost", () => {
  const text = changed({ lost_events: 814, lost_returns: 809 });
  assert.match(text, / 5 events were lost: the ring buffer was full\. How 809 calls ended is not known: /);
  assert.doesNotMatch(changed({ lost_events: 1, lost_returns: 1 }), /events were lost/);
});

Deno.test("summarise() says what is sampled, lost, missed and pending, each only when it is so", () => {
  const text = changed({
    event_count: 90_000,
    emitted: 214,
    sampled: true,
    lost_events: 5,
    missed_hits: 9,
    pending: 2,
  });
  assert.match(text, /^90000 × /);
  assert.match(text, / Sampled: the details below are from 214 of 90000\. /);
  assert.match(text, / 2 had not returned when tracing ended\. /);
  assert.match(text, / 5 events were lost: the ring buffer was full\. /);
  assert.match(
    text,
    / The kernel skipped 9 hits: a program ran on that CPU already, or too many calls were under way\.$/,
  );
  assert.doesNotMatch(summarise(BUSY), /Sampled|lost|skipped|had not returned/);
});

Deno.test("summarise() lists keys and errors by number, three of each", () => {
  const values = ["read", "write", "futex", "poll"].map((value, i) => ({ value, count: 50 - i }));
  const text = changed({}, { by_key: { key: "syscall", counts: values }, errors: values });
  assert.match(text, / By syscall: read 50, write 49, futex 48, …\. 194 of 214 returned an error: read 50, .*, …\. /);
});

Deno.test("summarise() tells no values that are numbers nobody asked for, rare, or not there", () => {
  const by_field = {
    fd: [{ value: "3", count: 214 }],
    filename: [{ value: "/etc/hosts", count: 21 }],
    mode: [],
  };
  assert.doesNotMatch(changed({}, { by_field }), /Most common/);
  const common = { ...by_field, filename: [{ value: "/etc/hosts", count: 22 }] };
  assert.match(changed({}, { by_field: common }), / Most common: filename: \/etc\/hosts 22\.$/);
  assert.match(changed({ captured: new Set(["fd"]) }, { by_field }), / Most common: fd: 3 214\.$/);
});

Deno.test("summarise() writes times with three digits and the unit that fits", () => {
  const shown = (max_ns: number): string | undefined =>
    /\(99%\), (.*) at most/.exec(changed({}, { latency: { count: 1, mean_ns: 1, p50_ns: 1, p99_ns: 1, max_ns } }))?.[1];
  for (
    const [ns, text] of [
      [0, "0 ns"],
      [999, "999 ns"],
      [1000, "1.00 µs"],
      [12_345, "12.3 µs"],
      [999_499, "999 µs"],
      [999_500, "1.00 ms"],
      [999_999, "1.00 ms"],
      [999_999_999, "1.00 s"],
      [12_345_678_901, "12.3 s"],
      [999_600_000_000, "1000 s"],
      [86_400_000_000_000, "86400 s"],
    ] as const
  ) assert.equal(shown(ns), text);
});

Deno.test("summarise() tells by the kernel's histogram what share of the calls took how long", () => {
  const histogram = [{ from_ns: 8192, to_ns: 16384, count: 214 }];
  const latency = { count: 214, mean_ns: 9000, p50_ns: 12_288, p99_ns: 3_145_728, max_ns: 3_145_728, histogram };
  const text = changed({}, { latency });
  assert.match(text, / Half of 214 calls took less than 12\.3 µs, 99% less than 3\.15 ms\. /);
  assert.doesNotMatch(text, /median/);
});

Deno.test("summarise() says of which processes it names the host's ids", () => {
  const by_process = [
    { process_id: 7, process_name: "app", count: 2 },
    { process_id: 7, host_process: true as const, process_name: "sshd", count: 1 },
  ];
  assert.match(changed({ event_count: 3 }, { by_process }), /by app \(pid 7\) 2, sshd \(host pid 7\) 1/);
});

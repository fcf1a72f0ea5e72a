import assert from "node:assert/strict";
import { fitResults } from "../../../src/agent/budget/fit_results.ts";
import { parse, type Results, results } from "../../../src/protocol/mod.ts";
import type { Outbound } from "../../../src/models/model.ts";

const START_NS = 1_700_000_000_000_000_001n;

function resultsWith(counts: { events: number; output: string; programs?: number; processes?: number }): Results {
  const { events, output, programs = 1, processes = 1 } = counts;
  const program = {
    program_name: "opens",
    type: "tracepoint",
    target: "syscalls/sys_enter_openat",
    start_time: START_NS,
    end_time: START_NS + 1n,
    event_count: 1_000_000,
    lost_events: 7,
    sampled: true,
    events: Array.from({ length: events }, (_, index) => ({
      timestamp: START_NS + BigInt(index),
      process_id: 1,
      process_name: "cat",
      event_type: "syscalls:sys_enter_openat",
      data: { filename: `/tmp/${index}`, index },
    })),
    aggregates: {
      by_process: Array.from({ length: processes }, (_, id) => ({ process_id: id, process_name: "cat", count: 1 })),
      by_field: { filename: [{ value: "/tmp/0", count: 1 }] },
      errors: [],
    },
    summary: "1,000,000 opens",
  };
  return results.parse({
    schema: "ktriage.results/1",
    command_results: [{ id: "log", command: "dmesg", exit_code: 0, stdout: output, stderr: "", duration_ms: 1 }],
    ebpf_results: Object.fromEntries(Array.from({ length: programs }, (_, index) => [`opens${index}_1`, program])),
  });
}

function fitted(given: Results, max_bytes?: number): Results {
  const text = fitResults(given, max_bytes === undefined ? {} : { max_bytes });
  if (max_bytes !== undefined) {
    assert.ok(new TextEncoder().encode(text).length <= max_bytes, `${text.length} characters`);
  }
  return results.parse(parse(text));
}

Deno.test("fitResults() leaves small results as they are, every digit of a time kept", () => {
  const given = resultsWith({ events: 50, output: "ok" });
  assert.deepEqual(fitted(given), given);
});

Deno.test("fitResults() keeps the first and last 25 events, and counts the others", () => {
  const opens = fitted(resultsWith({ events: 120, output: "" })).ebpf_results["opens0_1"];
  assert.ok(opens);
  const { events, events_omitted, event_count } = opens;
  const kept = events.map(({ data }) => data["index"]);
  assert.deepEqual(kept, [...Array(25).keys(), ...Array.from({ length: 25 }, (_, index) => 95 + index)]);
  assert.equal(events_omitted, 70);
  assert.equal(event_count, 1_000_000);
});

Deno.test("fitResults() cuts to the bound, names what it cut, and keeps counts, aggregates and summary", () => {
  const given = resultsWith({ events: 1000, output: `head${"é".repeat(50_000)}tail`, programs: 5 });
  const { command_results, ebpf_results, notes } = fitted(given, 30_000);
  const [log] = command_results;
  assert.match(log?.stdout ?? "", /^headé+\n\[… \d+ characters left out …\]\né+tail$/);
  assert.match(log?.truncated ?? "", /^\d+ characters of stdout left out here$/);
  assert.match(notes?.at(-1) ?? "", /^Cut to fit: at most \d+ events a program/);
  const before = given.ebpf_results["opens0_1"];
  assert.ok(before);
  for (const result of Object.values(ebpf_results)) {
    assert.deepEqual(result.aggregates, before.aggregates);
    assert.equal(result.summary, before.summary);
    assert.equal(result.event_count, before.event_count);
    assert.equal(result.events.length + (result.events_omitted ?? 0), 1000);
  }
});

Deno.test("fitResults() shortens aggregates last, the greatest entries kept, and says so", () => {
  const { ebpf_results, notes } = fitted(resultsWith({ events: 10, output: "", processes: 5000 }), 10_000);
  assert.equal(ebpf_results["opens0_1"]?.aggregates?.by_process.length, 10);
  assert.match(notes?.at(-1) ?? "", /10 entries in each aggregate/);
});

const OUTBOUND: Outbound = {
  redact: (text) => text.replaceAll("hunter2x", "<secret:1>").replaceAll("shop-1", "<host:1>"),
  mark: (text) => `«data 0»${text}«end 0»`,
};

Deno.test("fitResults() redacts before it cuts, so that no half of a secret is left at a cut", () => {
  const given = resultsWith({ events: 0, output: `${"x".repeat(1020)}hunter2x${"y".repeat(5000)}` });
  const text = fitResults(given, { max_bytes: 4_000, outbound: OUTBOUND });
  assert.doesNotMatch(text, /hunt|er2x/);
  assert.ok(new TextEncoder().encode(text).length <= 4_000);
  assert.match(text, /«data 0»x+/);
});

Deno.test("fitResults() names the lines that it leaves out, by the numbers that a slice takes", () => {
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index + 1} ${"x".repeat(60)}\n`);
  const [log] = fitted(resultsWith({ events: 0, output: lines.join("") }), 5_000).command_results;
  const [, first, last, all] = /\[… lines (\d+)-(\d+) of (\d+) left out …\]/.exec(log?.stdout ?? "")!.map(Number);
  assert.equal(all, 2000);
  assert.match(log!.stdout, new RegExp(`^line ${first! - 1} x+\n\\[…`, "m"));
  assert.match(log!.stdout, new RegExp(`…\\]\nline ${last! + 1} x+$`, "m"));
  assert.equal(log!.truncated, `lines ${first}-${last} of 2000 of stdout left out here`);
});

Deno.test("fitResults() keeps failed events before others, and more of what a failure printed", () => {
  const given = resultsWith({ events: 400, output: `${"out ".repeat(20_000)}` });
  const [opens] = Object.values(given.ebpf_results);
  opens!.events[200]!.data = { error: "EACCES" };
  given.command_results.push({ ...given.command_results[0]!, id: "bad", exit_code: 2, stderr: "no ".repeat(20_000) });
  const { command_results: [log, bad], ebpf_results } = fitted(given, 8_000);
  const kept = Object.values(ebpf_results)[0]!.events;
  assert.ok(kept.length < 400 && kept.some(({ data }) => data["error"] === "EACCES"), `${kept.length} kept`);
  assert.ok(bad!.stderr.length > 1.5 * log!.stdout.length, `${bad!.stderr.length} and ${log!.stdout.length}`);
});

Deno.test("fitResults() stays within any bound that has room for its own words", () => {
  const given = resultsWith({ events: 100, output: "é\n".repeat(50_000), programs: 40, processes: 200 });
  for (let id = 0; id < 500; id++) given.command_results.push({ ...given.command_results[0]!, id: `c${id}` });
  for (const max_bytes of [1_000_000, 100_000, 20_000, 3_000, 700, 200]) {
    const sent = fitted(given, max_bytes);
    if (sent.command_results.length < 501) assert.match(sent.notes?.at(-1) ?? "", /^No room for \d+ more results/);
  }
});

Deno.test("fitResults() tells an older round by its figures and first lines", () => {
  const given = resultsWith({ events: 400, output: "first\n" + "more\n".repeat(10_000) });
  const text = fitResults(given, { condensed: true });
  assert.ok(text.length < 1_500, `${text.length} characters`);
  const { command_results: [log], ebpf_results } = results.parse(parse(text));
  assert.match(log!.stdout, /^first\n/);
  const [opens] = Object.values(ebpf_results);
  assert.deepEqual([opens!.event_count, opens!.events_omitted, opens!.summary], [1_000_000, 400, "1,000,000 opens"]);
});

Deno.test("fitResults() takes a slice from its whole redacted output: a secret that reaches into it stays hidden", () => {
  const key = "-----BEGIN KEY-----\nAAAA\nBBBB\nCCCC\n-----END KEY-----";
  const redact = (text: string): string => text.replaceAll(key, "<secret:1>");
  const source = `one\n${key}\nthree\nfour\n`;
  const given = resultsWith({ events: 0, output: "BBBB\nCCCC\n" });
  given.command_results[0]!.slice = { of: "key", stream: "stdout", lines: "2-3" };
  const text = fitResults(given, { outbound: { ...OUTBOUND, redact }, sourceOf: () => source });
  assert.doesNotMatch(text, /BBBB|CCCC/);
  assert.match(text, /<secret:1>\\nthree/);
});

import assert from "node:assert/strict";
import process from "node:process";
import { readJson } from "../../../src/models/reply/json_reader.ts";
import type { Marks } from "../../../src/models/reply/marks.ts";
import { readReply } from "../../../src/models/reply/mod.ts";
import { randomFrom } from "./random.ts";

function marks(): Marks {
  return { mends: new Set(), partial: new Set() };
}

/** Reads a text within a bound of processor time; the best of three times, for a busy host has its pauses. */
function assertReadWithin(bound_ms: number, text: string): void {
  let best_ms = Infinity;
  for (let times = 0; times < 3 && best_ms > bound_ms; times++) {
    const start = process.cpuUsage();
    readReply(text);
    const { user, system } = process.cpuUsage(start);
    best_ms = Math.min(best_ms, (user + system) / 1000);
  }
  assert.ok(best_ms <= bound_ms, `${Math.round(best_ms)} ms for ${text.slice(0, 100)}`);
}

Deno.test("readJson() reads valid JSON as JSON.parse() does, and mends nothing", () => {
  const random = randomFrom(1);
  const texts = [
    '{"command":"a\\"}, {\\"b\\": [1"}',
    "it's",
    "a, b: c",
    "\\",
    "// no",
    "é\u2028\u{1f600}",
    "}",
    "“x”",
    "```",
  ];
  const value = (depth: number): unknown => {
    const kind = random.below(depth > 5 ? 5 : 7);
    if (kind === 0) return random.of([0, -1, 1.5e10, 1e-7, 42]);
    if (kind === 1) return random.of([true, false, null]);
    if (kind < 5) return texts.concat(["", "x"])[random.below(texts.length + 2)];
    const items = Array.from({ length: random.below(5) }, () => value(depth + 1));
    if (kind === 5) return items;
    return Object.fromEntries(items.map((item, i) => [`${random.of(["k", "a b", 'q"', "é", "x\\"])}${i}`, item]));
  };
  for (let i = 0; i < 5000; i++) {
    const document = { first: value(0), second: [value(1), value(1)] };
    const text = JSON.stringify(document, null, random.of([0, 2]));
    const found = marks();
    const read = readJson(text, 0, found);
    assert.deepEqual({ ...read, mends: [...found.mends] }, {
      value: document,
      end: text.length,
      cut: false,
      mends: [],
    });
  }
});

Deno.test("readJson() marks what is cut or unreadable as partial, and nothing else", () => {
  const found = marks();
  const { value, cut } = readJson('{"a":[{"b":1},{"b":two words},{"b":{"c":1', 0, found);
  assert.ok(cut);
  const list = (value as { a: { b?: object }[] }).a;
  assert.deepEqual(list, [{ b: 1 }, {}, { b: {} }]);
  assert.deepEqual([value, list, ...list].map((item) => found.partial.has(item)), [true, true, false, true, true]);
});

Deno.test("readJson() sets no prototype", () => {
  const { value } = readJson('{"__proto__":{"polluted":true},"a":1}', 0, marks());
  assert.deepEqual(value, { a: 1 });
  assert.equal((value as Record<string, unknown>)["polluted"], undefined);
});

/** Texts of a megabyte that make a careless reader look at the same place again and again. */
const HARD: Readonly<Record<string, string>> = {
  "braces": "{",
  "brackets": "[",
  "lists of objects": "[{",
  "closed braces": "{}",
  "closing braces": "}",
  "quotes": '"',
  "single quotes": "'",
  "backslashes": "\\",
  "escaped quotes": '\\"',
  "names": '{"a":',
  "bare names": "{a:",
  "names that never get a value": '"a":',
  "texts with open quotes": '{"command":"x',
  "inner quotes": '" "x',
  "inner quotes and commas": '", "x',
  "quotes and line breaks": '"\n\n\n\n',
  "concatenations": '"a" + ',
  "comments": "{//",
  "comment openings": "{/*",
  "hash comments": "{#",
  "comments between values": '1 /* x */ "a" ',
  "fences": "```json\n{",
  "thinking": "<think>{",
  "ends of thinking": "</think>{",
  "replies": '{"response_type":"diagnostic","commands":["ls"]}',
  "cut replies": '{"response_type":"diagnostic","commands":[{"id":"a","command":"ls',
  "commands": '{"id":"a","command":"ls"},',
  "wrapped strings": '{"a":"{\\"commands\\":',
  "escaped objects": '{\\n\\"commands\\": [',
  "white space": "{ \n\t ",
  "commas": ",",
  "ellipses": "...",
  "bare words": "word ",
  "smart quotes": "“",
  "numbers": "{1:1",
};

Deno.test("readReply() reads very long fields in linear time", () => {
  const texts = [" ", "1 ", "a", "`", "a,", "1.", "sh:", "ab/", "\\n", "…", "- "].map((piece) =>
    piece.repeat(60_000 / piece.length)
  );
  for (const long of texts.flatMap((text) => [text, `1${text}x`, `\`${text}\``])) {
    const filters = { pid: long, comm: long };
    const program = { name: long, type: long, target: long, duration: long, filters, capture: long, aggregate: long };
    const diagnostic = {
      response_type: "diagnostic",
      commands: [long, { id: long, command: long }, { command: [long] }, { id: long, lines: long }],
      ebpf_programs: [program, { ...program, type: "kprobe" }, { target: long }, long],
    };
    const findings = [long, { claim: long, evidence: long }];
    const resolution = { response_type: long, root_cause: long, resolution_plan: long, confidence: long, findings };
    for (const object of [diagnostic, resolution, { ...diagnostic, commands: long, ebpf_programs: long }]) {
      assertReadWithin(2000, JSON.stringify(object));
    }
  }
});

for (const [what, piece] of Object.entries(HARD)) {
  Deno.test(`readReply() reads a megabyte of ${what} in linear time`, () => {
    for (const lead of ["", '{"response_type":"diagnostic","commands":[{"id":"a","command":"']) {
      const text = lead + piece.repeat(Math.ceil(1_000_000 / piece.length));
      // Quadratic time would be minutes; the bound leaves room for a slow machine.
      assertReadWithin(10_000, text);
    }
  });
}

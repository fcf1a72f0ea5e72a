import assert from "node:assert/strict";
import { judge } from "../../src/commands/mod.ts";
import { CONTRACT, OWN_TEXT, systemPrompt, tokensOf } from "../../src/models/prompts.ts";
import {
  AGGREGATES,
  type DiagnosticReply,
  isSlice,
  MAX_CAPTURES,
  outputSlice,
  parse,
  type Reply,
  reply,
} from "../../src/protocol/mod.ts";

const PROMPTS = new URL("../../prompts/", import.meta.url);
/** What an AI is asked to stay within. */
const DURATION_S = { min: 10, max: 30 };

function prompts(folder = PROMPTS): readonly { readonly name: string; readonly text: string }[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? prompts(new URL(`${name}/`, folder)) : [{ name, text: Deno.readTextFileSync(new URL(name, folder)) }]
  );
}

function examplesIn(text: string): readonly Reply[] {
  return [...text.matchAll(/```json\n([^]*?)```/g)].map(([, json = ""]) => reply.parse(parse(json)));
}

function assertRuns(line: string): void {
  const verdict = judge(line);
  assert.ok(verdict.kind === "allowed" || verdict.kind === "changed", `${line}: ${JSON.stringify(verdict)}`);
}

function assertAsksRightly({ commands, ebpf_programs }: DiagnosticReply): void {
  for (const entry of commands) if (!isSlice(entry)) assertRuns(entry.command);
  for (const { name, duration, aggregate, capture = [] } of ebpf_programs) {
    assert.ok(duration >= DURATION_S.min && duration <= DURATION_S.max, `${name} traces ${duration} s`);
    assert.ok(aggregate === undefined || AGGREGATES.some((known) => known === aggregate), name);
    assert.ok(capture.length <= MAX_CAPTURES, name);
  }
}

for (const { name, text } of prompts()) {
  Deno.test(`every example in prompts/${name} follows the contract, and its commands pass the policy`, () => {
    for (const example of examplesIn(text)) {
      if (example.response_type === "diagnostic") assertAsksRightly(example);
    }
    for (const [, json = ""] of text.matchAll(/`(\{"id":[^`]*\})`/g)) outputSlice.parse(parse(json));
    const [, commands = ""] = /^- Commands: (.*)$/m.exec(text) ?? [];
    for (const [, line = ""] of commands.matchAll(/`([^`]+)`/g)) {
      assertRuns(line.replace("<name>", "example.org").replace("<path>", "/var"));
    }
  });
}

Deno.test("the contract has an example of both phases, which cites what it asked for", () => {
  const [asked, concluded, ...more] = examplesIn(CONTRACT);
  assert.ok(asked?.response_type === "diagnostic" && concluded?.response_type === "resolution");
  assert.deepEqual(more, []);
  const ids = [
    ...asked.commands.map(({ id }) => id),
    ...asked.ebpf_programs.map(({ name }) => `${name}_1718000000`),
  ];
  const cited = concluded.findings?.flatMap(({ evidence }) => evidence) ?? [];
  assert.deepEqual(new Set(cited), new Set(ids));
  assert.match(CONTRACT, /`\{"id":"output:listeners","lines":"200-260"\}`/);
});

Deno.test("no sentence stands twice in the prompts, and no example either", () => {
  const seen = new Map<string, string>();
  for (const { name, text } of prompts()) {
    const pieces = text.replaceAll(
      /```json\n[^]*?```/g,
      (example) => example.replaceAll(/\s+/g, " ").replaceAll(". ", ".~"),
    )
      .split(/\n|(?<=[.:;]) (?=[A-Z`])/);
    for (const piece of pieces.map((each) => each.replace(/^[-#\s]+/, "").trim().toLowerCase())) {
      if (piece.split(/\s+/).length < 4) continue;
      assert.equal(seen.get(piece), undefined, `${name}: ${piece}`);
      seen.set(piece, name);
    }
  }
  assert.ok(seen.size > 60, `${seen.size} sentences`);
});

for (
  const [what, text, max] of [
    ["the system prompt", systemPrompt(), 2900],
    ["the contract in brief", CONTRACT, 800],
  ] as const
) {
  Deno.test(`${what} takes ${tokensOf(text)} tokens, of ${max} at most`, () => {
    assert.ok(tokensOf(text) <= max);
  });
}

Deno.test("systemPrompt() composes every file but the contract, once", () => {
  const system = systemPrompt();
  for (const { name, text } of prompts()) {
    if (name === "contract.md") assert.ok(!system.includes(CONTRACT));
    else assert.equal(system.split(text.trim()).length, 2, name);
    assert.ok(OWN_TEXT.includes(text.trim()), `${name} counts as our own words`);
  }
});

Deno.test("systemPrompt() leaves out whole parts where room is short, the model's part never", () => {
  const [role] = systemPrompt().split("\n\n# What to trace");
  assert.equal(systemPrompt(0), role);
  for (let room = 0; room < 2400; room += 50) {
    const text = systemPrompt(room);
    assert.ok(text.startsWith(role!));
    assert.ok(text === role || tokensOf(text) <= room + 5, `${tokensOf(text)} of ${room}`);
    if (/# Programs/.test(text)) assert.match(text, /# What to trace[^]*# Programs[^]*# Reading results[^]*# Evidence/);
  }
  assert.match(systemPrompt(800), /# Evidence/);
  assert.doesNotMatch(systemPrompt(800), /# Programs/);
});

Deno.test("the system prompt names every target of the contract's table, and only tracepoints that kernels have", () => {
  const system = systemPrompt();
  const targets =
    "syscalls/sys_enter_connect tcp_connect tcp_sendmsg syscalls/sys_enter_execve sched/sched_process_exit do_fork " +
    "syscalls/sys_enter_openat vfs_read vfs_write syscalls/sys_enter_* schedule irq/irq_handler_entry __alloc_pages_nodemask kmem/kmalloc";
  for (const target of targets.split(" ")) assert.ok(system.includes(`\`${target}\``), target);
  for (const kernel of ["5.10", "7.3"]) {
    const events = Deno.readTextFileSync(new URL(`../data/formats/events-${kernel}.txt`, import.meta.url)).split("\n");
    for (const [, target = ""] of system.matchAll(/`tracepoint` `([\w/]+)`/g)) {
      if (!target.endsWith("_")) assert.ok(events.includes(target.replace("/", ":")), `${target} on ${kernel}`);
    }
  }
});

import assert from "node:assert/strict";
import { readReply } from "../../../src/models/reply/mod.ts";
import { parse, reply, stringify } from "../../../src/protocol/mod.ts";
import { recordedReplies, type RecordedReply } from "./recorded.ts";
import { saidIn } from "./said_in.ts";

const RECORDED = recordedReplies();

function textOf(kind: string): string {
  const found = RECORDED.find((recorded) => recorded.kind === kind);
  assert.ok(found, `no recorded reply is called ${kind}`);
  return found.text;
}

Deno.test("at least 60 kinds of misbehaviour are recorded, each another text", () => {
  assert.ok(RECORDED.length >= 60, `${RECORDED.length}`);
  assert.equal(new Set(RECORDED.map(({ text }) => text)).size, RECORDED.length);
});

for (const { kind, text, expected } of RECORDED) {
  Deno.test(`readReply() reads ${kind}`, () => {
    const read = readReply(text);
    assert.deepEqual(JSON.parse(stringify(read)), expected);
    if (read.ok) assertHeld(text, read.reply);
  });
}

/** It follows the contract, and asks for nothing that the text does not hold. */
function assertHeld(text: string, read: unknown): void {
  const checked = reply.parse(parse(stringify(read)));
  if (checked.response_type !== "diagnostic") return;
  const said = saidIn(text);
  for (const { command } of checked.commands) {
    assert.ok(command === undefined || said(String(command)), String(command));
  }
  for (const { target } of checked.ebpf_programs) assert.ok(said(target), target);
}

Deno.test("readReply() takes no content for a reply without content", () => {
  for (const text of [null, "", " \n"]) {
    assert.deepEqual(readReply(text), { ok: false, problem: "The reply has no content." });
  }
});

Deno.test("readReply() reads a good reply without a note, as it is but for defaults", () => {
  for (const kind of ["fenced_json", "fenced_without_language"]) {
    const object = textOf(kind).replaceAll(/```\w*/g, "");
    const read = readReply(object);
    assert.ok(read.ok);
    assert.deepEqual(read.notes, []);
    assert.deepEqual(read.reply, JSON.parse(object));
  }
});

Deno.test("readReply() takes only whole commands and programs of a diagnostic reply, wherever it is cut", () => {
  const text = textOf("prose_before");
  const start = text.indexOf("{");
  const whole = JSON.parse(text.slice(start));
  let most = 0;
  for (let end = start; end <= text.length; end++) {
    const read = readReply(text.slice(0, end));
    if (!read.ok) {
      assert.equal(most, 0, `cut at ${end} gives nothing, and less of it gave something`);
      continue;
    }
    assert.ok(read.reply.response_type === "diagnostic");
    const { commands, ebpf_programs } = read.reply;
    assert.deepEqual(commands, whole.commands.slice(0, commands.length));
    assert.deepEqual(ebpf_programs, whole.ebpf_programs.slice(0, ebpf_programs.length));
    if (end < text.length) assert.match(read.notes.join("\n"), /The reply was cut off/, `cut at ${end}`);
    assert.ok(commands.length + ebpf_programs.length >= most);
    most = commands.length + ebpf_programs.length;
  }
  assert.equal(most, 4);
});

Deno.test("readReply() accepts a resolution that is cut only when all that it must say is whole", () => {
  const text = textOf("fenced_without_language").replaceAll("```", "").trim();
  const whole = JSON.parse(text);
  // The plan comes before the confidence: what is behind both may be missing.
  const required = text.indexOf('"High"') + '"High"'.length;
  for (let end = 0; end <= text.length; end++) {
    const read = readReply(text.slice(0, end));
    assert.equal(read.ok, end >= required, `cut at ${end}`);
    if (!read.ok) continue;
    assert.ok(read.reply.response_type === "resolution");
    const { root_cause, resolution_plan, confidence, ebpf_evidence, findings = [] } = read.reply;
    assert.deepEqual({ root_cause, resolution_plan, confidence }, {
      root_cause: whole.root_cause,
      resolution_plan: whole.resolution_plan,
      confidence: whole.confidence,
    });
    assert.ok(ebpf_evidence === "" || ebpf_evidence === whole.ebpf_evidence);
    assert.deepEqual(findings, whole.findings.slice(0, findings.length));
    if (end < text.length) assert.match(read.notes.join("\n"), /The reply was cut off/);
  }
});

Deno.test("readReply() complains in few words, also about a reply with a thousand faults", () => {
  const programs = Array.from({ length: 16 }, () => ({
    name: "a",
    type: "kprobe",
    target: "x",
    filters: { pid: "?".repeat(5000), comm: 1.5, tid: [] },
    capture: { a: 1 },
  }));
  const read = readReply(JSON.stringify({ response_type: "diagnostic", ebpf_programs: programs }));
  assert.ok(!read.ok);
  assert.match(read.problem, /^- ebpf_programs\[0\]\.filters\.pid: a number is wanted, not text$/m);
  assert.ok(read.problem.length < 1500, read.problem);
});

Deno.test("readReply() keeps notes few and short, also about a reply with a thousand mends", () => {
  const commands = Array.from(
    { length: 300 },
    (_, i) => ({ cmd: `cat /proc/${i}`, ["x".repeat(9000)]: i, why: ["a", i] }),
  );
  const read = readReply(JSON.stringify({ commands }));
  assert.ok(read.ok);
  assert.ok(read.notes.length <= 21, `${read.notes.length}`);
  assert.ok(read.notes.join("\n").length < 3000);
});

/** Recorded kinds that must never come to be read as what they are not. */
Deno.test("the recorded kinds that end in a complaint are the ones where only the model can help", () => {
  const refused = RECORDED.filter(({ expected }: RecordedReply) => !expected.ok).map(({ kind }) => kind);
  assert.deepEqual(refused, [
    "confidence_unclear",
    "cut_in_reasoning",
    "cut_resolution_in_confidence",
    "cut_resolution_in_plan",
    "empty",
    "endless_objects",
    "filter_pid_is_a_word",
    "gateway_error_as_content",
    "html_page",
    "imagined_conversation",
    "kind_both",
    "kind_template_echoed",
    "only_unusable_entries",
    "parallel_tool_calls",
    "prose_with_shell",
    "refusal",
    "resolution_without_plan",
    "results_echoed",
    "schema_echoed",
    "think_only",
    "two_different_diagnostics",
    "two_resolutions",
    "white_space_only",
    "yaml",
  ]);
});

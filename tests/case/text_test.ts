import assert from "node:assert/strict";
import { caseText, isCase, parseCase } from "../../src/case/text.ts";
import { readCase } from "../../src/case/file.ts";
import { CaseError, EditedCase } from "../../src/case/error.ts";
import { contentOf } from "../../src/case/steps.ts";
import { sampleCase, turnThatPrinted } from "./support.ts";

const TEXT = caseText(sampleCase().content);

Deno.test("a case is written as lines that people read, and read as it was written", () => {
  const { document, intact } = parseCase(TEXT, "case.ktz");
  assert.equal(intact, true);
  assert.equal(document.next, "ask");
  assert.equal(caseText(contentOf(document)), TEXT);
  assert.match(TEXT, /^ {2}"issue": "the shop cannot reach its database",$/m);
  assert.equal(TEXT.at(-1), "\n");
});

Deno.test("a case holds nothing that a terminal would act on, and is the same document", () => {
  const { content } = sampleCase(turnThatPrinted("a\x1b[2J \x9b31m \x7f \u2028 b ü\n"));
  const text = caseText(content);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]/);
  const { document, intact } = parseCase(text, "case.ktz");
  assert.equal(intact, true);
  assert.equal(document.turns[0]!.command_results[0]!.stdout, "a\x1b[2J \x9b31m \x7f \u2028 b ü\n");
});

Deno.test("integers of the kernel survive in a case", () => {
  const { content } = sampleCase();
  const [key, result] = Object.entries(content.turns[0]!.ebpf_results)[0]!;
  const start_time = 1_700_000_000_123_456_789n;
  content.turns[0]!.ebpf_results[key] = { ...result, start_time };
  const { document, intact } = parseCase(caseText(content), "case.ktz");
  assert.equal(intact, true);
  assert.equal(document.turns[0]!.ebpf_results[key]!.start_time, start_time);
});

Deno.test("the checksum is that of the text without its line, as grep and sha256sum compute it", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, TEXT);
    const line = `grep -v '^  "checksum": ' ${path} | sha256sum`;
    const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
    assert.ok(TEXT.includes(`"checksum": "sha256:${new TextDecoder().decode(stdout).split(" ")[0]}"`));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("every changed character of a case is noticed", () => {
  for (let at = 0; at < TEXT.length; at += 97) {
    const other = TEXT[at] === "a" ? "b" : "a";
    const changed = TEXT.slice(0, at) + other + TEXT.slice(at + 1);
    assert.throws(() => readCase(changed, { name: "case.ktz", edits: "refused" }), CaseError, `at ${at}`);
  }
});

Deno.test("a case that was edited is refused with what to do, and taken where that is accepted", () => {
  const edited = TEXT.replace("cannot reach", "does not reach");
  assert.throws(() => readCase(edited, { name: "case.ktz", edits: "refused" }), (error) => {
    assert.ok(error instanceof EditedCase);
    assert.match(error.message, /^Cannot trust case\.ktz: it was changed since ktriage wrote it\.$/);
    assert.match(error.hint, /--accept-edits/);
    return true;
  });
  const { document, edited: told } = readCase(edited, { name: "case.ktz", edits: "accepted" });
  assert.equal(told, true);
  assert.equal(document.issue, "the shop does not reach its database");
  assert.equal(readCase(TEXT, { name: "case.ktz", edits: "accepted" }).edited, false);
});

Deno.test("a case of a newer ktriage, half of one, and something else are told apart", () => {
  const newer = TEXT.replace("ktriage.case/1", "ktriage.case/2").replace('"version": "0.1.0"', '"version": "9.1.0"');
  const faultOf = (text: string): CaseError => {
    try {
      parseCase(text, "x.ktz");
    } catch (error) {
      if (error instanceof CaseError) return error;
    }
    throw new Error("it was read");
  };
  assert.match(
    faultOf(newer).message,
    /a newer ktriage wrote it \(ktriage\.case\/2; this version reads ktriage\.case\/1\)/,
  );
  assert.match(faultOf(newer).hint, /ktriage 9\.1\.0 or newer/);
  assert.match(faultOf(TEXT.slice(0, 3000)).message, /Cannot read x\.ktz as a case/);
  assert.match(faultOf('{"schema":"ktriage.run/1"}').message, /it is ktriage\.run\/1/);
  assert.match(faultOf(TEXT.replace('"turns": [', '"turns": [5,')).message, /turns\.0/);
});

Deno.test("isCase() goes by the schema, and knows half of a case", () => {
  assert.equal(isCase(TEXT), true);
  assert.equal(isCase(JSON.stringify(JSON.parse(TEXT))), true);
  assert.equal(isCase(TEXT.slice(0, 500)), true);
  assert.equal(isCase(TEXT.replace("case/1", "case/9")), true);
  const asked = { response_type: "diagnostic", commands: [{ id: "a", command: `grep '"ktriage.case/1"' x` }] };
  assert.equal(isCase(JSON.stringify(asked)), false);
  assert.equal(isCase(""), false);
});

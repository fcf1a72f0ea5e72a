import assert from "node:assert/strict";
import { readRecord } from "../../src/record/read.ts";
import { changesSince, episodeOf, pendingAnswers, whyNotResumed } from "../../src/record/resume.ts";
import { SAMPLE_HOST, SAMPLE_RUN } from "../support/sample_run.ts";
import { answers, begun, ELSEWHERE, MACHINE, RecordFolder, RESOLUTION, runs, TURN } from "./folder.ts";

Deno.test("pendingAnswers() are those that nothing came of yet", async () => {
  using folder = new RecordFolder();
  const record = begun(folder.path);
  const pending = (): (string | undefined)[] =>
    pendingAnswers(readRecord(folder.path, ELSEWHERE)).map(({ reply }) => reply?.response_type);
  assert.deepEqual(pending(), []);
  await answers(record, { reply: TURN.request, episode_id: "e" });
  assert.deepEqual(pending(), ["diagnostic"]);
  runs(record);
  assert.deepEqual(pending(), []);
  record.unusable("…", "no JSON");
  assert.deepEqual(pending(), []);
  await answers(record, { reply: RESOLUTION });
  assert.deepEqual(pending(), ["resolution"]);
  assert.equal(episodeOf(readRecord(folder.path, ELSEWHERE)), "e");
});

Deno.test("whyNotResumed() refuses what has its conclusion, is under way, or has no rounds left", () => {
  using folder = new RecordFolder();
  const record = begun(folder.path);
  const why = (max_rounds = 8, now = ELSEWHERE) => whyNotResumed(readRecord(folder.path, now), { max_rounds })?.message;
  assert.equal(why(), undefined);
  assert.match(why(8, MACHINE) ?? "", /is still under way/);
  const { resolution: _, evidence_check: __, ...unfinished } = SAMPLE_RUN;
  record.end("run.json", { ...unfinished, failure: { kind: "model", message: "gone" } });
  assert.equal(why(), undefined);
  record.end("run.json", { ...unfinished, failure: { kind: "limit", message: "No conclusion after 8 rounds" } });
  assert.match(why() ?? "", /has used up its 8 rounds/);
  assert.equal(why(9), undefined);
  record.end("run.json", SAMPLE_RUN);
  assert.match(why(9) ?? "", /has its conclusion/);
});

for (
  const [what, now, expected] of [
    ["how long ago it was", {}, [/resumed 35 min later/]],
    ["that the host was started anew", { machine: ELSEWHERE }, [/started anew/, /later/]],
    ["that it is another host", { machine: { host_id: "x", boot_id: "y" } }, [/another host \(shop-1\)/, /later/]],
    ["that it has another name", { host: { ...SAMPLE_HOST, hostname: "shop-2" } }, [
      /what follows is of shop-2/,
      /later/,
    ]],
  ] as const
) {
  Deno.test(`changesSince() says ${what}`, () => {
    const earlier = { host: SAMPLE_HOST, machine: MACHINE, last_time: "2026-01-01T00:00:00.000Z" };
    const notes = changesSince(earlier, {
      host: SAMPLE_HOST,
      machine: MACHINE,
      time: "2026-01-01T00:35:00.000Z",
      ...now,
    });
    assert.equal(notes.length, expected.length, notes.join("\n"));
    expected.forEach((pattern, index) => assert.match(notes[index]!, pattern));
  });
}

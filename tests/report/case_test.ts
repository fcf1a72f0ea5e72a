import assert from "node:assert/strict";
import { caseText } from "../../src/report/case.ts";
import { plain } from "../../src/report/paint.ts";
import { sealed } from "../../src/case/file.ts";
import { diagnosticReply } from "../../src/protocol/mod.ts";
import { sampleCase, turnThatPrinted } from "../case/support.ts";

const OPTIONS = { width: 60, paint: plain, name: "case.ktz" };

Deno.test("caseText() tells what a case holds, a line for each result, and what comes next", () => {
  const { document } = sealed(sampleCase().content);
  const text = caseText(document, OPTIONS);
  assert.match(text, /^Issue\n {2}the shop cannot reach its database\n\nHost\n {2}shop-1: Debian GNU\/Linux 12/);
  assert.match(text, /\nSo far\n {2}collected 20.* by ktriage 0\.1\.0\n/);
  assert.match(text, /\n {2}listeners: ss -ltn → /);
  assert.match(text, /\nNext\n {2}Carry it to where a model can be reached, and there:\n? *ktriage ask case\.ktz\n$/);
  assert.ok(text.split("\n").every((line) => line.length <= 60), text);
});

Deno.test("caseText() shows whole outputs where they are asked for, and nothing that a terminal would act on", () => {
  const { document } = sealed(sampleCase(turnThatPrinted("first\n\x1b[2Jsecond\n".repeat(30))).content);
  assert.ok(!caseText(document, OPTIONS).includes("second"));
  const whole = caseText(document, { ...OPTIONS, outputs: "whole" });
  assert.equal(whole.match(/^ {6}\u{fffd}\[2Jsecond$/gmu)?.length, 30);
});

Deno.test("caseText() shows every line that would run, whole, and says where to run it", () => {
  const line = `cat /proc/meminfo ${"/proc/loadavg ".repeat(20)}| grep END-OF-LINE`;
  const request = diagnosticReply.parse({
    response_type: "diagnostic",
    reasoning: "why",
    commands: [{ id: "a", command: line }, { id: "output:b", lines: "3-9" }],
    ebpf_programs: [{
      name: "p",
      type: "tracepoint",
      target: "sched/sched_switch",
      duration: 5,
      filters: { comm: "x" },
    }],
  });
  const { document } = sealed({ ...sampleCase().content, request });
  const text = caseText(document, OPTIONS);
  assert.match(text, /Asked for\n {2}why\n {2}a: cat \/proc\/meminfo/);
  assert.match(
    text,
    /grep\s+END-OF-LINE\n {2}lines 3-9 of output:b\n {2}p: eBPF, tracepoint sched\/sched_switch for 5 s,\s+comm x\n/,
  );
  assert.match(text, /Carry it to shop-1, and there: sudo ktriage run case\.ktz\n$/);
});

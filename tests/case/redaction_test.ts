import assert from "node:assert/strict";
import { boundedCase } from "../../src/case/bound.ts";
import { CaseError, EditedCase } from "../../src/case/error.ts";
import { sealed } from "../../src/case/file.ts";
import { checkHostPart, hostPart } from "../../src/case/host_part.ts";
import { keptPlaceholders } from "../../src/case/hands.ts";
import { isCarried, nextPrivate } from "../../src/case/private.ts";
import { countsOf, redactInto, redactorOf, restoreRequest } from "../../src/case/redaction.ts";
import { contentOf, did, withStep } from "../../src/case/steps.ts";
import { bytesOf } from "../../src/case/bound.ts";
import type { CasePrivate } from "../../src/protocol/case.ts";
import { casePrivate } from "../../src/protocol/case.ts";
import { diagnosticReply, type Turn } from "../../src/protocol/mod.ts";
import { PLANTED } from "../privacy/planted.ts";
import { EMPTY_CASE, sampleCase, turnThatPrinted } from "./support.ts";

const SECRET = "Xk9vQ2mZ7rT4wLp8";
const net = (text: string): string => text;

/** As it comes back from disk. */
function stored(content: CasePrivate): CasePrivate {
  return casePrivate.parse(JSON.parse(JSON.stringify(content)));
}

Deno.test("a secret that a later step meets by its name is one wherever an earlier step met it", () => {
  const { content, redactor } = sampleCase(turnThatPrinted(`PGPASSWORD=${SECRET} host=10.1.2.3`));
  const first = sealed({ ...content, placeholders: countsOf(redactor) });
  assert.match(first.text, /PGPASSWORD=<secret:1> host=<address:1>/);

  const kept = stored(nextPrivate(first.document, redactor.state));
  const again = redactorOf(first.document, kept);
  const turn = turnThatPrinted(`argv ${SECRET} 10.1.2.3 10.7.7.7\n`, "ps -ef", "ps");
  const second = sealed(redactInto(contentOf(first.document), { turns: [turn] }, again));
  assert.match(second.text, /argv <secret:1> <address:1> <address:2>/);
  assert.ok(!second.text.includes(SECRET));
});

Deno.test("what was written before a secret was known is redacted once it is", () => {
  const { content, redactor } = sampleCase(turnThatPrinted(`argv ${SECRET}\n`));
  const learnt = redactInto(content, { turns: [turnThatPrinted(`PGPASSWORD=${SECRET}`, "env", "env")] }, redactor);
  assert.ok(!sealed(learnt).text.includes(SECRET));
});

Deno.test("nothing of any planted secret is in a case, and it is the same placeholder in the next step", () => {
  for (const { where, text, secrets } of PLANTED) {
    const { content, redactor } = sampleCase(turnThatPrinted(`${text}\n`));
    const first = sealed({ ...content, placeholders: countsOf(redactor) }, (whole) => redactor.net(whole));
    const again = redactorOf(first.document, stored(nextPrivate(first.document, redactor.state)));
    const next = { turns: [turnThatPrinted(`${text}\n`, "cat again", "again")] };
    const second = sealed(redactInto(contentOf(first.document), next, again), (whole) => again.net(whole));
    const [before, after] = second.document.turns.map(({ command_results }) => command_results[0]!.stdout);
    assert.equal(after, before, where);
    for (const secret of secrets) {
      const spelled = JSON.stringify(secret).slice(1, -1);
      for (const written of [first.text, second.text]) assert.ok(!written.includes(spelled), `${where}: ${secret}`);
    }
  }
});

Deno.test("the host's text cannot forge a placeholder of its case", () => {
  const { content, redactor } = sampleCase(turnThatPrinted("10.1.2.3"));
  const turn = turnThatPrinted("<address:1> is where it goes\n", "cat x", "x");
  const [, forged] = redactInto(content, { turns: [turn] }, redactor).turns;
  assert.match(forged!.command_results[0]!.stdout, /^<text:1> is/);
});

Deno.test("restoreRequest() puts addresses back, and what has no meaning stays and is not run", async () => {
  const { redactor } = sampleCase(turnThatPrinted(`10.1.2.3 PGPASSWORD=${SECRET}`));
  const command = (id: string, line: string): unknown => ({ id, command: line });
  const request = diagnosticReply.parse({
    response_type: "diagnostic",
    commands: [
      command("good", "ping -c 1 <address:1>"),
      command("secret", "psql password=<secret:1>"),
      command("unknown", "ping -c 1 <address:7>"),
    ],
  });
  const restored = restoreRequest(request, redactor);
  const ran: string[] = [];
  const hands = keptPlaceholders({
    startPrograms: () => Promise.reject(new Error("not asked for")),
    runCommand: (asked) => {
      ran.push(asked.command);
      return Promise.resolve(turnThatPrinted("").command_results[0]!);
    },
  });
  const signal = new AbortController().signal;
  const results = [];
  for (const each of restored.commands) {
    if (typeof each.command === "string") {
      results.push(await hands.runCommand({ ...each, command: each.command }, { signal }));
    }
  }
  assert.deepEqual(ran, ["ping -c 1 10.1.2.3"]);
  assert.match(results[1]!.refused!.reason, /<secret:1>: secrets are never put back/);
  assert.match(results[2]!.refused!.reason, /<address:7>: what this stands for is not known/);
});

Deno.test("without the private file earlier placeholders stay, and new ones count on", () => {
  const { content, redactor } = sampleCase(turnThatPrinted(`10.1.2.3 TOKEN=${SECRET}`));
  const { document } = sealed({ ...content, placeholders: countsOf(redactor) });
  const lost = redactorOf(document);
  const turn = turnThatPrinted("10.9.9.9\n", "cat y", "y");
  const after = redactInto(contentOf(document), { turns: [turn] }, lost);
  assert.match(after.turns[0]!.command_results[0]!.stdout, /^<address:1> TOKEN=<secret:1>/);
  assert.equal(after.turns[1]!.command_results[0]!.stdout, "<address:2>\n");
  assert.deepEqual(countsOf(lost), { secret: 1, address: 2 });
  // And with the new private file, which explains only the new ones, it goes on like that.
  const { document: second } = sealed({ ...after, placeholders: countsOf(lost) });
  const third = redactInto(
    contentOf(second),
    { turns: [turnThatPrinted("10.9.9.9 10.8.8.8\n", "cat z", "z")] },
    redactorOf(second, stored(nextPrivate(second, lost.state))),
  );
  assert.match(third.turns[0]!.command_results[0]!.stdout, /^<address:1> TOKEN=<secret:1>/);
  assert.equal(third.turns[2]!.command_results[0]!.stdout, "<address:2> <address:3>\n");
});

Deno.test("checkHostPart() takes what the host wrote, with what a model added, and refuses older and forged ones", () => {
  const { content, redactor } = sampleCase();
  const first = sealed(content).document;
  const earlier = nextPrivate(first, redactor.state);
  const refused = { name: "case.ktz", edits: "refused" } as const;
  const asked = sealed({ ...content, request: diagnosticReply.parse({ response_type: "diagnostic" }) }).document;
  const sliced = sealed({ ...content, turns: [...content.turns, turnThatPrinted("a slice")] }).document;
  for (const document of [first, asked, sliced]) assert.equal(checkHostPart(document, stored(earlier), refused), false);

  const second = sealed(redactInto(content, { turns: [turnThatPrinted("x\n", "cat x", "x")] }, redactor)).document;
  const later = stored(nextPrivate(second, redactor.state, earlier));
  assert.equal(later.written.length, 2);
  assert.equal(checkHostPart(second, later, refused), false);
  assert.throws(() => checkHostPart(asked, later, refused), (error) => {
    assert.ok(error instanceof EditedCase);
    assert.match(error.message, /it is an older copy, and this host has gone on with the case at 20/);
    return true;
  });
  const forged = sealed({ ...contentOf(second), issue: "another" }).document;
  assert.throws(() => checkHostPart(forged, later, refused), /what this host wrote into it was changed on the way/);
  assert.equal(checkHostPart(forged, later, { name: "case.ktz", edits: "accepted" }), true);
  assert.notEqual(hostPart(forged, 2), hostPart(second, 2));
});

Deno.test("boundedCase() cuts the newest results until the file has its size, says so, and keeps earlier turns", () => {
  const { content } = sampleCase();
  const many: Turn = {
    request: { response_type: "diagnostic", reasoning: "", commands: [], ebpf_programs: [] },
    command_results: Array.from(
      { length: 40 },
      (_, n) => turnThatPrinted(`line of output ${n}\n`.repeat(3000), `cat ${n}`, `c${n}`).command_results[0]!,
    ),
    ebpf_results: {},
  };
  const large = { ...content, max_bytes: 200_000, turns: [...content.turns, many] };
  assert.ok(bytesOf(sealed(large).text) > 2_000_000);
  const { text, document } = boundedCase(large, { fresh: 1, net });
  assert.ok(bytesOf(text) <= 200_000, `${bytesOf(text)} bytes`);
  assert.ok(bytesOf(text) > 60_000, `${bytesOf(text)} bytes: much room is left`);
  assert.deepEqual(document.turns[0], sealed(content).document.turns[0]);
  assert.equal(document.turns[1]!.command_results.length, 40);
  assert.match(document.turns[1]!.command_results[0]!.truncated!, /left out/);
  assert.throws(() => boundedCase({ ...large, max_bytes: 2000 }, { fresh: 1, net }), (error) => {
    assert.ok(error instanceof CaseError);
    assert.match(error.message, /Cannot keep the case within 2000 bytes/);
    assert.match(error.hint, /--max-bytes/);
    return true;
  });
  const small = boundedCase(withStep(EMPTY_CASE, "collected", did("0.1.0")), { fresh: 0, net });
  assert.equal(small.document.next, "ask");
});

Deno.test("isCarried() knows disks that are taken along, and the host that runs from one", () => {
  const stick = { disk: "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/sdb", removable: "0\n" };
  const card = { disk: "/sys/devices/pci0000:00/mmc0/block/mmcblk0", removable: "1\n" };
  const disk = { disk: "/sys/devices/pci0000:00/0000:00:1f.2/ata1/sda", removable: "0\n" };
  const none = { disk: "", removable: "" };
  assert.deepEqual([stick, card, disk, none].map((each) => isCarried(each, disk)), [true, true, false, false]);
  assert.equal(isCarried(stick, stick), false);
  assert.equal(isCarried(none, none), false);
});

import assert from "node:assert/strict";
import { type CheckedResolution, checkEvidence, type Told } from "../../../src/agent/evidence/mod.ts";
import { type CheckedClaim, resolutionReply, run, type Turn } from "../../../src/protocol/mod.ts";
import { HEALTHY_HOST } from "../../models/expert_turns.ts";
import { SAMPLE_RUN } from "../../support/sample_run.ts";
import { assertLinear } from "../../support/scaling.ts";
import { sceneTurn } from "./scene.ts";

const DF = {
  id: "df",
  command: "df -P",
  stdout:
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /\n/dev/sdb1 100 100 0 100% /data\n",
};
const OPENS = {
  name: "opens",
  target: "syscalls/sys_enter_openat",
  summary: "12 × syscalls:sys_enter_openat in 10.0 s, by app (pid 71) 12. 12 of 12 returned an error: ENOENT 12.",
  events: [{
    repeat: 12,
    process_name: "app",
    process_id: 71,
    data: { filename: "/etc/app.conf", ret: -2, error: "ENOENT" },
  }],
};
const TURNS = [sceneTurn([DF], [OPENS])];

const FULL = { claim: "/data is 100 % full", evidence: ["df"] };
const MISSING = { claim: "12 of 12 opens of /etc/app.conf by app (pid 71) failed with ENOENT", evidence: ["opens"] };
const FORGED = { claim: "app (pid 71) failed 500 times", evidence: ["opens"] };
const WRONG = { claim: "/ is full", evidence: ["df"] };

interface Said {
  readonly confidence?: string;
  readonly root_cause?: string;
  readonly ebpf_evidence?: string;
  readonly findings?: readonly { readonly claim: string; readonly evidence: readonly string[] }[];
}

function check(
  { confidence = "High", ...said }: Said,
  turns: readonly Turn[] = TURNS,
  told: Told = {},
): CheckedResolution {
  const reply = { response_type: "resolution", root_cause: "x", resolution_plan: "y", confidence, ...said };
  return checkEvidence(resolutionReply.parse(reply), turns, { host: HEALTHY_HOST, ...told });
}

function statuses({ evidence_check }: CheckedResolution): readonly CheckedClaim["status"][] {
  return (evidence_check.claims ?? []).map(({ status }) => status);
}

Deno.test("checkEvidence() leaves a resolution alone whose claims all stand", () => {
  const checked = check({ findings: [FULL, MISSING] });
  assert.equal(checked.resolution.confidence, "High");
  assert.equal(checked.complaint, undefined);
  assert.deepEqual(statuses(checked), ["verified", "verified"]);
  assert.deepEqual(checked.evidence_check.notes, []);
  assert.equal(checked.evidence_check.given_confidence, undefined);
});

Deno.test("checkEvidence() knows commands by id, programs by key and by name, and as models write them", () => {
  for (const id of ["opens", "opens_1700000000", "`opens`", "ebpf_results.opens_1700000000"]) {
    const checked = check({ findings: [{ ...MISSING, evidence: [id] }] });
    assert.deepEqual(checked.evidence_check.unknown_evidence, [], id);
    assert.deepEqual(statuses(checked), ["verified"], id);
  }
});

Deno.test("checkEvidence() lists ids that no result has, and tells the model, without doubting what the others show", () => {
  const checked = check({ findings: [FULL, { ...FULL, evidence: ["df", "ss"] }] });
  assert.equal(checked.resolution.confidence, "High");
  assert.deepEqual(checked.evidence_check.unknown_evidence, [{ claim: FULL.claim, ids: ["ss"] }]);
  assert.deepEqual(checked.evidence_check.notes, [`No result of this run is called ss: "${FULL.claim}"`]);
  assert.match(checked.complaint ?? "", /cites ss, which no result is called/);
});

Deno.test("checkEvidence() lowers the confidence by the worst of the claims", () => {
  const cases: readonly (readonly [Said, string, RegExp | undefined])[] = [
    [{ findings: [FULL, MISSING, FORGED] }, "Medium", /from High to Medium: one claim is not supported/],
    [
      { findings: [FULL, FORGED, { ...FORGED, claim: "app failed 501 times" }] },
      "Low",
      /2 of 3 claims are not supported/,
    ],
    [{ findings: [FULL, MISSING, WRONG] }, "Low", /one claim is contradicted/],
    [{ findings: [FULL, FORGED], confidence: "Low" }, "Low", undefined],
    [{ findings: [FULL, FORGED, MISSING], confidence: "Medium" }, "Medium", undefined],
  ];
  for (const [said, confidence, note] of cases) {
    const { resolution, evidence_check } = check(said);
    assert.equal(resolution.confidence, confidence);
    const given = said.confidence ?? "High";
    assert.equal(evidence_check.given_confidence, given === confidence ? undefined : given);
    if (note) assert.match(evidence_check.notes.at(-1) ?? "", note);
  }
});

Deno.test("checkEvidence() never leaves High what names no evidence", () => {
  for (const said of [{}, { findings: [] }, { ebpf_evidence: "the kernel shows it clearly" }]) {
    const { resolution, complaint } = check(said);
    assert.equal(resolution.confidence, "Medium");
    assert.match(complaint ?? "", /names no evidence/);
  }
  const { resolution, evidence_check } = check({
    findings: [{ ...FULL, evidence: ["ss"] }, { ...FULL, evidence: [] }],
  });
  assert.equal(resolution.confidence, "Low");
  assert.match(evidence_check.notes.at(-1) ?? "", /none of its claims points at evidence of this run/);
});

Deno.test("checkEvidence() lowers the confidence to Low when nothing ran", () => {
  const refused = { id: "df", command: "df", exit_code: null, refused: { rule: "r", reason: "r" } };
  for (const turns of [[], [sceneTurn([refused])]]) {
    const { resolution, evidence_check } = check({}, turns);
    assert.equal(resolution.confidence, "Low");
    assert.match(evidence_check.notes.join(), /no command and no eBPF program of this run gave evidence/);
  }
  const { evidence_check } = check({ confidence: "Low" }, []);
  assert.equal(evidence_check.given_confidence, undefined);
  assert.deepEqual(evidence_check.notes, ["no command and no eBPF program of this run gave evidence"]);
});

Deno.test("checkEvidence() takes an answer without findings by the sentences of ebpf_evidence", () => {
  const good = check({ ebpf_evidence: "opens: 12 of 12 opens of app failed with ENOENT." });
  assert.equal(good.resolution.confidence, "High");
  assert.deepEqual(good.evidence_check.claims?.map(({ part, evidence }) => [part, evidence]), [["ebpf_evidence", [
    "opens",
  ]]]);
  const forged = check({ ebpf_evidence: "opens: 212 of 230 opens of app failed with ENOENT." });
  assert.equal(forged.resolution.confidence, "Low");
  assert.match(forged.complaint ?? "", /In ebpf_evidence, "opens: 212 of 230.*" is contradicted: .*12 of 12/);
});

Deno.test("checkEvidence() holds the root cause against the whole run, and says what speaks against it", () => {
  const good = check({ root_cause: "app misses /etc/app.conf (ENOENT). Somebody removed it.", findings: [MISSING] });
  assert.deepEqual(statuses(good), ["verified", "verified"]);
  const wrong = check({ root_cause: "The root file system is full, so app cannot write.", findings: [MISSING] });
  assert.equal(wrong.resolution.confidence, "Low");
  assert.match(
    wrong.evidence_check.notes.join("\n"),
    /^Speaks against "The root file system is full.*": df has \/ at 40 %/,
  );
});

Deno.test("checkEvidence() shows evidence against a claim that does not cite it", () => {
  const { evidence_check } = check({ findings: [{ claim: "/ is full", evidence: ["opens"] }] });
  assert.equal(evidence_check.claims?.[0]?.status, "contradicted");
  assert.match(evidence_check.notes[0] ?? "", /Speaks against "\/ is full": df has \/ at 40 %/);
});

Deno.test("checkEvidence() does not punish healthy and insufficient evidence", () => {
  const answers = [
    "Healthy: no fault was seen in 30 s.",
    "The host is healthy; 3 services were looked at.",
    "Insufficient evidence: the fault did not come within 60 s.",
    "The evidence is insufficient to name a cause; 10.9.9.9 was not looked at.",
  ];
  for (const root_cause of answers) {
    const checked = check({ root_cause, confidence: "Medium", findings: [FULL] });
    assert.equal(checked.resolution.confidence, "Medium", root_cause);
    assert.equal(checked.complaint, undefined, root_cause);
  }
});

Deno.test("checkEvidence() says that a value which was taken out cannot be compared, and does not punish it", () => {
  const checked = check({ findings: [FULL, MISSING, { claim: "<secret:1> vs. <secret:2>", evidence: ["df"] }] });
  assert.equal(checked.resolution.confidence, "High");
  assert.match(
    checked.evidence_check.claims?.[2]?.why ?? "",
    /<secret:1>, <secret:2> was taken out .* cannot be compared/,
  );
  assert.equal(checked.complaint, undefined);
});

Deno.test("checkEvidence() complains in a few lines, each with the reason, and asks for the whole resolution", () => {
  const findings = Array.from({ length: 30 }, (_, i) => ({ ...FORGED, claim: `app failed ${1000 + i} times` }));
  const { complaint = "" } = check({ findings });
  assert.match(
    complaint,
    /The finding "app failed 1000 times" is unsupported: 1000 does not occur in opens_1700000000\./,
  );
  assert.match(complaint, /and 22 more/);
  assert.match(complaint, /whole resolution again/);
  assert.ok(complaint.length < 2500, `${complaint.length} characters`);
});

Deno.test("checkEvidence() gives claims as the run's schema has them, findings first and in order", () => {
  const { resolution, turns } = SAMPLE_RUN;
  const checked = checkEvidence(resolution!, turns, { host: SAMPLE_RUN.host });
  const document = run.parse({ ...SAMPLE_RUN, ...checked });
  assert.deepEqual(
    document.evidence_check?.claims?.slice(0, 3).map(({ claim }) => claim),
    resolution!.findings!.map(({ claim }) => claim),
  );
});

Deno.test("checkEvidence() takes time as claims and outputs of any shape grow", async () => {
  const shapes: readonly (readonly [string, number])[] = [
    ['a.b/c:1 (pid 1) "x" ::1 1,2,3 ', 30],
    ["(", 1],
    ["1", 1],
    ['"x ', 3],
    [":", 1],
    ["/", 1],
    ["a-", 2],
  ];
  for (const [shape, length] of shapes) {
    await assertLinear(2000, (size) => {
      const claim = shape.repeat(size / length);
      const turns = [sceneTurn([{ ...DF, stdout: claim.repeat(5) }], [OPENS])];
      check({ findings: [{ claim, evidence: ["df"] }], root_cause: claim, ebpf_evidence: claim }, turns);
    });
  }
});

Deno.test("checkEvidence() holds a load that is called low or high against the load averages and the CPUs", () => {
  const cases: readonly (readonly [claim: string, averages: string, expected: string])[] = [
    ["the load is low", "32.41 35.77 19.38", "contradicted"],
    ["The load averages are normal", "5.10 4.80 1.00", "contradicted"],
    ["the load is low", "1.20 0.80 0.50", "verified"],
    ["the system is under a high load", "0.30 0.20 0.10", "contradicted"],
    ["the load is very high", "9.00 8.00 7.00", "verified"],
    ["the load is not low", "32.41 35.77 19.38", "verified"],
  ];
  for (const [claim, averages, expected] of cases) {
    const turns = [sceneTurn([{ id: "load", command: "cat /proc/loadavg", stdout: `${averages} 1/90 4242\n` }])];
    const { evidence_check } = check({ findings: [{ claim, evidence: ["load"] }] }, turns);
    assert.deepEqual(evidence_check.claims?.map(({ status }) => status), [expected], `${claim}: ${averages}`);
  }
});

import assert from "node:assert/strict";
import { checkEvidence } from "../../src/agent/evidence.ts";
import { type ResolutionReply, resolutionReply, type Turn, turn } from "../../src/protocol/mod.ts";

const REQUEST = { response_type: "diagnostic" };
const RAN = { id: "df", command: "df", exit_code: 0, stdout: "", stderr: "", duration_ms: 1 };
const TRACED = {
  program_name: "opens",
  type: "tracepoint",
  target: "syscalls/sys_enter_openat",
  start_time: 1,
  end_time: 2,
  event_count: 0,
  lost_events: 0,
  sampled: false,
  events: [],
  summary: "",
};

function turnWith(command: Record<string, unknown>, program: Record<string, unknown> = {}): Turn {
  const [command_results, ebpf_results] = [[{ ...RAN, ...command }], { opens_1: { ...TRACED, ...program } }];
  return turn.parse({ request: REQUEST, command_results, ebpf_results });
}

function resolution(confidence: string, ...evidence: readonly (readonly string[])[]): ResolutionReply {
  const findings = evidence.map((ids, index) => ({ claim: `claim ${index}`, evidence: ids }));
  const answer = { response_type: "resolution", root_cause: "x", resolution_plan: "y", confidence };
  return resolutionReply.parse(evidence.length === 0 ? answer : { ...answer, findings });
}

Deno.test("checkEvidence() knows commands by id, and programs by key and by name", () => {
  const checked = checkEvidence(resolution("High", ["df", "opens_1"], ["opens"]), [turnWith({})]);
  assert.equal(checked.resolution.confidence, "High");
  assert.deepEqual(checked.evidence_check, { unknown_evidence: [], notes: [] });
});

Deno.test("checkEvidence() lists ids that no result has, and leaves a supported confidence alone", () => {
  const { resolution: checked, evidence_check } = checkEvidence(resolution("High", ["df"], ["df", "ss"]), [
    turnWith({}),
  ]);
  assert.equal(checked.confidence, "High");
  assert.deepEqual(evidence_check.unknown_evidence, [{ claim: "claim 1", ids: ["ss"] }]);
  assert.deepEqual(evidence_check.notes, ['No result of this run is called ss: "claim 1"']);
});

Deno.test("checkEvidence() lowers the confidence when every claim points at nothing", () => {
  const { resolution: checked, evidence_check } = checkEvidence(resolution("Medium", ["ss"], []), [turnWith({})]);
  assert.equal(checked.confidence, "Low");
  assert.equal(evidence_check.given_confidence, "Medium");
  assert.equal(
    evidence_check.notes.at(-1),
    "Confidence lowered from Medium to Low: none of its claims points at evidence of this run",
  );
});

Deno.test("checkEvidence() lowers the confidence when nothing ran", () => {
  const refused = { exit_code: null, refused: { rule: "r", reason: "r" } };
  for (const turns of [[], [turnWith(refused, { error: "not root" })]]) {
    const { resolution: checked, evidence_check } = checkEvidence(resolution("High"), turns);
    assert.equal(checked.confidence, "Low");
    assert.match(evidence_check.notes.join(), /no command and no eBPF program of this run gave evidence/);
  }
});

Deno.test("checkEvidence() takes a resolution without findings on what ran", () => {
  const { resolution: checked } = checkEvidence(resolution("High"), [turnWith({}, { error: "not root" })]);
  assert.equal(checked.confidence, "High");
});

Deno.test("checkEvidence() does not claim to have lowered what was Low", () => {
  const { evidence_check } = checkEvidence(resolution("Low"), []);
  assert.equal(evidence_check.given_confidence, undefined);
  assert.deepEqual(evidence_check.notes, ["no command and no eBPF program of this run gave evidence"]);
});

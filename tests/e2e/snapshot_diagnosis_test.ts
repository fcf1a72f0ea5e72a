import assert from "node:assert/strict";
import { run } from "../../src/protocol/run.ts";
import { parse } from "../../src/protocol/json.ts";
import { type CliResult, ktriage } from "../support/cli.ts";
import { scriptedGateway } from "../support/scripted_gateway.ts";
import { FULL_DISK, QUICK } from "./snapshot_support.ts";

/** What a model concludes from the snapshot alone, and cites. */
const CONCLUSION = {
  response_type: "resolution",
  root_cause: "/mnt is full: nothing is left on it.",
  resolution_plan: "1. Remove /mnt/file.",
  confidence: "High",
  ebpf_evidence: "",
  findings: [{ claim: "/mnt is 100% full", evidence: ["snapshot"] }],
};

function diagnosed(state: string, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return ktriage([...QUICK, "--state", state, "--diagnose", "on-critical", ...more], { behind: FULL_DISK, env });
}

function recordsIn(state: string): string[] {
  try {
    return [...Deno.readDirSync(`${state}/diagnoses`)].map(({ name }) => name);
  } catch {
    return [];
  }
}

Deno.test("--diagnose hands the finding and the snapshot to the model, once an hour, and records what came out", async () => {
  const state = Deno.makeTempDirSync();
  await using gateway = scriptedGateway([{ content: CONCLUSION }]);
  const env = { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" };
  const first = await diagnosed(state, [], env);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^CRITICAL {2}[^]*\nDiagnosis: .*\/mnt[^]*\nRoot cause\n {2}\/mnt is full/);
  const [request] = gateway.requests;
  const asked = JSON.stringify(request!.body);
  assert.match(asked, /\/mnt is .* full/);
  assert.match(asked, /filesystem\.used_percent of \/mnt/, "the snapshot is evidence");
  const [folder, ...rest] = recordsIn(state);
  assert.deepEqual(rest, []);
  assert.match(folder!, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_filesystem\.full$/);
  const document = run.parse(parse(Deno.readTextFileSync(`${state}/diagnoses/${folder}/run.json`)));
  assert.equal(document.turns[0]!.command_results[0]!.id, "snapshot");
  assert.deepEqual(document.evidence_check?.unknown_evidence, []);
  const replayed = await ktriage(["replay", `${state}/diagnoses/${folder}`]);
  assert.match(replayed.stdout, /Root cause\n {2}\/mnt is full/, replayed.stderr);

  const second = await diagnosed(state, [], env);
  assert.match(second.stdout, /^CRITICAL /);
  assert.doesNotMatch(second.stdout, /Diagnosis/);
  assert.equal(gateway.requests.length, 1);
  assert.equal(recordsIn(state).length, 1);
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--diagnose has the built-in expert look by itself where nothing else is set", async () => {
  const state = Deno.makeTempDirSync();
  const { stdout, stderr, code } = await diagnosed(state);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\nDiagnosis: [^]*\nRoot cause\n {2}.*\/mnt/);
  const [folder] = recordsIn(state);
  const document = run.parse(parse(Deno.readTextFileSync(`${state}/diagnoses/${folder}/run.json`)));
  assert.ok(document.turns.length >= 2, "the snapshot, and what the expert asked");
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--diagnose does nothing where no finding is as grave, or no state tells when the last one was", async () => {
  const state = Deno.makeTempDirSync();
  const healthy = await ktriage([...QUICK, "--state", state, "--diagnose", "on-critical"]);
  assertNothingCritical(healthy);
  assert.deepEqual(recordsIn(state), []);
  const on_full_disk = await ktriage([...QUICK, "--state", "/mnt/state", "--diagnose", "on-critical"], {
    behind: FULL_DISK,
  });
  assert.doesNotMatch(on_full_disk.stdout, /\nDiagnosis/);
  assert.match(on_full_disk.stdout, /^CRITICAL /);
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--case writes a case that can be carried, with the snapshot in it, and never over another", async () => {
  const state = Deno.makeTempDirSync(), file = `${state}/host.ktz`;
  const first = await diagnosed(state, ["--case", file]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, new RegExp(`Wrote ${file}, which may leave`));
  const written = Deno.readTextFileSync(file);
  const shown = await ktriage(["show", file]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /ktriage snapshot/);
  Deno.removeSync(`${state}/baseline.db`); // as if an hour had passed
  const again = await diagnosed(state, ["--case", file]);
  assert.match(again.stderr, /it is there already/);
  assert.deepEqual([again.code, Deno.readTextFileSync(file)], [0, written]);
  Deno.removeSync(state, { recursive: true });
});

/** On a host that has a critical finding of its own, this says nothing. */
function assertNothingCritical({ stdout }: CliResult): void {
  if (!/^CRITICAL/.test(stdout)) assert.doesNotMatch(stdout, /\nDiagnosis/);
}

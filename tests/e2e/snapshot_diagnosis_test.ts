import assert from "node:assert/strict";
import { run } from "../../src/protocol/run.ts";
import { parse } from "../../src/protocol/json.ts";
import { type CliResult, ktriage } from "../support/cli.ts";
import { scriptedGateway } from "../support/scripted_gateway.ts";
import { takeLock } from "../../src/snapshot/lock.ts";
import { FULL_DISK, QUICK, withMounts } from "./snapshot_support.ts";

/** What a model concludes from the snapshot alone, and cites. */
const CONCLUSION = {
  response_type: "resolution",
  root_cause: "/mnt is full: nothing is left on it.",
  resolution_plan: "1. Remove /mnt/file.",
  confidence: "High",
  ebpf_evidence: "",
  findings: [{ claim: "/mnt is 100% full", evidence: ["snapshot"] }],
};

interface Asked {
  readonly more?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly behind?: readonly string[];
}

function diagnosed(state: string, { more = [], env = {}, behind = FULL_DISK }: Asked = {}) {
  return ktriage([...QUICK, "--state", state, "--diagnose", "on-critical", ...more], { behind, env });
}

const MAX_FINDINGS = 10;
const FULL = "mount -t tmpfs -o size=1m full";

function recordsIn(state: string, folder = "diagnoses"): string[] {
  try {
    return [...Deno.readDirSync(`${state}/${folder}`)].map(({ name }) => name);
  } catch {
    return [];
  }
}

Deno.test("--diagnose hands the finding and the snapshot to the model, and records what came out", async () => {
  const state = Deno.makeTempDirSync();
  await using gateway = scriptedGateway([{ content: CONCLUSION }]);
  const env = { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" };
  const first = await diagnosed(state, { env });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^CRITICAL {2}[^]*\nDiagnosis: .*\/mnt[^]*\nRoot cause\n {2}\/mnt is full/);
  const [request] = gateway.requests;
  const asked = JSON.stringify(request!.body);
  assert.match(asked, /\/mnt is .* full/);
  assert.match(asked, /filesystem\.used_percent of \/mnt/, "the snapshot is evidence");
  const [folder, ...rest] = recordsIn(state);
  assert.deepEqual(rest, []);
  assert.match(folder!, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_filesystem\.full__mnt$/);
  const document = run.parse(parse(Deno.readTextFileSync(`${state}/diagnoses/${folder}/run.json`)));
  assert.equal(document.turns[0]!.command_results[0]!.id, "snapshot");
  assert.deepEqual(document.evidence_check?.unknown_evidence, []);
  const replayed = await ktriage(["replay", `${state}/diagnoses/${folder}`]);
  assert.match(replayed.stdout, /Root cause\n {2}\/mnt is full/, replayed.stderr);
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--diagnose finds the cause of each finding once an hour, one after the other, and none is lost to a busy moment", async () => {
  const state = Deno.makeTempDirSync();
  Deno.chmodSync(state, 0o700);
  const behind = withMounts(
    ...["/mnt", "/srv"].flatMap((at) => [`${FULL} ${at}`, `! cat /dev/zero 2>/dev/null >${at}/file`]),
  );
  await using gateway = scriptedGateway(Array.from({ length: MAX_FINDINGS }, () => ({ content: CONCLUSION })));
  const run = async (): Promise<string> => {
    const env = { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" };
    const { stdout, stderr, code } = await diagnosed(state, { env, behind, more: ["--quiet"] });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^CRITICAL /);
    return stdout;
  };
  {
    const lock = takeLock("diagnosis", state);
    assert.ok(lock.is === "held");
    using _hold = lock.hold;
    assert.match(await run(), /\nA diagnosis is under way since \S+Z; this snapshot starts none\.\n$/);
    assert.equal(gateway.requests.length, 0);
  }
  // until all had their turn: the host may have findings of its own
  const pages = [await run()];
  while (/\nDiagnosis: /.test(pages.at(-1)!) && pages.length < MAX_FINDINGS) pages.push(await run());
  const answered = pages.flatMap((page) => /\nDiagnosis: (\/mnt|\/srv) is/.exec(page)?.[1] ?? []);
  assert.deepEqual(answered.toSorted(), ["/mnt", "/srv"]);
  assert.equal(recordsIn(state).length, pages.length - 1);
  assert.match(pages.at(-1)!, new RegExp(`diagnosed before:\\sktriage\\sreplay\\s${state}/diagnoses/\\S+\\n$`));
  assert.ok(!recordsIn(state, "").includes("diagnosis.skipped"), "nobody would read it");
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--diagnose lets the expert stand in for a gateway that cannot be reached, and says so", async () => {
  const state = Deno.makeTempDirSync();
  const env = { NANNYAPI_ENDPOINT: "http://127.0.0.1:1/openai/v1", NANNYAPI_MODEL: "m" };
  const { stdout, code, stderr } = await diagnosed(state, { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\nRoot cause\n {2}.*\/mnt/);
  assert.match(stdout.replace(/\s+/g, " "), /The built-in expert stands in: .*127\.0\.0\.1:1/);
  const [folder] = recordsIn(state);
  const document = run.parse(parse(Deno.readTextFileSync(`${state}/diagnoses/${folder}/run.json`)));
  assert.ok(document.turns.length >= 2, "the snapshot, and what the expert asked");
  const replayed = await ktriage(["replay", `${state}/diagnoses/${folder}`]);
  assert.match(replayed.stdout, /Root cause\n {2}.*\/mnt/, replayed.stderr);
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--diagnose also where the disk of the state is full, once an hour too", async () => {
  const behind = withMounts(
    "mount -t tmpfs run /run",
    `${FULL} /mnt`,
    "! cat /dev/zero 2>/dev/null >/mnt/file",
    '"$@"',
  );
  await using gateway = scriptedGateway([{ content: CONCLUSION }, { content: CONCLUSION }]);
  const env = { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "m" };
  const { stdout, stderr } = await diagnosed("/mnt/state", { behind, env });
  assert.equal(stdout.match(/^Figures$/gm)?.length, 2, `two pages: ${stdout}${stderr}`);
  assert.equal(stdout.match(/^Diagnosis: \/mnt is/gm)?.length, 1, stdout);
  assert.match(stdout, /\nRoot cause\n {2}\/mnt is full/);
});

Deno.test("--diagnose does nothing where no finding is as grave", async () => {
  const state = Deno.makeTempDirSync();
  const healthy = await ktriage([...QUICK, "--state", state, "--diagnose", "on-critical"]);
  assertNothingCritical(healthy);
  assert.deepEqual(recordsIn(state), []);
  Deno.removeSync(state, { recursive: true });
});

Deno.test("--case writes a case that can be carried, with the snapshot in it, never over another, and loses no hour where it cannot", async () => {
  const state = Deno.makeTempDirSync(), file = `${state}/host.ktz`;
  const lost = await diagnosed(state, { more: ["--case", `${state}/none/host.ktz`, "--quiet"] });
  assert.match(lost.stderr, /^ktriage: Cannot write \S+\/none\/host\.ktz: /);
  assert.equal(lost.code, 0, "the verdict is out");
  const first = await diagnosed(state, { more: ["--case", file] });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, new RegExp(`\nWrote ${file}, which may leave`));
  const written = Deno.readTextFileSync(file);
  const shown = await ktriage(["show", file]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /ktriage snapshot/);
  const again = await diagnosed(state, { more: ["--case", file, "--quiet"] });
  assert.match(again.stdout, new RegExp(`\n${file} is there already and stays`));
  assert.deepEqual([again.code, again.stderr, Deno.readTextFileSync(file)], [0, "", written]);
  Deno.removeSync(state, { recursive: true });
});

/** On a host that has a critical finding of its own, this says nothing. */
function assertNothingCritical({ stdout }: CliResult): void {
  if (!/^CRITICAL/.test(stdout)) assert.doesNotMatch(stdout, /\nDiagnosis/);
}

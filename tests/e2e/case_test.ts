import assert from "node:assert/strict";
import { machineFor } from "../../src/case/identity.ts";
import { caseText, parseCase } from "../../src/case/text.ts";
import { contentOf } from "../../src/case/steps.ts";
import type { CaseDocument } from "../../src/protocol/case.ts";
import { diagnosticReply, parse, type Results, results, run } from "../../src/protocol/mod.ts";
import { EMPTY_CASE } from "../case/support.ts";
import { type CliResult, ktriage, startKtriage } from "../support/cli.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { EPISODE_ID, type Recorded, scriptedGateway } from "../support/scripted_gateway.ts";

const MODEL = "tensorzero::function_name::diagnose_and_heal";
const ISSUE_SECRET = "Xk9vQ2mZ7rT4wLp8";
const FILE_SECRET = "Qw3rTy9uIoP5aSdF";
const ADDRESS = "192.0.2.77";
const NOBODY = 65534;

interface Folder extends Disposable {
  readonly path: string;
  read(name?: string): string;
}

function folder(): Folder {
  const path = Deno.makeTempDirSync({ prefix: "ktriage-case-" });
  return {
    path,
    read: (name = "case.ktz") => Deno.readTextFileSync(`${path}/${name}`),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** The only thing that goes from one folder to the other. */
function carry(from: Folder, to: Folder): void {
  Deno.copyFileSync(`${from.path}/case.ktz`, `${to.path}/case.ktz`);
}

function inFolder({ path }: Folder, ...args: readonly string[]): Promise<CliResult> {
  return ktriage(args, { cwd: path });
}

function ask(away: Folder, endpoint: string, ...args: readonly string[]): Promise<CliResult> {
  Deno.chownSync(away.path, NOBODY, NOBODY);
  Deno.chownSync(`${away.path}/case.ktz`, NOBODY, NOBODY);
  return ktriage(["ask", ...args, "case.ktz"], {
    cwd: away.path,
    unprivileged: true,
    env: { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: MODEL, HOME: away.path },
  });
}

function documentIn(place: Folder): CaseDocument {
  const { document, intact } = parseCase(place.read(), "case.ktz");
  assert.ok(intact);
  return document;
}

function told({ body }: Recorded): Results {
  return results.parse(parse(body.messages.at(-1).content));
}

function command(id: string, line: string): { readonly id: string; readonly command: string } {
  return { id, command: line };
}

let collected: Promise<{ readonly case_text: string; readonly private_text: string }> | undefined;

/** A folder as `ktriage collect` leaves it; collected once, for it traces for ten seconds. */
async function collectedCase(): Promise<Folder> {
  collected ??= (async () => {
    using host = folder();
    const issue = `the shop on ${Deno.hostname()} cannot log in to ${ADDRESS} with password=${ISSUE_SECRET}`;
    const { code, stderr, stdout } = await inFolder(
      host,
      "collect",
      "--redact=addresses,hosts",
      issue,
      "-o",
      "case.ktz",
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^Issue\n {2}the shop on <host:\d+> cannot log in to <address:\d+>\s+with\s+password=<secret:1>/,
    );
    assert.match(stdout, /ktriage ask case\.ktz/);
    assert.equal(Deno.statSync(`${host.path}/case.ktz.private`).mode! & 0o777, 0o600);
    return { case_text: host.read(), private_text: host.read("case.ktz.private") };
  })();
  const { case_text, private_text } = await collected;
  const place = folder();
  Deno.writeTextFileSync(`${place.path}/case.ktz`, case_text);
  Deno.writeTextFileSync(`${place.path}/case.ktz.private`, private_text, { mode: 0o600 });
  return place;
}

Deno.test("ktriage collect gathers evidence, and what must not leave is not in the case", async () => {
  using host = await collectedCase();
  const text = host.read();
  for (const planted of [ISSUE_SECRET, btoa(ISSUE_SECRET), ADDRESS]) assert.ok(!text.includes(planted), planted);
  assert.ok(!new RegExp(`\\b${Deno.hostname()}\\b`).test(text), "the host's name");
  assert.ok(host.read("case.ktz.private").includes(ISSUE_SECRET));
  const { turns, next, steps } = documentIn(host);
  assert.equal(next, "ask");
  assert.deepEqual(steps.map(({ kind }) => kind), ["collected"]);
  assert.ok(turns[0]!.command_results.some(({ exit_code }) => exit_code === 0));
  assert.ok(turns[0]!.request.ebpf_programs.length > 0);
  const again = await inFolder(host, "collect", "anything", "-o", "case.ktz");
  assert.equal(again.code, 1);
  assert.match(again.stderr, /Cannot write case\.ktz: it is there already/);
  const same = await inFolder(host, "collect", "anything", "-o", "new.ktz", "--private", "new.ktz");
  assert.equal(same.code, 2, same.stderr);
  assert.equal(host.read(), text);
});

Deno.test("a case goes from its host to a model and back until there is a resolution", async () => {
  using host = await collectedCase();
  using away = folder();
  const planted = `${host.path}/shop.conf`;
  Deno.writeTextFileSync(planted, `password: ${FILE_SECRET}\npeer ${ADDRESS} is down\nonce more: ${ISSUE_SECRET}\n`);
  const address = /log in to (<address:\d+>)/.exec(documentIn(host).issue)![1]!;
  const request = {
    response_type: "diagnostic",
    reasoning: "What does its configuration say?",
    commands: [
      command("conf", `cat ${planted}`),
      command("peer", `grep -c 'peer ${address}' ${planted}`),
      command("argv", `echo ${FILE_SECRET.slice(0, 8)}`),
      command("removed", `rm -f ${planted}`),
      command("secret", "echo <secret:1>"),
    ],
  };
  const resolution = {
    response_type: "resolution",
    root_cause: `The peer ${address} is down.`,
    resolution_plan: `1. Start ${address}.`,
    confidence: "High",
    findings: [
      { claim: `the configuration says that peer ${address} is down`, evidence: ["conf"] },
      { claim: "the moon is full", evidence: ["moon"] },
    ],
  };
  // Told once that no evidence is called so, the model insists.
  await using gateway = scriptedGateway([{ content: request }, { content: resolution }, { content: resolution }]);

  carry(host, away);
  const asked = await ask(away, gateway.endpoint);
  assert.equal(asked.code, 0, asked.stderr);
  assert.match(asked.stdout, /Asked for\n {2}What does its configuration say\?\n {2}conf: cat /);
  assert.match(asked.stdout, /sudo ktriage run case\.ktz/);
  assert.equal(documentIn(away).next, "run");
  const opening = JSON.stringify(gateway.requests[0]!.body);
  assert.ok(opening.includes(address) && opening.includes("<secret:1>") && !opening.includes("<text:1>"), "as it left");
  const twice = await ask(away, gateway.endpoint);
  assert.equal(twice.code, 0, twice.stderr);
  assert.match(twice.stderr, /was not asked again/);
  assert.equal(gateway.requests.length, 1);

  carry(away, host);
  const ran = await inFolder(host, "run", "case.ktz");
  assert.equal(ran.code, 0, ran.stderr);
  const after = host.read();
  for (const secret of [ISSUE_SECRET, FILE_SECRET, ADDRESS]) assert.ok(!after.includes(secret), secret);
  assert.ok(Deno.statSync(planted).isFile);
  const { turns, steps } = documentIn(host);
  const [conf, peer, , removed, secret] = turns.at(-1)!.command_results;
  assert.equal(conf!.stdout, `password: <secret:2>\npeer ${address} is down\nonce more: <secret:1>\n`);
  assert.equal(peer!.stdout, "1\n");
  assert.notEqual(removed!.refused, undefined);
  assert.equal(secret!.refused!.rule, "placeholder");
  assert.deepEqual(steps.map(({ kind }) => kind), ["collected", "asked", "ran"]);
  // The same file once more: nothing runs, nothing is written.
  Deno.writeTextFileSync(planted, "changed\n");
  assert.equal((await inFolder(host, "run", "case.ktz")).code, 0);
  assert.equal(host.read(), after);

  const stale = away.read();
  carry(host, away);
  const answered = await ask(away, gateway.endpoint);
  assert.equal(answered.code, 0, answered.stderr);
  const second = gateway.requests[1]!;
  assert.equal(second.body["tensorzero::episode_id"], EPISODE_ID);
  const given = told(second);
  assert.deepEqual(given.command_results.map(({ id }) => id), ["conf", "peer", "argv", "removed", "secret"]);
  assert.notEqual(given.command_results[3]!.refused, undefined);
  assert.match(given.command_results[4]!.refused!.reason, /secrets are never put back/);
  assert.match(gateway.requests[2]!.body.messages.at(-1).content, /moon/);
  assert.match(answered.stdout, new RegExp(`^Root cause\n {2}The peer ${address} is down\\.`));
  assert.match(answered.stdout, /moon/);
  assert.notEqual(documentIn(away).resolution!.confidence, "High");

  carry(away, host);
  const report = await inFolder(host, "run", "case.ktz");
  assert.equal(report.code, 0, report.stderr);
  assert.match(report.stdout, new RegExp(`^Root cause\n {2}The peer ${ADDRESS} is down\\.`));
  const shown = await inFolder(host, "show", "--json", "case.ktz");
  const document = run.parse(parse(shown.stdout));
  assert.equal(document.resolution!.root_cause, `The peer ${ADDRESS} is down.`);
  assert.ok(document.evidence_check!.unknown_evidence.some(({ ids }) => ids.includes("moon")));

  // What was answered long ago is not run again from an old copy.
  Deno.writeTextFileSync(`${host.path}/case.ktz`, stale);
  const old = await inFolder(host, "run", "case.ktz");
  assert.equal(old.code, 1);
  assert.match(old.stderr, /it is an older copy, and this host has gone on with the case/);
  assert.equal(host.read(), stale);
});

Deno.test("a case is refused where it was changed, forged, half, newer, or belongs to another host", async () => {
  using host = await collectedCase();
  const path = `${host.path}/case.ktz`;
  const text = host.read();
  const runWith = (content: string, ...args: readonly string[]): Promise<CliResult> => {
    Deno.writeTextFileSync(path, content);
    return inFolder(host, "run", ...args, "case.ktz");
  };
  const edited = text.replace(/cannot log in/, "can log in");
  const refusals: readonly (readonly [string, RegExp])[] = [
    [edited, /Cannot trust case\.ktz: it was changed since ktriage wrote it\.\n {2}→ .*--accept-edits/],
    [
      caseText({ ...contentOf(parseCase(text, "").document), issue: "forged" }),
      /Cannot trust case\.ktz: what this host wrote into it was changed on the way/,
    ],
    [text.slice(0, 4000), /Cannot read case\.ktz as a case/],
    [text.replace("ktriage.case/1", "ktriage.case/2"), /a newer ktriage wrote it \(ktriage\.case\/2/],
  ];
  for (const [content, why] of refusals) {
    const { code, stderr } = await runWith(content);
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.equal(host.read(), content);
  }
  const accepted = await runWith(edited, "--accept-edits");
  assert.equal(accepted.code, 0, accepted.stderr);
  assert.deepEqual(documentIn(host).steps.map(({ kind }) => kind), ["collected", "edited"]);
  assert.match(documentIn(host).issue, /can log in/);
  assert.equal((await inFolder(host, "run", "case.ktz")).code, 0);
});

Deno.test("ktriage run refuses a case of another host", { ignore: Deno.uid() !== 0 }, async () => {
  using host = await collectedCase();
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const line = `hostname another-host && exec "$@"`;
  const { code, stderr } = await new Deno.Command("unshare", {
    args: ["--uts", "sh", "-c", line, "sh", Deno.execPath(), "run", "-A", "--no-check", main, "run", "case.ktz"],
    cwd: host.path,
  }).output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /Cannot run case\.ktz here: it was collected on another host, <host:\d+>/,
  );
});

Deno.test("without the private file a case goes on, and commands with placeholders are refused", async () => {
  using host = await collectedCase();
  Deno.removeSync(`${host.path}/case.ktz.private`);
  const { document } = parseCase(host.read(), "case.ktz");
  const commands = [command("known", "echo 198.51.100.9"), command("lost", "ping -c 1 <address:1>")];
  const request = diagnosticReply.parse({ response_type: "diagnostic", commands });
  Deno.writeTextFileSync(`${host.path}/case.ktz`, caseText({ ...contentOf(document), request }));
  const { code, stderr } = await inFolder(host, "run", "case.ktz");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /case\.ktz\.private is not here: .*Commands with placeholders are refused/);
  const [known, lost] = documentIn(host).turns.at(-1)!.command_results;
  assert.equal(known!.stdout, `<address:${(document.placeholders.address ?? 0) + 1}>\n`);
  assert.match(lost!.refused!.reason, /<address:1>: what this stands for is not known on this host/);
});

Deno.test("ktriage ask --dry-run shows what would leave and sends nothing; without a gateway the expert answers", async () => {
  using away = await collectedCase();
  const before = away.read();
  await using gateway = scriptedGateway([]);
  const dry = await ask(away, gateway.endpoint, "--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^POST http:\/\/127\.0\.0\.1:\d+\/.*chat\/completions\n\{/);
  assert.equal(gateway.requests.length, 0);
  assert.equal(away.read(), before);

  const unanswered = await ask(away, gateway.endpoint);
  assert.equal(unanswered.code, 1);
  assert.equal(away.read(), before);

  const expert = await inFolder(away, "ask", "--show-outbound", "case.ktz");
  assert.equal(expert.code, 0, expert.stderr);
  assert.match(expert.stderr, /nothing leaves this host/);
  assert.equal(documentIn(away).model, "expert");
});

Deno.test("parts of outputs that the case holds are handed to the model without a way to the host", async () => {
  using away = await collectedCase();
  const { turns } = documentIn(away);
  const { id, stdout } = turns[0]!.command_results.find((each) => each.stdout.split("\n").length > 2)!;
  await using gateway = scriptedGateway([
    { content: { response_type: "diagnostic", commands: [{ id: `output:${id}`, lines: "1-2" }] } },
    { content: { response_type: "resolution", root_cause: "Nothing.", resolution_plan: "-", confidence: "Low" } },
  ]);
  const { code, stderr } = await ask(away, gateway.endpoint);
  assert.equal(code, 0, stderr);
  assert.equal(documentIn(away).next, "done");
  const [slice] = told(gateway.requests[1]!).command_results;
  assert.ok(slice!.stdout.includes(stdout.split("\n")[1]!), slice!.stdout);
});

Deno.test("of two that are at work on a case the second one is refused, and the first one's results are there", async () => {
  using host = folder();
  const request = diagnosticReply.parse({ response_type: "diagnostic", commands: [command("slow", "sleep 4")] });
  const machine = await machineFor(EMPTY_CASE.id);
  Deno.writeTextFileSync(`${host.path}/case.ktz`, caseText({ ...EMPTY_CASE, machine, request }));
  const first = startKtriage(["run", "case.ktz"], { cwd: host.path });
  await first.said("is not here: what placeholders stand for");
  for (const args of [["run", "case.ktz"], ["ask", "case.ktz"], ["collect", "slow", "-o", "case.ktz"]]) {
    const { code, stderr } = await inFolder(host, ...args);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Cannot use case\.ktz: another ktriage is at work on it\.\n.*Wait until it has ended/);
  }
  const { code, stderr } = await first.finished;
  assert.equal(code, 0, stderr);
  const { turns, next } = documentIn(host);
  assert.deepEqual(turns.map(({ command_results }) => command_results.map(({ id, exit_code }) => [id, exit_code])), [[
    ["slow", 0],
  ]]);
  assert.equal(next, "ask");
  assert.deepEqual([...Deno.readDirSync(host.path)].map(({ name }) => name).sort(), ["case.ktz", "case.ktz.private"]);
});

Deno.test("results that do not fit on a full stick are kept elsewhere, and the case is as it was", {
  ignore: Deno.uid() !== 0,
}, async () => {
  using host = await collectedCase();
  const { document } = parseCase(host.read(), "case.ktz");
  Deno.writeTextFileSync(`${host.path}/long`, "a line of a long output\n".repeat(2600));
  const request = diagnosticReply.parse({
    response_type: "diagnostic",
    commands: [command("long", `cat ${host.path}/long`)],
  });
  Deno.writeTextFileSync(`${host.path}/case.ktz`, caseText({ ...contentOf(document), request }));
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const kib = Math.ceil(host.read().length / 4096) * 4 + 80;
  const line = `mkdir stick && mount -t tmpfs -o size=${kib}k none stick && cp case.ktz stick/ && "$@"; code=$?; ` +
    `ls stick >&2; cmp case.ktz stick/case.ktz && exit $code`;
  const [program = "", ...args] = [
    ...PRIVATE_MOUNTS,
    ...["sh", "-c", line, "sh", Deno.execPath(), "run", "-A", "--no-check", main],
    ...["run", "--private=case.ktz.private", "stick/case.ktz"],
  ];
  const { code, stderr } = await new Deno.Command(program, { args, cwd: host.path }).output();
  const said = new TextDecoder().decode(stderr);
  assert.equal(code, 1, said);
  assert.match(said, /Cannot write stick\/case\.ktz: no space left on device\. What was there is untouched\./);
  assert.match(said, /\ncase\.ktz\n$/);
  const rescued = /The case is in (\S+\.ktz): copy it/.exec(said)![1]!;
  Deno.renameSync(rescued, `${host.path}/case.ktz`);
  assert.equal(documentIn(host).next, "ask");
  assert.equal((await inFolder(host, "run", "case.ktz")).code, 0);
});

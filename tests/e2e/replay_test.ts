import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { comparison, parse, recordedAnswer, runsList } from "../../src/protocol/mod.ts";
import { ktriage } from "../support/cli.ts";
import { scriptedGateway } from "../support/scripted_gateway.ts";
import { diagnostic, gatewayAt, MODEL, Records, RESOLUTION, TRACING } from "./record_support.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

async function recorded(records: Records, tracing = {}): Promise<void> {
  await using gateway = scriptedGateway([
    { content: "Sure, I can help." },
    { content: { ...diagnostic(), ...tracing } },
    { content: RESOLUTION },
  ]);
  const args = ["diagnose", "--json", "--record", records.path, "the shop is slow"];
  const { code, stdout, stderr } = await ktriage(args, gatewayAt(gateway.endpoint));
  assert.equal(code, 0, stderr);
  assert.equal(stdout, records.text("run.json"));
}

Deno.test("ktriage replay plays a record to the same bytes, with no right to do anything but read", async () => {
  using records = new Records();
  await recorded(records, TRACING);
  // No library, no command, no network, no writing: Deno itself would refuse.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-read", "--allow-env", MAIN, "replay", "--json", records.path],
    env: gatewayAt("http://127.0.0.1:9").env,
  }).output();
  const [out, notes] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, notes);
  assert.equal(out, records.text("run.json"));
  assert.match(
    notes!,
    /Round 1 of at most 8\n[^]*command load: cat \/proc\/loadavg: exit 0[^]*came to the same report/,
  );
  const unusable = recordedAnswer.parse(parse(records.text("replies/0001.json")));
  assert.deepEqual([unusable.raw, unusable.reply], ["Sure, I can help.", undefined]);
  assert.notEqual(unusable.error?.message, undefined);
  const text = await ktriage(["replay", records.path]);
  assert.match(text.stdout, /^Root cause\n {2}The question was mistaken\.\n/);

  // A record whose report does not follow from its evidence is told apart.
  Deno.writeTextFileSync(
    `${records.path}/run.json`,
    records.text("run.json").replace("The question was mistaken", "All is lost"),
  );
  assert.match((await ktriage(["replay", records.path])).stderr, /came to another report than the run/);
});

Deno.test("ktriage replay --model puts the evidence before another model and shows both verdicts", async () => {
  using records = new Records();
  await recorded(records);
  const other = { ...RESOLUTION, root_cause: "The disk is full.", findings: [{ claim: "it is", evidence: ["size"] }] };
  const asks = {
    response_type: "diagnostic",
    commands: [{ id: "again", command: "cat /proc/loadavg" }, { id: "size", command: "df -h" }],
  };
  await using gateway = scriptedGateway([{ content: asks }, { content: other }]);
  const args = ["replay", records.path, "--model", "other", "--endpoint", gateway.endpoint];
  const { code, stdout, stderr } = await ktriage([...args, "--json"], gatewayAt("http://127.0.0.1:9"));
  assert.equal(code, 0, stderr);
  const { recorded: before, replayed, not_recorded, run } = comparison.parse(parse(stdout));
  assert.match(before.model, new RegExp(`${MODEL}$`));
  assert.match(replayed.model, /other$/);
  assert.deepEqual([before.root_cause, replayed.root_cause], ["The question was mistaken.", "The disk is full."]);
  assert.equal(before.confidence, records.run().resolution?.confidence);
  assert.deepEqual(not_recorded, ["df -h"]);
  const [given, asked] = gateway.requests.map(({ body }) => body.messages.at(-1).content as string);
  assert.match(given!, /"id":"load"/); // it begins with the evidence
  assert.match(asked!, /this is a replay, and this line is not in the record/);
  const load = records.run().turns[0]!.command_results[0]!.stdout;
  assert.equal(run.turns[1]!.command_results.find(({ id }) => id === "again")!.stdout, load);
  assert.deepEqual(records.audit().filter(({ kind }) => kind === "resumed"), []);
});

Deno.test("ktriage replay --model takes out what the run took out, by the names of the recorded host", async () => {
  using records = new Records();
  await recorded(records);
  const began = JSON.parse(records.text("began.json"));
  began.issue = "zanzibar is slow for annabel";
  began.identities = { hosts: ["zanzibar"], users: ["annabel"] };
  began.options.redact = ["hosts"];
  Deno.writeTextFileSync(`${records.path}/began.json`, JSON.stringify(began));
  await using gateway = scriptedGateway([{ content: RESOLUTION }, { content: RESOLUTION }]);
  const args = ["replay", records.path, "--model", "m", "--endpoint", gateway.endpoint];
  const { stderr } = await ktriage([...args, "--redact", "users"]);
  const [asked] = gateway.requests;
  assert.doesNotMatch(asked!.text, /zanzibar|annabel/, stderr);
  assert.match(asked!.text, /<host:1> is slow for <user:1>/);
});

Deno.test("ktriage replay --from-start answers another model from the record, which may be the expert", async () => {
  using records = new Records();
  await recorded(records);
  await using gateway = scriptedGateway([{ content: diagnostic() }, { content: RESOLUTION }]);
  const args = ["replay", records.path, "--endpoint", gateway.endpoint, "--from-start", "--json"];
  const { stdout, stderr } = await ktriage(args, {});
  const { run, not_recorded } = comparison.parse(parse(stdout));
  assert.doesNotMatch(gateway.requests[0]!.body.messages.at(-1).content, /"command_results":\[\{/, stderr);
  assert.deepEqual(not_recorded, []);
  const { request: _, ...results } = run.turns[0]!;
  const { request: __, ...first } = records.run().turns[0]!;
  assert.deepEqual(results, first);

  const expert = await ktriage(["replay", records.path, "--model", "expert"]);
  assert.match(expert.stdout, /^ +RECORDED +REPLAYED\nmodel .*expert\n/, expert.stderr);
  const alone = await ktriage(["replay", records.path, "--from-start"]);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /it needs another model to ask/);
});

Deno.test("ktriage runs lists good, broken and newer records", async () => {
  using records = new Records();
  await recorded(records);
  const copies = ["broken", "newer"].map((name) => `${records.path}/../${name}`);
  for (const copy of copies) {
    await new Deno.Command("cp", { args: ["-r", records.path, copy] }).output();
  }
  Deno.writeTextFileSync(`${copies[0]}/turns/0001.json`, "{");
  const newer = records.text("began.json").replace("ktriage.record/1", "ktriage.record/2");
  Deno.writeTextFileSync(`${copies[1]}/began.json`, newer);
  const cwd = `${records.path}/..`;
  const { code, stdout } = await ktriage(["runs", "--json"], { cwd });
  assert.equal(code, 0);
  const { runs } = runsList.parse(parse(stdout));
  assert.deepEqual(runs.map(({ folder, state }) => [folder, state]).toSorted(), [
    ["broken", "broken"],
    ["newer", "broken"],
    ["record", "concluded"],
  ]);
  const text = (await ktriage(["runs"], { cwd })).stdout;
  assert.match(text, /concluded +1 +\w+ +record\n {2}the shop is slow \(/);
  assert.match(text, /a newer ktriage wrote it \(ktriage\.record\/2; this\s+version\s+reads ktriage\.record\/1\)/);
});

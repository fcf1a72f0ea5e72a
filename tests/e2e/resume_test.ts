import assert from "node:assert/strict";
import { ktriage, type RunningCli, startKtriage } from "../support/cli.ts";
import { EPISODE_ID, scriptedGateway } from "../support/scripted_gateway.ts";
import { diagnostic, gatewayAt, Records, RESOLUTION, TRACING } from "./record_support.ts";

function start(records: Records, endpoint: string, ...args: readonly string[]): RunningCli {
  return startKtriage(
    ["diagnose", "--json", "--record", records.path, ...args, "the shop is slow"],
    gatewayAt(endpoint),
  );
}

Deno.test("a run that was killed goes on with what it had, asks for nothing and runs nothing twice", async () => {
  using records = new Records();
  await using first = scriptedGateway([
    { content: diagnostic() },
    { content: { ...diagnostic({ kernel: "version", memory: "meminfo" }), ...TRACING } },
  ]);
  const killed = start(records, first.endpoint);
  await killed.said("Round 2");
  await killed.said("command kernel");
  await killed.said("command memory");
  killed.kill("SIGKILL");
  await killed.finished;
  assert.deepEqual(
    records.audit().map(({ kind }) => kind).filter((kind) => ["answered", "turn", "ended"].includes(kind)),
    [
      "answered",
      "turn",
      "answered",
    ],
  );
  const listed = await ktriage(["runs", "--json", records.path]);
  assert.equal(JSON.parse(listed.stdout).runs[0].state, "interrupted");

  // The gateway that is back has no other answer: the one that was pending is not asked for again.
  await using second = scriptedGateway([{ content: RESOLUTION }]);
  const { code, stdout, stderr } = await ktriage(
    ["diagnose", "--resume", records.path, "--endpoint", second.endpoint, "--json"],
    { env: { NANNYAPI_ENDPOINT: "http://127.0.0.1:9", NANNYAPI_MODEL: "another" } },
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Going on with 1 finished turn, and the answer that was being followed, with 2 results/);
  assert.deepEqual(["load", "up", "kernel", "memory"].map((id) => records.times(id)), [1, 1, 1, 1]);
  const [asked, ...more] = second.requests;
  assert.deepEqual([more, asked!.body.model], [[], first.requests[0]!.body.model]);
  assert.equal(asked!.body["tensorzero::episode_id"], EPISODE_ID);
  const messages = asked!.body.messages.map(({ role }: { role: string }) => role);
  assert.deepEqual(messages, ["system", "user", "assistant", "user", "assistant", "user"]);

  const run = records.run();
  assert.equal(`${stdout}`, records.text("run.json"));
  assert.equal(run.turns.length, 2);
  assert.match(run.turns[0]!.notes!.join(), /interrupted here and resumed \d+ s later/);
  assert.equal(run.resolution?.root_cause, RESOLUTION.root_cause);
  assert.equal(records.audit().filter(({ kind }) => kind === "resumed").length, 1);

  const again = await ktriage(["diagnose", "--resume", records.path]);
  assert.deepEqual([again.code, again.stdout], [1, ""]);
  assert.match(again.stderr, /that run has its conclusion/);
  assert.match(again.stderr, /ktriage replay/);
  const replayed = await ktriage(["replay", records.path, "--json"]);
  assert.equal(replayed.stdout, records.text("run.json"), replayed.stderr);
});

Deno.test("a run whose gateway went away is recorded as failed, and concludes when it is back", async () => {
  using records = new Records();
  const running = await (async () => {
    await using gone = scriptedGateway([{ content: { ...diagnostic(), ...TRACING } }]);
    const running = start(records, gone.endpoint);
    await running.said("asks for");
    return running;
  })();
  const { code, stdout } = await running.finished;
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).failure.kind, "model");
  const { runs: [failed] } = JSON.parse((await ktriage(["runs", "--json", records.path])).stdout);
  assert.deepEqual([failed.state, failed.rounds], ["failed", 1]);
  const replayed = await ktriage(["replay", records.path, "--json"]);
  assert.equal(replayed.stdout, records.text("run.json"), replayed.stderr);
  assert.equal(replayed.code, 1);

  await using back = scriptedGateway([{ content: RESOLUTION }]);
  const gone = ["diagnose", "--resume", records.path, "--endpoint", "http://127.0.0.1:9/v1"];
  assert.equal((await ktriage(gone)).code, 1);
  const again = await ktriage(["replay", records.path, "--json"]);
  assert.equal(again.stdout, records.text("run.json"), again.stderr);
  const resumed = await ktriage(["diagnose", "--resume", records.path, "--endpoint", back.endpoint]);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stdout, /^Root cause\n {2}The question was mistaken\./);
  assert.equal(records.times("load"), 1);
  assert.equal(records.run().failure, undefined);
});

Deno.test("a closed terminal ends a run like an interrupt, and it can be resumed with whom it had asked", async () => {
  using records = new Records();
  // The last answer is for the run that goes on: it asks the same gateway without being told.
  await using gateway = scriptedGateway([{ content: { ...diagnostic(), ...TRACING } }, { content: RESOLUTION }]);
  const closed = start(records, gateway.endpoint);
  await closed.said("command load");
  const refused = await ktriage(["diagnose", "--resume", records.path]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /that run is still under way/);
  closed.kill("SIGHUP");
  await closed.finished;
  assert.equal(records.run().failure?.kind, "interrupted");
  assert.equal(records.audit().at(-1)?.kind, "ended");

  const began = JSON.parse(records.text("began.json"));
  began.machine.boot_id = "the one before";
  Deno.writeTextFileSync(`${records.path}/began.json`, JSON.stringify(began));

  const { code, stderr } = await ktriage(["diagnose", "--resume", records.path], {
    env: { NANNYAPI_ENDPOINT: "http://127.0.0.1:9", NANNYAPI_MODEL: "another" },
  });
  assert.equal(code, 0, stderr);
  assert.equal(records.times("load"), 1);
  assert.equal(gateway.remaining.length, 0);
  assert.match(stderr, /The host was started anew since then/);
  assert.match(records.run().turns[0]!.notes!.join(), /The host was started anew since then/);
  assert.deepEqual(records.run().usage, { input_tokens: 2, output_tokens: 2 });
  const replayed = await ktriage(["replay", records.path, "--json"]);
  assert.equal(replayed.stdout, records.text("run.json"), replayed.stderr);
});

Deno.test("ktriage diagnose --resume refuses what it cannot go on with, and says what there is", async () => {
  using records = new Records();
  const nothing = await ktriage(["diagnose", "--resume", records.path]);
  assert.deepEqual([nothing.code, nothing.stdout], [1, ""]);
  assert.match(nothing.stderr, /Cannot read a record in .*: there is no audit\.jsonl/);
  const both = await ktriage(["diagnose", "--resume", records.path, "the shop is slow"]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /with an issue: the record has it already/);
});

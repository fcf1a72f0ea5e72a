/** Whole diagnoses through the real TensorZero gateway, in front of a scripted model server. */
import assert from "node:assert/strict";
import { systemPrompt } from "../../src/models/prompts.ts";
import { parse, type Run, run, stringify } from "../../src/protocol/mod.ts";
import { type CliResult, ktriage } from "../support/cli.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";
import { type ScriptedGateway, scriptedGateway, type Step } from "../support/scripted_gateway.ts";
import { type TensorzeroGateway, tensorzeroGateway } from "../support/tensorzero.ts";

const FUNCTION = "tensorzero::function_name::diagnose_and_heal";
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const ASKS = {
  response_type: "diagnostic",
  reasoning: "is the host busy, and what ends",
  commands: [{ id: "load", command: "cat /proc/loadavg", description: "is the host busy" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 10 }],
};
/** Without programs, for each takes ten seconds at least. */
const ASKS_LITTLE = { ...ASKS, ebpf_programs: [] };
const ASKS_MORE = { ...ASKS_LITTLE, commands: [{ id: "memory", command: "cat /proc/meminfo" }] };
const CONCLUDES = {
  response_type: "resolution",
  root_cause: "The question was mistaken.",
  resolution_plan: "Do nothing.",
  confidence: "Medium",
  ebpf_evidence: "No process ended badly.",
  findings: [{ claim: "the load was read", evidence: ["load"] }],
};

/** What answers: the gateway, with the configuration that ktriage writes, and the model behind it. */
interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly model: ScriptedGateway;
  readonly gateway: TensorzeroGateway;
}

interface StageOptions {
  /** What the function's system template is instead. */
  readonly template?: string;
  /** A line for the section of the gateway itself. */
  readonly setting?: string;
}

async function stage(script: readonly Step[], { template, setting }: StageOptions = {}): Promise<Stage> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "ktriage-gateway-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const model = cleanup.use(scriptedGateway(script));
  const made = await ktriage([
    ...["gateway", "init", `${folder}/gw`],
    ...["--provider-base", model.endpoint, "--provider-model", "scripted"],
  ]);
  assert.equal(made.code, 0, made.stderr);
  if (template !== undefined) {
    await Deno.writeTextFile(`${folder}/gw/functions/diagnose_and_heal/system.minijinja`, template);
  }
  const configuration = `${folder}/gw/tensorzero.toml`;
  if (setting !== undefined) await Deno.writeTextFile(configuration, `\n[gateway]\n${setting}\n`, { append: true });
  const gateway = cleanup.use(await tensorzeroGateway(configuration));
  const all = cleanup.move();
  return { folder, model, gateway, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function diagnose(endpoint: string, ...args: readonly string[]): Promise<CliResult> {
  return ktriage(["diagnose", "--json", ...args, "the shop is slow"], {
    env: { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: FUNCTION },
  });
}

function runOf({ stdout }: CliResult): Run {
  return run.parse(parse(stdout));
}

/** The messages of each request that reached the model. */
function messagesSeen({ requests }: ScriptedGateway): readonly { readonly role: string; readonly content: string }[][] {
  return requests.map(({ body }) => body.messages);
}

Deno.test("a diagnosis runs through the gateway's function, in one episode, with the configuration of gateway init", async () => {
  await using at = await stage([{ content: ASKS }, { content: ASKS_MORE }, { content: CONCLUDES }]);
  const result = await diagnose(at.gateway.openai, "--record", `${at.folder}/record`);
  assert.equal(result.code, 0, result.stderr);
  const { episode_id, turns, resolution } = runOf(result);
  assert.match(episode_id ?? "", UUID_V7);
  assert.equal(turns.length, 2);
  assert.match(messagesSeen(at.model)[1]?.at(-1)?.content ?? "", /"exits_\d{10}"/);
  assert.ok(at.model.requests.every(({ body }) => body.stream === true), "answers come in parts");
  assert.equal(resolution?.root_cause, CONCLUDES.root_cause);
  assert.equal(at.model.remaining.length, 0);

  const sent = [...Deno.readDirSync(`${at.folder}/record/sent`)].map(({ name }) => name).sort()
    .map((name) => JSON.parse(Deno.readTextFileSync(`${at.folder}/record/sent/${name}`)));
  assert.equal(sent[0]["tensorzero::episode_id"], undefined);
  assert.equal(sent.at(-1)["tensorzero::episode_id"], episode_id);

  // The template hands our own system message through, as it was.
  const [first] = messagesSeen(at.model);
  assert.deepEqual(first?.map(({ role }) => role), ["system", "user"]);
  assert.equal(first?.[0]?.content, systemPrompt());
  assert.match(first?.[1]?.content ?? "", /^# Problem\nthe shop is slow\n/);
});

Deno.test("a plain system template replaces our message: the model still learns the host and the contract", async () => {
  await using at = await stage([{ content: ASKS_LITTLE }, { content: CONCLUDES }], {
    template: "You are a careful engineer.\n",
  });
  const result = await diagnose(at.gateway.openai);
  assert.equal(result.code, 0, result.stderr);
  const [first] = messagesSeen(at.model);
  assert.match(first?.[0]?.content ?? "", /You are a careful engineer\.\s*$/);
  const told = first?.[1]?.content ?? "";
  for (
    const needed of [Deno.osRelease(), '"response_type": "diagnostic"', '"response_type": "resolution"', "«data N»"]
  ) {
    assert.ok(told.includes(needed), needed);
  }
});

Deno.test("who calls the function without a system message gets the text of gateway init", async () => {
  await using at = await stage([{ content: CONCLUDES }]);
  const response = await fetch(`${at.gateway.openai}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: FUNCTION, messages: [{ role: "user", content: "hello" }] }),
  });
  assert.equal(response.status, 200, await response.text());
  const [first] = messagesSeen(at.model);
  assert.ok(first?.[0]?.content.endsWith(systemPrompt()), first?.[0]?.content.slice(0, 200));
});

Deno.test("a diagnosis runs through /inference, in one episode", async () => {
  await using at = await stage([{ content: ASKS_LITTLE }, { content: CONCLUDES }]);
  const result = await diagnose(`${at.gateway.native}/inference`);
  assert.equal(result.code, 0, result.stderr);
  const { episode_id, turns, resolution } = runOf(result);
  assert.match(episode_id ?? "", UUID_V7);
  assert.deepEqual([turns.length, resolution?.root_cause], [1, CONCLUDES.root_cause]);
  assert.match(messagesSeen(at.model).at(-1)?.at(-1)?.content ?? "", /"command":"cat \/proc\/loadavg"/);
});

for (const [how, setting] of [["said so", "observability.enabled = false"], ["not said so", ""]] as const) {
  Deno.test(`feedback to a gateway without a database (${how}) is a warning`, async () => {
    await using at = await stage([], { setting });
    const episode_id = "01934567-89ab-7cde-8f01-23456789abcd";
    const told = await ktriage(["feedback", "-", "--solved", "yes", "--comment", "thanks"], {
      env: { NANNYAPI_ENDPOINT: `${at.gateway.native}/openai/v1` },
      stdin: stringify({ ...SAMPLE_RUN, episode_id }),
    });
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stderr, new RegExp(`^The gateway keeps no feedback on episode ${episode_id}: .+\n`));
  });
}

Deno.test("a function that the gateway does not have is told as the gateway tells it", async () => {
  await using at = await stage([]);
  const { code, stdout } = await ktriage(["diagnose", "--json", "the shop is slow"], {
    env: { NANNYAPI_ENDPOINT: at.gateway.openai, NANNYAPI_MODEL: "tensorzero::function_name::no_such" },
  });
  const { failure } = run.parse(parse(stdout));
  assert.deepEqual([code, failure?.kind], [1, "model"]);
  assert.match(failure?.message ?? "", /Unknown function: no_such/);
});

Deno.test("check --gateway finds the function ready, on both routes", async () => {
  await using at = await stage([{ content: CONCLUDES }, { content: CONCLUDES }]);
  for (const endpoint of [at.gateway.openai, `${at.gateway.native}/inference`]) {
    const { code, stdout, stderr } = await ktriage(["check", "--gateway"], {
      env: { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: FUNCTION },
    });
    assert.equal(code, 0, stdout + stderr);
  }
});

Deno.test("a model server that cannot be reached is told with the gateway's own words", async () => {
  await using at = await stage([]);
  await at.model[Symbol.asyncDispose]();
  const result = await diagnose(at.gateway.openai);
  const { failure } = runOf(result);
  assert.deepEqual([result.code, failure?.kind], [1, "model"]);
  assert.match(failure?.message ?? "", /All variants failed with errors: baseline: .*server.*connect/s);
});

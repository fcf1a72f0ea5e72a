/** The contract's own example: an application randomly fails to connect to its database. */
import assert from "node:assert/strict";
import { checkEvidence } from "../../src/agent/evidence/mod.ts";
import { type EbpfResult, parse, type ResolutionReply, type Results, type Run, run } from "../../src/protocol/mod.ts";
import { ktriage } from "../support/cli.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { type Recorded, scriptedGateway } from "../support/scripted_gateway.ts";
import { Directory, Fault } from "./support.ts";

const DATABASE = { address: "127.0.1.50", port: 5432, name: "db.example.com" };
const NAME_SERVER = "127.0.0.79";

/** Exactly what the contract's example asks for. */
const ASKS = {
  response_type: "diagnostic",
  reasoning: "Database connection failures could come from the network, from DNS resolution or from an exhausted pool.",
  commands: [
    { id: "db_connections", command: "ss -tlnp | grep :5432", description: "Check PostgreSQL connections" },
    { id: "dns_check", command: "nslookup db.example.com", description: "Verify DNS resolution" },
  ],
  ebpf_programs: [
    {
      name: "tcp_connect_db",
      type: "kprobe",
      target: "tcp_connect",
      duration: 20,
      filters: { comm: "myapp" },
      description: "Monitor TCP connection attempts from application",
    },
    {
      name: "dns_queries",
      type: "tracepoint",
      target: "syscalls/sys_enter_connect",
      duration: 20,
      description: "Monitor network system calls for DNS resolution",
    },
  ],
};

Deno.test("the contract's example: names fail, addresses work, and the numbers are held against what was captured", async () => {
  using directory = new Directory();
  const log = `${directory.path}/attempts.log`;
  await Deno.copyFile(new URL("faults/myapp", import.meta.url), `${directory.path}/myapp`);
  await Deno.writeTextFile(
    `${directory.path}/resolv.conf`,
    `nameserver ${NAME_SERVER}\noptions timeout:2 attempts:1\n`,
  );
  const resolver = ["sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', `${directory.path}/resolv.conf`];
  const behind = [...PRIVATE_MOUNTS, ...resolver];

  await using _database = await Fault.script("serve.ts", [String(DATABASE.port), DATABASE.address]);
  await using _server = await Fault.script("slow_name_server.ts", [NAME_SERVER, DATABASE.address]);
  const myapp = [`${directory.path}/myapp`, DATABASE.address, DATABASE.name, String(DATABASE.port), log];
  await using _application = await Fault.shell('exec "$@"', [...behind, ...myapp]);

  await using model = scriptedGateway([
    { content: ASKS },
    { answers: (asked) => resolutionFrom(resultsIn(asked), { forged: 40 }) },
    { answers: () => resolutionFrom(resultsIn(model.requests[1]!), { forged: 0 }) },
  ]);
  const result = await ktriage(["diagnose", "--json", "Application randomly fails to connect to database"], {
    behind,
    env: { NANNYAPI_ENDPOINT: model.endpoint, NANNYAPI_MODEL: "tensorzero::function_name::diagnose_and_heal" },
  });
  assert.equal(result.code, 0, result.stderr + result.stdout.slice(-700));
  const document = run.parse(parse(result.stdout));

  assertTrueEvents(document, Deno.readTextFileSync(log));
  assertForgedNumberIsCaught(document, model.requests);
  const { resolution, evidence_check } = document;
  assert.equal(resolution?.confidence, "High", JSON.stringify(evidence_check, undefined, 2));
  assert.deepEqual(evidence_check?.notes, []);
  const claims = evidence_check?.claims?.map(({ claim, status }) => `${status}: ${claim}`) ?? [];
  assert.ok(claims.length >= 4 && claims.every((claim) => claim.startsWith("verified")), claims.join("\n"));
});

interface Attempt {
  /** `address ok`, `name failed` … */
  readonly what: string;
  readonly start_s: number;
  readonly end_s: number;
}

/** A program is loaded after its start time, and its end time is when the last hit could come. */
const EDGE_S = 1;

/** What the application itself wrote down: what surely was watched, and what may have been. */
function attempts(log: string, { start_time, end_time }: EbpfResult): {
  readonly surely: readonly Attempt[];
  readonly maybe: readonly Attempt[];
} {
  const [from_s, to_s] = [Number(start_time) / 1e9, Number(end_time) / 1e9];
  const all = log.trim().split("\n").map((line) => line.split(" ")).map(([how, outcome, start, end]): Attempt => ({
    what: `${how} ${outcome}`,
    start_s: Number(start),
    end_s: Number(end),
  }));
  return {
    surely: all.filter(({ start_s, end_s }) => start_s >= from_s + EDGE_S && end_s <= to_s - EDGE_S),
    maybe: all.filter(({ start_s, end_s }) => end_s >= from_s && start_s <= to_s),
  };
}

function countOf(list: readonly Attempt[], what: RegExp): number {
  return list.filter((attempt) => what.test(attempt.what)).length;
}

function assertTrueEvents({ turns }: Run, log: string): void {
  const [turn, ...more] = turns;
  assert.ok(turn !== undefined && more.length === 0);
  assert.deepEqual(turn.command_results.map(({ id, refused, error }) => [id, refused, error]), [
    ["db_connections", undefined, undefined],
    ["dns_check", undefined, undefined],
  ]);
  const [listeners] = turn.command_results;
  assert.match(listeners?.stdout ?? "", /127\.0\.1\.50:5432/);
  const connects = programOf(turn.ebpf_results, "tcp_connect_db");
  const queries = programOf(turn.ebpf_results, "dns_queries");

  const { event_count, events, lost_events } = connects;
  const { surely, maybe } = attempts(log, connects);
  // every attempt connects once, but for names that do not resolve
  const [least, most] = [countOf(surely, / ok$/), countOf(maybe, / ok$/) + 1];
  assert.ok(event_count >= least && event_count <= most, `${event_count}, not ${least} to ${most}`);
  assert.ok(countOf(surely, /^name failed$/) > 0 && countOf(surely, /^name ok$/) > 0, "names fail now and then");
  assert.equal(countOf(maybe, /^address failed$/), 0, "addresses always work");
  assert.deepEqual([events.length, lost_events], [event_count, 0]);
  for (const { process_name, data } of events) {
    assert.equal(process_name, "myapp");
    // in one field or in two, as the kernel is asked
    for (const part of [DATABASE.address, String(DATABASE.port)]) assert.ok(JSON.stringify(data).includes(part), part);
  }
  const asked = queries.events.filter(({ process_name, data }) =>
    process_name === "myapp" && /127\.0\.0\.79/.test(JSON.stringify(data))
  );
  // a question that is not answered is asked once more
  const [least_asked, most_asked] = [countOf(surely, /^name /), 2 * (countOf(maybe, /^name /) + 1)];
  assert.ok(asked.length >= least_asked && asked.length <= most_asked, `${asked.length} lookups`);
}

/** The number was sent back once, by name, and is not in the answer; the same check catches it in any other run. */
function assertForgedNumberIsCaught({ turns, resolution, host }: Run, requests: readonly Recorded[]): void {
  assert.ok(resolution !== undefined);
  assert.equal(requests.length, 3, "a forged resolution, and its correction");
  const connects = programOf(turns[0]!.ebpf_results, "tcp_connect_db").event_count;
  const complaint = requests[2]!.body.messages.at(-1).content as string;
  assert.match(complaint, new RegExp(`\\b${connects + 40}\\b`));
  assert.ok(!resolution.ebpf_evidence.includes(String(connects + 40)));

  const forged = JSON.parse(
    JSON.stringify(resolution).replaceAll(`${connects} connections`, `${connects + 40} connections`),
  );
  assert.equal(checkEvidence(resolution, turns, { host }).complaint, undefined);
  const { complaint: again, evidence_check, resolution: lowered } = checkEvidence(forged, turns, { host });
  assert.match(again ?? "", new RegExp(`\\b${connects + 40}\\b`));
  assert.notEqual(lowered.confidence, "High");
  assert.ok(evidence_check.claims?.some(({ status }) => status !== "verified"));
}

function programOf(results: Results["ebpf_results"], name: string): EbpfResult {
  const found = Object.values(results).find(({ program_name }) => program_name === name);
  assert.ok(found !== undefined && found.error === undefined, `${name}: ${found?.error}`);
  return found;
}

/** The results in what a model was asked last. */
function resultsIn({ body }: Recorded): Results {
  const content = body.messages.at(-1).content as string;
  return parse(content.slice(content.indexOf("{"), content.lastIndexOf("}") + 1)) as Results;
}

/** What a careful model makes of the results; or one that adds to what was counted. */
function resolutionFrom(
  { command_results, ebpf_results }: Results,
  { forged }: { readonly forged: number },
): ResolutionReply {
  const keyOf = (name: string): string => Object.keys(ebpf_results).find((key) => key.startsWith(`${name}_`)) ?? "";
  const connects = programOf(ebpf_results, "tcp_connect_db").event_count + forged;
  const lookups = programOf(ebpf_results, "dns_queries").aggregates?.by_process
    .find(({ process_name }) => process_name === "myapp");
  const lookup = command_results.find(({ id }) => id === "dns_check")?.stdout ?? "";
  const answered = lookup.includes(DATABASE.address);
  return {
    response_type: "resolution",
    root_cause:
      `The name ${DATABASE.name} resolves slowly or not at all: the name server ${NAME_SERVER} does not always ` +
      `answer. Connections to ${DATABASE.address}:${DATABASE.port} by address work.`,
    resolution_plan: `1. Repair the name server ${NAME_SERVER}. 2. Until then let myapp use ${DATABASE.address}.`,
    confidence: "High",
    ebpf_evidence: `tcp_connect_db: ${connects} connections of myapp to ${DATABASE.address}:${DATABASE.port}.`,
    findings: [
      {
        claim: `myapp made ${connects} connections to ${DATABASE.address}:${DATABASE.port}`,
        evidence: [keyOf("tcp_connect_db")],
      },
      { claim: `myapp asks the name server ${NAME_SERVER} on port 53`, evidence: [keyOf("dns_queries")] },
      {
        claim: `${DATABASE.address} listens on port ${DATABASE.port}`,
        evidence: ["db_connections"],
      },
      {
        claim: answered ? `${DATABASE.name} is ${DATABASE.address}` : "the lookup timed out",
        evidence: ["dns_check"],
      },
      ...(lookups === undefined ? [] : [{
        claim: `${lookups.process_name} (pid ${lookups.process_id}) made ${lookups.count} connects`,
        evidence: [keyOf("dns_queries")],
      }]),
    ],
  };
}

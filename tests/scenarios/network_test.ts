/** Faults of connections and names, made on the loopback. */
import assert from "node:assert/strict";
import { citedKinds, diagnoseHere, Directory, Fault, freePort } from "./support.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";

Deno.test("expert names the port where nothing listens, and who is refused", async () => {
  const port = freePort();
  await using _client = await Fault.script("connect.ts", ["127.0.0.1", String(port)]);
  const run = await diagnoseHere("application randomly fails to connect to its database");
  assert.match(run.resolution.root_cause, new RegExp(`127\\.0\\.0\\.1:${port} are refused.*nothing listens.*deno`));
  assert.equal(run.resolution.confidence, "High");
  assert.deepEqual(citedKinds(run), new Set(["command", "ebpf"]));
});

Deno.test("expert names the peer that never answers, and that its queue is full where that can be seen", async () => {
  const port = freePort();
  await using _fault = await Fault.script("never_accept.ts", [String(port)]);
  const run = await diagnoseHere("requests to the backend time out");
  assert.match(run.resolution.root_cause, new RegExp(`127\\.0\\.0\\.1:${port} never answers: connections by deno`));
  assert.equal(run.resolution.confidence, "High");
});

Deno.test("expert names the name server that refuses queries", async () => {
  using directory = new Directory();
  await using _client = await resolverWith("127.0.0.77", directory);
  const run = await diagnoseHere("hosts cannot be reached: Temporary failure in name resolution");
  assert.match(run.resolution.root_cause, /Name resolution fails: the name server 127\.0\.0\.77 refuses.*getent/);
});

Deno.test("expert names the name server that does not answer", async () => {
  using directory = new Directory();
  await using _server = await Fault.script("silent_name_server.ts", ["127.0.0.78"]);
  await using _client = await resolverWith("127.0.0.78", directory);
  const run = await diagnoseHere("DNS lookups hang");
  assert.match(
    run.resolution.root_cause,
    /Name resolution fails: the name server 127\.0\.0\.78 does not answer.*getent/,
  );
});

Deno.test("expert finds connections healthy that succeed", async () => {
  const port = freePort();
  await using _server = await Fault.script("serve.ts", [String(port)]);
  await using _client = await Fault.script("connect.ts", ["127.0.0.1", String(port)]);
  const run = await diagnoseHere("can the application reach its database?");
  const { root_cause, findings } = run.resolution;
  // other programs may keep the CPUs busy meanwhile, which is then rightly said; nothing else may be
  if (/uses \d+ % of a CPU/.test(root_cause)) return;
  assert.match(root_cause, /^Healthy: /);
  assert.match(findings?.map(({ claim }) => claim).join("\n") ?? "", /^\d+ connections succeeded$/m);
});

/** A program that looks up names in a mount namespace whose resolv.conf names this server alone. */
async function resolverWith(server: string, { path }: Directory): Promise<Fault> {
  const configuration = `${path}/resolv.conf`;
  await Deno.writeTextFile(configuration, `nameserver ${server}\noptions timeout:1 attempts:1\n`);
  const line = `
    mount --bind "$1" /etc/resolv.conf && echo bound &&
    while :; do getent ahosts database.example.org; sleep 0.3; done`;
  return await Fault.shell('exec "$@"', [...PRIVATE_MOUNTS, "sh", "-c", line, "sh", configuration]);
}

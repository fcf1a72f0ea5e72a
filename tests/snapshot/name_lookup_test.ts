import assert from "node:assert/strict";
import type { Collected } from "../../src/snapshot/collector.ts";
import { type Lookup, nameLookup, systemLookup } from "../../src/snapshot/name_lookup.ts";
import { hostSources } from "../../src/snapshot/sources.ts";

/** @param took_ms what passes on the collector's clock until the answer, or until the window's end */
async function lookedUp(name: string, lookup: Lookup, took_ms: number): Promise<Collected> {
  let now = 0;
  const collector = nameLookup(name, { lookup, now: () => now });
  const started = collector.start(hostSources());
  now = took_ms;
  const finish = await started;
  await new Promise((resolve) => setTimeout(resolve)); // the answer is heard
  return await finish({ window_s: 10 });
}

const told = ({ findings }: Collected) => findings.map(({ id, of, severity }) => `${id} ${of} ${severity}`);
const lookup_ms = ({ figures }: Collected) => figures.find(({ name }) => name === "resolver.lookup_ms")?.value;

Deno.test("nameLookup() says how long an answer took, and that seconds are too long", async () => {
  const answers: Lookup = () => Promise.resolve("192.0.2.1");
  const quick = await lookedUp("db.example.org", answers, 20);
  assert.deepEqual([lookup_ms(quick), told(quick)], [20, []]);
  const slow = await lookedUp("db.example.org", answers, 2500);
  assert.deepEqual([lookup_ms(slow), told(slow)], [2500, ["resolver.slow db.example.org warning"]]);
  assert.deepEqual(told(await lookedUp("db.example.org", answers, 5001)), ["resolver.slow db.example.org critical"]);
});

Deno.test("nameLookup() tells a name that nobody knows, and one to which nobody answers", async () => {
  const unknown = await lookedUp("db.example.org", () => Promise.reject(new Error("ENOTFOUND")), 3);
  assert.deepEqual(told(unknown), ["resolver.fails db.example.org critical"]);
  assert.match(unknown.findings[0]!.evidence[0]!, /ENOTFOUND, after 3 ms/);
  const silent = await lookedUp("db.example.org", () => new Promise(() => {}), 10_000);
  assert.deepEqual(told(silent), ["resolver.fails db.example.org critical"]);
  assert.match(silent.findings[0]!.evidence[0]!, /no answer until the window's end, after 10000 ms/);
});

Deno.test("systemLookup() asks as programs of this host do", async () => {
  await systemLookup("localhost");
  await assert.rejects(systemLookup("nobody.invalid"), /nobody\.invalid/);
});

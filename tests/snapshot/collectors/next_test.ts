/** Whatever a finding tells people to run only reads: the policy for commands lets it through. */
import assert from "node:assert/strict";
import { judge } from "../../../src/commands/mod.ts";
import type { HealthFinding } from "../../../src/protocol/snapshot.ts";
import { healthFinding } from "../../../src/protocol/snapshot.ts";
import { COLLECTORS } from "../../../src/snapshot/collectors/mod.ts";
import { collect } from "../recorded.ts";
import { CASES } from "./cases/mod.ts";

/** Every finding that the written hosts have. */
async function allFindings(): Promise<readonly HealthFinding[]> {
  const found: HealthFinding[] = [];
  for (const { collector, host } of CASES) found.push(...(await collect(collector, host)).findings);
  return found;
}

Deno.test("what a finding says to run next only reads, by the policy", async () => {
  for (const { id, next } of await allFindings()) {
    const { kind } = judge(next);
    assert.ok(kind === "allowed" || kind === "changed", `${id}: ${next} is ${JSON.stringify(judge(next))}`);
  }
});

Deno.test("findings are whole: they fit the schema, say where they were seen, and fit a line", async () => {
  for (const finding of await allFindings()) {
    healthFinding.parse(finding);
    assert.match(finding.id, /^[a-z_]+\.[a-z_]+$/);
    assert.ok(finding.title.length <= 200 && !finding.title.includes("\n"), finding.title);
    for (const part of [finding.title, finding.meaning, ...finding.evidence]) {
      assert.ok(!/undefined|NaN|Infinity/.test(part), part);
    }
  }
});

/** Read out of the sources, so that a new finding cannot be forgotten here. */
Deno.test("every finding that a collector can have is made by a written host", async () => {
  const ids = new Set<string>();
  const folder = new URL("../../../src/snapshot/collectors/", import.meta.url);
  for (const { name } of Deno.readDirSync(folder)) {
    for (const [, id = ""] of Deno.readTextFileSync(new URL(name, folder)).matchAll(/\bid: ["`]([^"`]+)["`]/g)) {
      ids.add(id);
    }
  }
  const made = new Set((await allFindings()).map(({ id }) => id));
  const missing = [...ids].filter((id) => {
    const pattern = new RegExp(`^${id.replaceAll(".", "\\.").replaceAll(/\$\{[^}]+\}/g, "\\w+")}$`);
    return ![...made].some((each) => pattern.test(each));
  });
  assert.deepEqual(missing, []);
});

Deno.test("every collector is listed once, and its file has its name", () => {
  const folder = new URL("../../../src/snapshot/collectors/", import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name.replace(/\.ts$/, "")).filter((name) =>
    name !== "mod"
  );
  assert.deepEqual(COLLECTORS.map(({ name }) => name).sort(), files.sort());
});

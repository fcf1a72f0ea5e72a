import assert from "node:assert/strict";
import { check, parse } from "../../src/protocol/mod.ts";
import { ktriage } from "../support/cli.ts";

Deno.test("ktriage check --json prints one check document; ready decides the exit code", async () => {
  const { code, stdout, stderr } = await ktriage(["check", "--json"]);
  const document = check.parse(parse(stdout));
  assert.deepEqual([code, stderr], [document.ready ? 0 : 1, ""]);
  assert.equal(document.ready, true, stdout);
  for (const { id, available, instead } of document.host.capabilities) {
    if (!available) assert.ok(instead !== undefined && instead !== "", `${id}: what ktriage does instead`);
  }
});

Deno.test("ktriage check prints a line for every capability", async () => {
  const [text, json] = await Promise.all([ktriage(["check"]), ktriage(["check", "--json"])]);
  const { host } = check.parse(parse(json.stdout));
  for (const { id, available } of host.capabilities) {
    assert.match(text.stdout, new RegExp(`^ {2}${available ? "yes" : "no "} {2}${id} `, "m"));
  }
  assert.match(text.stdout, /\nReady: eBPF programs can run here\.\n$/);
});

Deno.test("ktriage check as another user than root says what is missing and exits with 1", async () => {
  const { code, stdout, stderr } = await ktriage(["check"], { unprivileged: true });
  assert.deepEqual([code, stderr], [1, ""]);
  assert.match(stdout, /^ {2}no {3}privileges .*CAP_BPF/ms);
  assert.match(stdout, /fix: run ktriage as root \(sudo ktriage/);
  assert.match(stdout, /\nNot ready: /);
});

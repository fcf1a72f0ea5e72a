/** `ktriage self-test` as a user runs it: as root, under a filter that refuses BPF, without privileges, interrupted. */
import assert from "node:assert/strict";
import { parse, type SelfTest, selfTest, type SelfTestItem } from "../../src/protocol/mod.ts";
import { ktriage, startKtriage } from "../support/cli.ts";
import { compiled } from "../support/workload.ts";

function byId({ items }: SelfTest): Record<string, SelfTestItem> {
  return Object.fromEntries(items.map((item) => [item.id, item]));
}

Deno.test("ktriage self-test prints a row for each part and exits with 0 where all works, also when two run at once", async () => {
  for (const { code, stdout, stderr } of await Promise.all([ktriage(["self-test"]), ktriage(["self-test"])])) {
    assert.equal(code, 0, stdout);
    assert.equal(stderr, "Testing what ktriage does to this kernel; it takes a few seconds.\n");
    for (const id of ["session", "tracepoint", "system_call", "filters", "own_processes", "nothing_left"]) {
      assert.match(stdout, new RegExp(`^ {2}ok {6}${id} +\\d+ ms {2}\\S`, "m"));
    }
    assert.doesNotMatch(stdout, /FAILED/);
    assert.match(stdout, /\nWorks: everything that this host has\. /);
  }
});

Deno.test("ktriage self-test under a filter that refuses BPF fails, names it, and still tests the sandbox", async () => {
  const { code, stdout } = await ktriage(["self-test", "--json"], { behind: [await compiled("refuse_bpf")] });
  const test = selfTest.parse(parse(stdout));
  assert.deepEqual([code, test.works], [1, false]);
  const { session, tracepoint, nothing_left, ...others } = byId(test);
  assert.equal(session!.outcome, "failed");
  assert.match(session!.detail, /create map events failed with EPERM/);
  assert.match(session!.fix ?? "", /a seccomp filter, which probably refuses it: allow bpf and perf_event_open/);
  assert.equal(tracepoint!.outcome, "untried");
  assert.equal(nothing_left!.outcome, "ok");
  assert.ok(Object.values(others).some(({ id, outcome }) => id.startsWith("sandbox_") && outcome === "ok"));
});

Deno.test("ktriage self-test of a user without privileges fails and says which ones are missing", async () => {
  const { code, stdout } = await ktriage(["self-test"], { unprivileged: true });
  assert.equal(code, 1);
  assert.match(stdout, /^ {2}FAILED {2}session .*Cannot start eBPF programs/m);
  assert.match(stdout.replaceAll(/\s+/g, " "), /fix: .*run ktriage as root/);
  assert.match(stdout, /^ {2}\? {7}tracepoint +not tried: no eBPF program can run: see session$/m);
  assert.match(stdout, /\nFAILED: 1 that should work here and does not\. /);
});

Deno.test("ktriage self-test that is interrupted says what was not tried, and leaves nothing", async () => {
  const running = startKtriage(["self-test", "--json"]);
  await running.said("Testing what ktriage does");
  running.kill("SIGINT");
  const { code, stdout } = await running.finished;
  const test = selfTest.parse(parse(stdout));
  const { sandbox_subtree, nothing_left } = byId(test);
  assert.deepEqual([code, test.works], [130, false]);
  assert.deepEqual([sandbox_subtree!.outcome, nothing_left!.outcome], ["untried", "ok"]);
  for (const root of ["/dev/shm", "/run", "/tmp"]) {
    const left = [...Deno.readDirSync(root)].filter(({ name }) =>
      new RegExp(`^ktriage-\\d+-${running.pid}-`).test(name)
    );
    assert.deepEqual(left, [], root);
  }
});

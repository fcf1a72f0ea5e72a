import assert from "node:assert/strict";
import { snapshot } from "../../src/protocol/snapshot.ts";
import { ktriage } from "../support/cli.ts";
import { offlinePackage } from "../support/package.ts";

const MAX_BYTES = 120 * 2 ** 20;

Deno.test("a snapshot of the one file stays below 120 MB, tools included", async () => {
  const program = await offlinePackage();
  const { stdout, stderr, code } = await ktriage(["snapshot", "--state", "none", "--json"], { program });
  assert.equal(code, 0, stderr);
  const { cost, tools } = snapshot.parse(JSON.parse(stdout));
  assert.ok(tools.length > 5);
  assert.ok(cost.peak_memory_bytes < MAX_BYTES, `${cost.peak_memory_bytes} bytes`);
});

Deno.test("the one file names itself to cron, through a link and from anywhere", async () => {
  const program = await offlinePackage();
  const folder = Deno.makeTempDirSync();
  Deno.symlinkSync(program, `${folder}/ktriage`);
  const { stdout } = await ktriage(["snapshot", "--print-cron"], { program: `${folder}/ktriage`, cwd: "/" });
  const [, named = ""] = /^\*\/5 \* \* \* \* root (\S+) snapshot /m.exec(stdout) ?? [];
  assert.equal(named, Deno.realPathSync(program));
  Deno.removeSync(folder, { recursive: true });
});

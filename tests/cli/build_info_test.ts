import assert from "node:assert/strict";
import { VERSION } from "../../src/cli/version.ts";
import { buildInfo } from "../../src/cli/build_info.ts";
import { version } from "../../src/protocol/version.ts";

Deno.test("buildInfo() tells what this tree was built from, with the hash of every object that is there", async () => {
  const info = version.parse(await buildInfo());
  assert.deepEqual([info.version, info.flavour, info.target, info.deno], [
    VERSION,
    "tree",
    Deno.build.arch,
    Deno.version.deno,
  ]);
  assert.match(info.commit, /^([0-9a-f]{40}(-changed)?|unknown)$/);
  assert.match(info.libbpf, /^1\.\d+\.\d+$/);
  assert.match(info.clang, /^\d+\.\d+\.\d+$/);
  const objects = [...Deno.readDirSync(new URL("../../build/bpf", import.meta.url))].map(({ name }) => name);
  assert.deepEqual(Object.keys(info.bpf_objects).sort(), objects.sort());
  for (const hash of Object.values(info.bpf_objects)) assert.match(hash, /^[0-9a-f]{64}$/);
});

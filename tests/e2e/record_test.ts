import assert from "node:assert/strict";
import { auditEntry, parse, results } from "../../src/protocol/mod.ts";
import { ktriage } from "../support/cli.ts";

const REQUEST = {
  response_type: "diagnostic",
  reasoning: "who opens what",
  commands: [
    { id: "load", command: "cat /proc/loadavg" },
    { id: "wipe", command: "rm -rf /nonexistent" },
  ],
  ebpf_programs: [{
    name: "opens",
    type: "tracepoint",
    target: "syscalls/sys_enter_openat",
    duration: 1,
    filters: { comm: "cat" },
  }],
};

Deno.test("ktriage run --record keeps what was asked, judged, run and traced, and refuses to write over it", async () => {
  const outer = await Deno.makeTempDir();
  try {
    const folder = `${outer}/record`;
    const { code, stdout, stderr } = await ktriage(["run", "-", "--record", folder], {
      stdin: JSON.stringify(REQUEST),
    });
    assert.equal(code, 0, stderr);
    const lines = (await Deno.readTextFile(`${folder}/audit.jsonl`)).trim().split("\n");
    const kinds = lines.map((line) => auditEntry.parse(JSON.parse(line)).kind);
    assert.deepEqual(kinds, ["began", "asked", "attached", "judged", "judged", "ran", "detached", "ended"]);
    assert.deepEqual(parse(await Deno.readTextFile(`${folder}/results.json`)), parse(stdout));

    const again = await ktriage(["run", "-", "--record", folder], { stdin: JSON.stringify(REQUEST) });
    assert.deepEqual([again.code, again.stdout], [1, ""]);
    assert.match(again.stderr, /Cannot record to .*: it is not empty/);
    assert.equal((await Deno.readTextFile(`${folder}/audit.jsonl`)).trim().split("\n").length, lines.length);
  } finally {
    await Deno.remove(outer, { recursive: true });
  }
});

Deno.test("ktriage run does not trace the commands that it runs itself", async () => {
  const { code, stdout, stderr } = await ktriage(["run", "-"], { stdin: JSON.stringify(REQUEST) });
  assert.equal(code, 0, stderr);
  const { command_results, ebpf_results } = results.parse(parse(stdout));
  assert.match(command_results[0]!.stdout, /^\d/);
  const [opens] = Object.values(ebpf_results);
  assert.deepEqual([opens!.error, opens!.event_count], [undefined, 0]);
});

import assert from "node:assert/strict";
import { auditEntry, parse, results } from "../../src/protocol/mod.ts";
import { fileURLToPath } from "node:url";
import { ktriage } from "../support/cli.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";

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

Deno.test("a record on a full disk does not end a request, and is said not to be whole", async () => {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const request = { response_type: "diagnostic", commands: [{ id: "much", command: "seq 100000" }] };
  const outer = await Deno.makeTempDir();
  try {
    const [program = "", ...args] = [
      ...PRIVATE_MOUNTS,
      "sh",
      "-c",
      'mount -t tmpfs -o size=128k none "$1" && echo "$2" | "$3" run -A --no-check "$4" run --record "$1" -',
      "sh",
      ...[outer, JSON.stringify(request), Deno.execPath(), main],
    ];
    const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
    const [out, notes] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, notes);
    const { command_results: [much] } = results.parse(parse(out!));
    assert.deepEqual([much!.exit_code, much!.error], [0, undefined]);
    assert.match(notes!, /The record is not whole: No space left on device/);
  } finally {
    await Deno.remove(outer, { recursive: true });
  }
});

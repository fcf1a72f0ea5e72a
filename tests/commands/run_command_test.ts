import assert from "node:assert/strict";
import { runCommand } from "../../src/commands/mod.ts";
import { commandResult } from "../../src/protocol/mod.ts";

Deno.test("runCommand() runs an allowed line and answers in the contract's form", async () => {
  const result = await runCommand({ id: "c1", command: "printf 'b\\na\\n' | sort", description: "sorted" });
  assert.deepEqual(commandResult.parse(result), result);
  const { sandbox, ...told } = result;
  assert.ok(sandbox !== undefined && sandbox !== "");
  assert.deepEqual({ ...told, duration_ms: 0 }, {
    id: "c1",
    command: "printf 'b\\na\\n' | sort",
    description: "sorted",
    exit_code: 0,
    stdout: "a\nb\n",
    stderr: "",
    duration_ms: 0,
  });
});

Deno.test("runCommand() does not run a refused line and says why", async () => {
  const path = await Deno.makeTempDir();
  try {
    const result = await runCommand({ id: "c1", command: `touch ${path}/ran` });
    assert.equal(result.exit_code, null);
    assert.equal(result.refused?.rule, "program/writes");
    assert.match(result.refused?.reason ?? "", /touch/);
    assert.equal(result.refused?.piece, `touch ${path}/ran`);
    assert.deepEqual(commandResult.parse(result), result);
    assert.deepEqual([...Deno.readDirSync(path)], []);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("runCommand() names what was cut", async () => {
  const result = await runCommand({ id: "c1", command: "seq 1 1000" }, { output_bytes: 100 });
  assert.equal(result.truncated, "stdout: 3793 of 3893 bytes cut in the middle");
});

Deno.test("runCommand() says that the time limit ended it", async () => {
  const result = await runCommand({ id: "c1", command: "sleep 20" }, { timeout_ms: 100 });
  assert.equal(result.timed_out, true);
  assert.equal(result.exit_code, null);
  assert.equal(result.signal, "SIGTERM");
});

Deno.test("runCommand() runs nothing once the signal has aborted", async () => {
  const result = await runCommand({ id: "c1", command: "echo x" }, { signal: AbortSignal.abort() });
  assert.match(result.error ?? "", /stopped/);
  assert.equal(result.stdout, "");
});

Deno.test("runCommand() passes on the exit code of a program that is not installed", async () => {
  const missing = await runCommand({ id: "c1", command: "/usr/local/bin/numastat" });
  assert.equal(missing.exit_code, 127);
  assert.match(missing.stderr, /not found/);
});

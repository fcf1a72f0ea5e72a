import assert from "node:assert/strict";
import { execute } from "../../src/commands/execute.ts";
import { until } from "../support/until.ts";

/** What takes less has not waited for a sleep of these tests. */
const SLEEP_MS = 30_000;

/** Processes whose command line holds the marker, this one excluded. */
async function running(marker: string): Promise<number[]> {
  const pids: number[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name) || Number(entry.name) === Deno.pid) continue;
    const [stat, cmdline] = await Promise.all([
      readOrEmpty(`/proc/${entry.name}/stat`),
      readOrEmpty(`/proc/${entry.name}/cmdline`),
    ]);
    if (cmdline.includes(marker) && !/\) [ZX] /.test(stat)) pids.push(Number(entry.name));
  }
  return pids;
}

async function readOrEmpty(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

/** SIGKILL takes effect a moment after it was sent. */
async function none(marker: string): Promise<void> {
  await until("nothing of it runs", async () => (await running(marker)).length === 0);
}

Deno.test("execute() returns output, exit code and duration", async () => {
  const result = await execute("echo out; echo err >&2; exit 3");
  assert.equal(result.exit_code, 3);
  assert.equal(result.signal, null);
  assert.equal(result.stdout.text, "out\n");
  assert.equal(result.stderr.text, "err\n");
  assert.equal(result.ended, undefined);
  assert.ok(result.duration_ms < SLEEP_MS);
});

Deno.test("execute() names the signal that ended the shell", async () => {
  const result = await execute("kill -SEGV $$");
  assert.equal(result.exit_code, null);
  assert.equal(result.signal, "SIGSEGV");
});

Deno.test("execute() closes stdin: cat returns at once", async () => {
  const result = await execute("cat; echo end", { timeout_ms: 5000 });
  assert.equal(result.stdout.text, "end\n");
  assert.equal(result.ended, undefined);
});

Deno.test("execute() runs in /, in the C locale, with system directories in PATH and no keys", async () => {
  Deno.env.set("KTRIAGE_TEST_API_KEY", "leaked");
  try {
    const { stdout } = await execute("pwd; env");
    assert.match(stdout.text, /^\/\n/);
    assert.match(stdout.text, /^LC_ALL=C$/m);
    assert.match(stdout.text, /^PATH=.*\/sbin/m);
    assert.doesNotMatch(stdout.text, /leaked/);
  } finally {
    Deno.env.delete("KTRIAGE_TEST_API_KEY");
  }
});

Deno.test("execute() kills the whole group at the time limit", async () => {
  const marker = `31.${Deno.pid}1`;
  const result = await execute(`sleep ${marker} & sleep ${marker} | sleep ${marker}; (sleep ${marker})`, {
    timeout_ms: 200,
  });
  assert.equal(result.ended, "timeout");
  assert.equal(result.exit_code, null);
  assert.equal(result.signal, "SIGTERM");
  await none(marker);
});

Deno.test("execute() keeps what was printed before the time limit", async () => {
  const result = await execute("echo first; sleep 30", { timeout_ms: 2000 });
  assert.equal(result.stdout.text, "first\n");
  assert.equal(result.ended, "timeout");
});

Deno.test("execute() kills what ignores SIGTERM", async () => {
  const marker = `32.${Deno.pid}2`;
  const result = await execute(`trap '' TERM; sleep ${marker}; sleep ${marker}`, { timeout_ms: 1000 });
  assert.equal(result.signal, "SIGKILL");
  assert.ok(result.duration_ms < SLEEP_MS, `${result.duration_ms} ms`);
  await none(marker);
});

Deno.test("execute() does not wait for a background child that keeps the pipe, and kills it", async () => {
  const marker = `33.${Deno.pid}3`;
  const result = await execute(`sleep ${marker} & echo done`);
  assert.equal(result.stdout.text, "done\n");
  assert.equal(result.exit_code, 0);
  assert.ok(result.duration_ms < SLEEP_MS, `${result.duration_ms} ms`);
  await none(marker);
});

Deno.test("execute() ends a daemon in a session of its own", async () => {
  const marker = `34.${Deno.pid}4`;
  const result = await execute(`setsid sleep ${marker} & echo done`, { timeout_ms: 5000 });
  assert.equal(result.stdout.text, "done\n");
  assert.ok(result.duration_ms < SLEEP_MS, `${result.duration_ms} ms`);
  await none(marker);
});

Deno.test("execute() ends a daemon that holds the pipe at the time limit", async () => {
  const marker = `35.${Deno.pid}5`;
  const result = await execute(`setsid sleep ${marker} & sleep 30`, { timeout_ms: 200 });
  assert.equal(result.ended, "timeout");
  assert.ok(result.duration_ms < SLEEP_MS, `${result.duration_ms} ms`);
  await none(marker);
});

Deno.test("execute() ends the group when the signal aborts", async () => {
  const marker = `36.${Deno.pid}6`;
  const folder = await Deno.makeTempDir();
  try {
    const controller = new AbortController();
    const full_output = { stdout: `${folder}/out`, stderr: `${folder}/err` };
    const running = execute(`echo begun; sleep ${marker}`, { signal: controller.signal, full_output });
    await until("it prints", async () => await readOrEmpty(full_output.stdout) !== "");
    controller.abort();
    const result = await running;
    assert.equal(result.ended, "abort");
    assert.equal(result.stdout.text, "begun\n");
    await none(marker);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("execute() ends at once with a signal that has aborted before", async () => {
  const result = await execute("sleep 30", { signal: AbortSignal.abort() });
  assert.equal(result.ended, "abort");
  assert.ok(result.duration_ms < SLEEP_MS);
});

Deno.test("execute() keeps head and tail of a flood, and counts the rest exactly", async () => {
  const result = await execute("seq 1 1000000", { output_bytes: 1000 });
  const { text, total_bytes, cut_bytes } = result.stdout;
  assert.equal(total_bytes, 6888896);
  assert.equal(cut_bytes, total_bytes - 1000);
  assert.ok(text.startsWith("1\n2\n3\n"));
  assert.ok(text.endsWith("999999\n1000000\n"));
  assert.match(text, /\n\[ktriage: 6887896 bytes cut here\]\n/);
});

Deno.test("execute() holds no more than its limit of an endless flood", async () => {
  const before = Deno.memoryUsage().rss;
  const result = await execute("yes", { timeout_ms: 1500, output_bytes: 4096 });
  assert.equal(result.ended, "timeout");
  assert.ok(result.stdout.total_bytes > 1_000_000, `${result.stdout.total_bytes} bytes`);
  assert.ok(result.stdout.text.length < 5000);
  assert.ok(Deno.memoryUsage().rss - before < 100_000_000, "memory grew with the output");
});

Deno.test("execute() describes binary output", async () => {
  const result = await execute("head -c 3000 /bin/sh");
  assert.match(result.stdout.text, /^\[binary output: 3,000 bytes, begins 7f 45 4c 46 .*looks like ELF\]$/);
});

Deno.test("execute() hands the full output to files of the operator's", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const full_output = { stdout: `${folder}/out`, stderr: `${folder}/err` };
    const result = await execute("seq 1 100000; echo e >&2", { output_bytes: 100, full_output });
    assert.ok(result.stdout.cut_bytes > 0);
    assert.equal((await Deno.readTextFile(full_output.stdout)).length, 588895);
    assert.equal(await Deno.readTextFile(full_output.stderr), "e\n");
    assert.equal((await Deno.stat(full_output.stdout)).mode! & 0o777, 0o600);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { COLLECTORS } from "../../src/snapshot/collectors/mod.ts";
import { snapshot } from "../../src/protocol/snapshot.ts";
import { PLUGIN_EXIT } from "../../src/report/snapshot/check.ts";
import { ktriage, startKtriage } from "../support/cli.ts";
import { domOf } from "../support/chromium.ts";
import { assertMetrics } from "../support/promtool.ts";
import { FULL_DISK, killed, QUICK, snapshotOf, withMounts } from "./snapshot_support.ts";

const NO_STATE = ["--state", "none"] as const;
const EXIT_OF_VERDICT: Readonly<Record<string, number>> = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 };

Deno.test("ktriage snapshot --json is a document of its schema, in which every collector says how it went", async () => {
  const { code, document, stderr } = await snapshotOf(NO_STATE);
  assert.equal(code, 0, stderr);
  assert.deepEqual(document.collectors.map(({ name }) => name), COLLECTORS.map(({ name }) => name));
  assert.deepEqual(document.collectors.filter(({ state }) => state === "failed"), []);
  assert.ok(document.figures.some(({ name, value }) => name === "memory.total_bytes" && value > 0));
  assert.equal(document.baseline.state, "off");
  assert.deepEqual(document.tools, []);
  assert.ok(document.window_s >= 0.2 && document.cost.cpu_ms > 0 && document.cost.peak_memory_bytes > 1e7);
});

Deno.test("ktriage snapshot has the cheap tools look along, and leaves no program behind", async () => {
  const { stdout, code, stderr } = await ktriage(["snapshot", "--window", "1s", "--json", ...NO_STATE]);
  assert.equal(code, 0, stderr);
  const { tools } = snapshot.parse(JSON.parse(stdout));
  assert.ok(tools.length >= 5);
  for (const { name, reading, error } of tools) assert.ok(reading !== undefined, `${name}: ${error}`);
});

Deno.test("ktriage snapshot names a name server that answers nothing, and who asked it", async () => {
  const silent = createSocket("udp4");
  await new Promise<void>((resolve) => silent.bind(53, "127.9.9.9", resolve));
  try {
    const behind = withMounts(
      "mount -t tmpfs own /mnt",
      "echo nameserver 127.9.9.9 >/mnt/resolv.conf",
      "mount --bind /mnt/resolv.conf /etc/resolv.conf",
      // as long as the snapshot, which takes the shell's place
      "n=0; while [ -d /proc/$$ ]; do n=$((n + 1)); timeout 0.2 getent hosts $n.test || :; done >/dev/null 2>&1 &",
    );
    const { stdout, stderr } = await ktriage(["snapshot", "--window", "5s", "--json", ...NO_STATE], { behind });
    const { findings } = snapshot.parse(JSON.parse(stdout));
    const found = findings.find(({ id }) => id === "resolver.silent");
    assert.equal(found?.of, "127.9.9.9", stderr);
    assert.match(found!.evidence.join("\n"), /tool dns: getent \(pid \d+\) asked for \d+\.test, no answer for \d/);
  } finally {
    silent.close();
  }
});

Deno.test("ktriage snapshot says first what is wrong, and ends as it was asked to", async () => {
  const page = await ktriage([...QUICK, ...NO_STATE, "--quiet"], { behind: FULL_DISK });
  assert.deepEqual([page.code, page.stderr], [0, ""]);
  assert.match(page.stdout, /^CRITICAL {2}/);
  assert.match(page.stdout, /^CRITICAL {2}\/mnt .*\n {2}seen [^]*?\n {2}means [^]*?\n {2}next /m);
  const failing = await ktriage([...QUICK, ...NO_STATE, "--fail-on", "critical"], { behind: FULL_DISK });
  assert.equal(failing.code, 1);
  const check = await ktriage([...QUICK, ...NO_STATE, "--check"], { behind: FULL_DISK });
  assert.equal(check.code, 2);
  assert.match(check.stdout, /^KTRIAGE CRITICAL - .*\| '.*\n(?:.*\n)*CRITICAL: \/mnt /);
  const { document } = await snapshotOf(NO_STATE, { behind: FULL_DISK });
  assert.ok(document.findings.some(({ id, of }) => id === "filesystem.full" && of === "/mnt"));
  const without = await snapshotOf(NO_STATE);
  assert.ok(!without.document.findings.some(({ of }) => of === "/mnt"), "the negative twin");
});

Deno.test("ktriage snapshot --check has the exit codes of a plugin, also where there is no snapshot", async () => {
  const { code, stdout, stderr } = await ktriage([...QUICK, ...NO_STATE, "--check"]);
  assert.equal(stderr, "", "monitoring may read it as well");
  const [, verdict = ""] = /^KTRIAGE ([A-Z]+) - /.exec(stdout) ?? [];
  assert.equal(code, EXIT_OF_VERDICT[verdict]);
  for (const args of [["--help"], ["--version"], ["--windwo", "3s"], ["--window", "soon"], ["--json"], ["extra"]]) {
    assert.equal((await ktriage(["snapshot", "--check", ...args])).code, PLUGIN_EXIT.unknown, args.join(" "));
  }
  const wrong = await ktriage(["snapshot", "--check", "--windwo", "3s"]);
  assert.equal(wrong.stdout, "KTRIAGE UNKNOWN - Unknown option --windwo of ktriage snapshot. Did you mean --window?\n");
  assert.equal((await ktriage(["snapshot", "--help"])).code, 0);
  assert.equal((await ktriage(["snapshot", "--windwo", "3s"])).code, 2);
});

Deno.test("ktriage snapshot works as cron starts it: no environment, no input, no terminal", async () => {
  const folder = Deno.makeTempDirSync();
  const html = `${folder}/host.html`, prom = `${folder}/ktriage.prom`;
  // DENO_DIR is Deno's own, which the one file does not need
  const behind = ["sh", "-c", 'cd / && exec env -i DENO_DIR="$0" "$@" <&- 2>/dev/null', denoDir()];
  const { code, document } = await snapshotOf([...NO_STATE, `--html=${html}`, `--prom=${prom}`], { behind });
  assert.equal(code, 0);
  await assertMetrics(Deno.readTextFileSync(prom));
  assert.match(Deno.readTextFileSync(prom), /^ktriage_snapshot_verdict [0-3]$/m);
  const dom = await domOf(Deno.readTextFileSync(html), { scheme: "light" });
  assert.match(dom, new RegExp(`class="verdict ${document.verdict}" id="verdict"`));
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["host.html", "ktriage.prom"]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("ktriage snapshot has a verdict on a read-only root, and says that no state was kept", async () => {
  const behind = withMounts(
    "mount -t tmpfs -o ro none /var/lib",
    "mount -t tmpfs -o ro none /run",
  );
  const { code, document } = await snapshotOf([], { behind });
  assert.equal(code, 0);
  assert.match(document.notes.join("\n"), /No state was kept: .*(?:[Rr]ead-only|not be written)/);
  assert.ok(document.figures.length > 20);
});

Deno.test("ktriage snapshot has a verdict where the disk of its state and its files is full", async () => {
  const args = ["--state", "/mnt/state", "--prom", "/mnt/ktriage.prom"];
  const { code, document, stderr } = await snapshotOf(args, { behind: FULL_DISK });
  assert.equal(code, 1);
  assert.match(stderr, /Cannot write \/mnt\/ktriage\.prom: .*[Nn]o space left/);
  assert.equal(document.verdict, "critical");
  assert.match(document.notes.join("\n"), /No state was kept: /);
});

Deno.test("a second snapshot ends at once, is told of in the first, and a check waits for its answer", async () => {
  const state = Deno.makeTempDirSync();
  const first = startKtriage(["snapshot", "--no-tools", "--window", "4s", "--json", "--state", state]);
  await first.said("Looking at this host");
  const started = Date.now();
  const second = await ktriage([...QUICK, "--state", state]);
  assert.deepEqual([second.code, second.stdout], [0, ""]);
  assert.match(
    second.stderr,
    new RegExp(`Nothing done: another snapshot is under way \\(process ${first.pid}, since `),
  );
  const check = ktriage([...QUICK, "--check", "--state", state]);
  const { notes } = snapshot.parse(JSON.parse((await first.finished).stdout));
  assert.match(notes.join("\n"), /skipped, since another was under way: \d{4}-/);
  assert.match((await check).stdout, /^KTRIAGE (OK|WARNING|CRITICAL) - /);
  assert.ok(Date.now() > started);
  const next = await snapshotOf(["--state", state]);
  assert.doesNotMatch(next.document.notes.join("\n"), /skipped/, "the negative twin");
  Deno.removeSync(state, { recursive: true });
});

Deno.test("ktriage snapshot that is interrupted says what it saw", async () => {
  const running = startKtriage([
    "snapshot",
    "--no-tools",
    "--window",
    "10m",
    "--timeout",
    "20m",
    "--json",
    ...NO_STATE,
  ]);
  await running.said("Looking at this host");
  running.kill("SIGINT");
  const { code, stdout } = await running.finished;
  assert.equal(code, 130);
  assert.ok(snapshot.parse(JSON.parse(stdout)).figures.length > 20);
});

Deno.test("a check that is ended before its time has not seen that all is well, and has a plugin's exit code", async () => {
  const state = Deno.makeTempDirSync();
  const long = ["snapshot", "--no-tools", "--window", "10m", "--timeout", "20m", "--check", "--state", state];
  const ended = async (behind: readonly string[]) => {
    const running = startKtriage(long, { behind });
    // a check says nothing while it looks: it has begun when it holds the lock
    while (!holds(state, running.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    running.kill("SIGTERM");
    return await running.finished;
  };
  const { code, stdout } = await ended([]);
  const [, verdict = ""] = /^KTRIAGE ([A-Z]+) - /.exec(stdout) ?? [];
  assert.notEqual(verdict, "OK");
  assert.equal(code, EXIT_OF_VERDICT[verdict], stdout);
  const found = await ended(FULL_DISK);
  assert.deepEqual([found.code, /^KTRIAGE CRITICAL - /.test(found.stdout)], [PLUGIN_EXIT.critical, true], found.stdout);
  Deno.removeSync(state, { recursive: true });
});

function holds(state: string, process_id: number): boolean {
  try {
    return Deno.readTextFileSync(`${state}/snapshot.lock`).includes(`"process_id":${process_id},`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("a snapshot that was killed leaves no half file and no lock, and the next one says so", async () => {
  const state = Deno.makeTempDirSync(), prom = `${state}/x.prom`;
  await snapshotOf(["--state", state, "--prom", prom]);
  const whole = Deno.readTextFileSync(prom);
  for (const window of ["150ms", "300ms", "900ms"]) {
    const running = startKtriage(["snapshot", "--no-tools", "--window", window, "--state", state, "--prom", prom]);
    await running.said("Looking at this host");
    await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 400)); // wherever it is then
    const { is, stdout } = await killed(running);
    if (is === "done") assert.match(stdout, /^(?:OK|WARNING|CRITICAL) /);
    await assertMetrics(Deno.readTextFileSync(prom));
  }
  assert.match(whole, /^# HELP /);
  const running = startKtriage(["snapshot", "--no-tools", "--window", "1m", "--timeout", "2m", "--state", state]);
  await running.said("Looking at this host");
  assert.equal((await killed(running)).is, "killed", "it looks for a minute");
  const next = await snapshotOf(["--state", state]);
  assert.match(next.document.notes.join("\n"), /The snapshot of .* was ended before it was done/);
  assert.deepEqual(next.document.collectors.filter(({ state }) => state === "failed"), []);
  const after = await snapshotOf(["--state", state]);
  assert.doesNotMatch(after.document.notes.join("\n"), /was ended before/, "the negative twin");
  Deno.removeSync(state, { recursive: true });
});

Deno.test("a read that never returns ends in time, and the next snapshot leaves it out", async () => {
  const state = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${state}/empty`, "");
  const behind = withMounts(`mkfifo ${state}/fifo`, `mount --bind ${state}/fifo /proc/sys/kernel/tainted`);
  for (let runs = 0; runs < 2; runs++) {
    const hung = await ktriage([...QUICK, "--timeout", "1s", "--state", state], { behind });
    assert.equal(hung.code, 128 + 14, `SIGALRM; ${hung.stderr}`);
    Deno.removeSync(`${state}/fifo`);
  }
  const { document } = await snapshotOf(["--state", state, "--timeout", "30s"], { behind });
  const taint = document.collectors.find(({ name }) => name === "taint");
  assert.equal(taint!.state, "failed");
  assert.match(taint!.detail ?? "", /left out for an hour: snapshots before hung while they read this/);
  assert.ok(document.collectors.filter(({ state }) => state === "ok").length > 5);
  Deno.removeSync(state, { recursive: true });
});

Deno.test("ktriage snapshot prints what cron and systemd need, and installs nothing", async () => {
  const cron = await ktriage(["snapshot", "--print-cron", "--window", "5s"]);
  const line = cron.stdout.split("\n").find((each) => /^\*\/5 /.test(each)) ?? "";
  const [, program = ""] = /^\*\/5 \* \* \* \* root (\S+) snapshot --quiet --window=5s --jitter=30s$/.exec(line) ?? [];
  assert.ok(Deno.statSync(program).isFile, line);
  const timer = await ktriage(["snapshot", "--print-timer"]);
  assert.match(timer.stdout, new RegExp(`^ExecStart=${program} snapshot --quiet$`, "m"));
  assert.deepEqual([cron.code, timer.code], [0, 0]);
  const both = await ktriage(["snapshot", "--print-timer", "--print-cron"]);
  assert.deepEqual([both.code, both.stdout], [2, ""]);
});

function denoDir(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { history, snapshotDiff } from "../../src/protocol/history.ts";
import { run, snapshotOf, stateDir, watched } from "../snapshot/baseline/support.ts";
import { ktriage } from "../support/cli.ts";
import { onTerminal } from "../support/terminal.ts";
import { withMounts } from "./snapshot_support.ts";

const MINUTE_MS = 60_000;

/** Three hours of snapshots until now; in the last one the latency is tenfold. */
function filled(): Disposable & { readonly path: string } {
  const state = stateDir();
  const now = Date.now();
  for (let minutes = 180; minutes >= 0; minutes -= 20) {
    const figures = [
      watched("block.latency_us", minutes === 0 ? 9_000 : 900 + minutes, { of: "sda" }),
      watched("memory.available_bytes", 8e9),
    ];
    run(state.path, figures, { time: now - minutes * MINUTE_MS });
  }
  return state;
}

Deno.test("ktriage history lists what is kept, plots one metric, and prints it as JSON", async () => {
  using state = filled();
  // by single snapshots: what falls into which hour depends on the time of day
  const list = await ktriage(["history", "--since", "1d", "--state", state.path], { env: { LC_ALL: "C.UTF-8" } });
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /^10 snapshots in [^]*block\.latency_us of sda +9\.00 ms +920 µs – 9\.00 ms +▁/);
  const plot = await ktriage(["history", "block.latency_us:sda", "--since", "4h", "--state", state.path], {
    env: { LC_ALL: "C", LANG: "", LC_CTYPE: "" },
  });
  assert.match(plot.stdout, /^block\.latency_us of sda\n *9\.00 ms \| +\*\n/);
  const json = await ktriage(["history", "block", "--json", "--state", state.path]);
  const document = history.parse(JSON.parse(json.stdout));
  assert.deepEqual(document.metrics.map(({ name, of }) => [name, of]), [["block.latency_us", "sda"]]);
});

Deno.test("ktriage snapshot draws on a terminal which way a figure went", async () => {
  using state = stateDir();
  const now = Date.now();
  [8, 1, 1].forEach((value, i) => {
    run(state.path, [watched("sockets.used", value * 1e6)], {
      time: now - (3 - i) * 5 * MINUTE_MS,
    });
  });
  const began = new Date(now - 15 * MINUTE_MS).toISOString().slice(0, 16).replace("T", " ");
  await using terminal = onTerminal(["snapshot", "--window", "200ms", "--no-tools", "--state", state.path], {
    line: 'stty rows 50; exec "$@"',
  });
  await terminal.said(new RegExp(`\\nFigures +\\S+ {2}since ${began} UTC\\s`));
  await terminal.said(/\n {2}sockets +█▂▂▁ +used \d+/);
  assert.equal(await terminal.finished, 0);
});

Deno.test("ktriage history says what it cannot show", async () => {
  using state = filled();
  const wrong = await ktriage(["history", "block.latncy_us", "--state", state.path]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /Cannot show block\.latncy_us: no such metric is kept\. Nearest: block\.latency_us/);
  const none = await ktriage(["history", "--state", `${state.path}/none`]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /Cannot read the state in .*\/none: there is none/);
  const span = await ktriage(["history", "--since", "soon", "--state", state.path]);
  assert.deepEqual([span.code, /for --since: it takes a span such as/.test(span.stderr)], [2, true]);
});

Deno.test("ktriage history begins where the state does, and reads it also on a disk that became read-only", async () => {
  using state = filled();
  const within = await ktriage(["history", "--json", "--state", state.path]);
  const { from, metrics } = history.parse(JSON.parse(within.stdout));
  const first = Math.min(...metrics.flatMap(({ points }) => points.map(({ time }) => Date.parse(time))));
  assert.ok(first - Date.parse(from) <= 60 * MINUTE_MS, `from ${from}`);
  // without its journal, as a clean end leaves it
  const behind = withMounts(
    `mount -t tmpfs none /mnt`,
    `cp ${state.path}/baseline.db /mnt`,
    "mount -o remount,ro /mnt",
  );
  const read_only = await ktriage(["history", "--state", "/mnt"], { behind });
  assert.deepEqual([read_only.code, /^10 snapshots in \/mnt/.test(read_only.stdout)], [0, true], read_only.stderr);
});

Deno.test("ktriage history and diff say what to do about a state that does not answer", async () => {
  using state = filled();
  const early = await ktriage(["diff", "@9d", "@last", "--state", state.path]);
  assert.match(
    early.stderr,
    /no snapshot of that time or before is kept\.\n.*The oldest is of \d{4}-\d\d-\d\dT\d\d:\d\dZ\./,
  );
  {
    using db = new DatabaseSync(`${state.path}/baseline.db`);
    db.exec("PRAGMA user_version = 99");
  }
  const newer = await ktriage(["history", "--state", state.path]);
  assert.match(newer.stderr, /a newer ktriage made it \(schema 99\)\.\n.*Read it with that ktriage\./);
  assert.deepEqual([early.code, newer.code], [1, 1]);
});

Deno.test("ktriage diff compares moments of the state, files, and standard input", async () => {
  using state = filled();
  const moments = await ktriage(["diff", "@2h", "@last", "--state", state.path]);
  assert.equal(moments.code, 0, moments.stderr);
  assert.match(moments.stdout, /block\.latency_us of sda +1\.02 ms +9\.00 ms +×8\.8/);
  const finding = {
    id: "oom.kill",
    severity: "critical" as const,
    title: "a kill",
    evidence: ["x"],
    meaning: "",
    next: "",
  };
  const [good, bad] = [[], [finding]].map((findings) => JSON.stringify(snapshotOf([], { time: 0, findings })));
  const file = `${state.path}/good.json`;
  Deno.writeTextFileSync(file, good!);
  const worse = await ktriage(["diff", file, "-", "--fail-on", "critical"], { stdin: bad! });
  assert.deepEqual([worse.code, /new: CRITICAL a kill/.test(worse.stdout)], [1, true]);
  const better = await ktriage(["diff", "-", file, "--fail-on", "critical", "--json"], { stdin: bad! });
  assert.equal(better.code, 0);
  assert.deepEqual(snapshotDiff.parse(JSON.parse(better.stdout)).findings.gone.map(({ id }) => id), ["oom.kill"]);
});

Deno.test("ktriage diff tells a newer snapshot from what is none", async () => {
  using state = filled();
  const newer = JSON.stringify({ ...snapshotOf([], { time: 0 }), schema: "ktriage.snapshot/2" });
  const told = await ktriage(["diff", "@last", "-", "--state", state.path], { stdin: newer });
  assert.deepEqual([told.code, told.stdout], [1, ""]);
  assert.match(told.stderr, /Cannot use standard input as a snapshot: a newer ktriage wrote it \(ktriage\.snapshot\/2/);
  const other = await ktriage(["diff", "@last", "-", "--state", state.path], { stdin: "{}" });
  assert.match(other.stderr, /it does not say "schema": "ktriage\.snapshot\/1"/);
  const empty = await ktriage(["diff", "@last", "-", "--state", state.path], { stdin: "\n" });
  assert.match(empty.stderr, /Cannot use standard input as a snapshot: it is empty\./);
  const one = await ktriage(["diff", "@last", "--state", state.path]);
  assert.equal(one.code, 2);
  const moment = await ktriage(["diff", "@yesterday", "@last", "--state", state.path]);
  assert.match(moment.stderr, /Cannot understand @yesterday: a moment is @last/);
});

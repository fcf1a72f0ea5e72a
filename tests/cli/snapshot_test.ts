import assert from "node:assert/strict";
import { Options } from "../../src/cli/arguments.ts";
import { durationFrom } from "../../src/cli/duration.ts";
import { isFailure, isNews } from "../../src/cli/snapshot.ts";
import { snapshotOptions, stateDir } from "../../src/cli/snapshot_options.ts";
import { scheduleText } from "../../src/cli/snapshot_schedule.ts";
import { assertGolden } from "../support/golden.ts";
import { keptWriter } from "../support/writer.ts";

function asked(values: Readonly<Record<string, string>> = {}) {
  const options = new Options(new Map(Object.entries(values).map(([name, value]) => [name, [value]])));
  return snapshotOptions({ positionals: [], options, writer: keptWriter().writer });
}

Deno.test("durationFrom() takes times as people write them, and nothing else", () => {
  const range = { min_ms: 100, max_ms: 600_000 };
  const of = (text: string) => durationFrom(new Options(new Map([["window", [text]]])), "window", range);
  for (
    const [text, ms] of [["10s", 10_000], ["10", 10_000], ["500ms", 500], ["1.5s", 1500], ["2m", 120_000]] as const
  ) {
    assert.equal(of(text), ms);
  }
  for (const text of ["", "s", "-1s", "10 s", "1e3", "0x10", "99ms", "11m", "ten", "10s5", "Infinity"]) {
    assert.throws(() => of(text), /it takes a time such as 10s, 500ms or 2m, from 100ms to 10m\./, text);
  }
  assert.equal(durationFrom(new Options(new Map()), "window", range), undefined);
});

Deno.test("snapshotOptions() has defaults that suit cron, and refuses what does not go together", () => {
  const { window_ms, timeout_ms, jitter_ms, output, tools } = asked();
  assert.deepEqual([window_ms, timeout_ms, jitter_ms, output, tools], [10_000, 60_000, 0, "page", "run"]);
  assert.equal(asked({ window: "2m" }).timeout_ms, 170_000);
  assert.equal(asked({ case: "/tmp/a.ktz", state: "/s" }).diagnose_on, "warning", "--case alone");
  assert.equal(asked({ diagnose: "on-critical", state: "/s" }).diagnose_on, "critical");
  for (
    const [values, problem] of [
      [{ check: "", json: "" }, /JSON at once/],
      [{ window: "10s", timeout: "10s" }, /--timeout must be longer than --window/],
      [{ diagnose: "on-warning", state: "none" }, /without a state directory/],
      [{ diagnose: "on-warning", state: "/s", check: "" }, /monitoring waits/],
      [{ "fail-on": "warning", check: "" }, /exit code of a check/],
      [{ "fail-on": "change", state: "none" }, /a change without a state/],
      [{ html: "-" }, /the name of a file/],
      [{ prom: "" }, /the name of a file/],
      [{ state: "" }, /without a name/],
    ] as const
  ) assert.throws(() => asked(values), problem);
});

Deno.test("stateDir() is root's own, and nobody else's by default", () => {
  assert.equal(stateDir(undefined, 0), "/var/lib/ktriage");
  assert.equal(stateDir(undefined, 1000), undefined);
  assert.equal(stateDir("/srv/k", 1000), "/srv/k");
  assert.equal(stateDir("none", 0), undefined);
});

Deno.test("--quiet prints what is not OK, and once that it is OK again", () => {
  for (const verdict of ["warning", "critical", "unknown"] as const) {
    for (const last of [undefined, "ok", verdict] as const) assert.ok(isNews(verdict, last));
    assert.ok(isNews("ok", verdict));
  }
  assert.ok(!isNews("ok", "ok"));
  assert.ok(!isNews("ok", undefined), "without a past");
});

Deno.test("--fail-on fails on its verdict and what is graver, on not knowing, or on a change", () => {
  const fails = (["ok", "warning", "critical", "unknown"] as const).map((
    verdict,
  ) => (["warning", "critical", "change", undefined] as const).map((fail_on) => isFailure(verdict, "ok", fail_on)));
  assert.deepEqual(fails, [
    [false, false, false, false],
    [true, false, true, false],
    [true, true, true, false],
    [true, true, true, false],
  ]);
  assert.ok(!isFailure("critical", "critical", "change"));
  assert.ok(!isFailure("critical", undefined, "change"), "without a past");
});

Deno.test("scheduleText() reads as recorded, with the options that were given", () => {
  const given = {
    ...asked({ window: "30s", state: "/srv/it's 100%", html: "/srv/$x/host page.html", diagnose: "on-critical" }),
  };
  const program = "/usr/local/bin/ktriage";
  const plain = { ...asked({ state: "/var/lib/ktriage" }) };
  assertGolden("snapshot_cron", scheduleText("cron", plain, program) + scheduleText("cron", given, program));
  assertGolden("snapshot_timer", scheduleText("timer", plain, program) + scheduleText("timer", given, program));
});

Deno.test("in a unit % is doubled everywhere, $ only in arguments: systemd reads no variables in a program's path", () => {
  const unit = scheduleText("timer", asked({ html: "/srv/$x 5%.html", state: "/var/lib/ktriage" }), "/opt/5% off/k$");
  const [, line] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  assert.equal(line, `"/opt/5%% off/k$" snapshot --quiet "--html=/srv/$$x 5%%.html"`);
});

Deno.test("the line for cron does in a shell what was asked for", async () => {
  const given = asked({ state: "/srv/it's 100%", html: "/srv/$x/host `page`.html" });
  const line = scheduleText("cron", given, "/bin/ktriage").split("\n").find((each) => each.startsWith("*/5 ")) ?? "";
  // what cron does: the part up to a plain %, without the backslashes before the others
  const command = line.replace(/^(?:\S+ ){7}/, "").split(/(?<!\\)%/)[0]!.replaceAll("\\%", "%");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\n' ${command}`] }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).trimEnd().split("\n"), [
    "snapshot",
    "--quiet",
    "--jitter=30s",
    "--state=/srv/it's 100%",
    "--html=/srv/$x/host `page`.html",
  ]);
});

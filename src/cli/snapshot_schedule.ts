/** `--print-cron` and `--print-timer`: what an administrator puts in place, with the options that were given. */
import { ownProgram } from "../kernel/host/itself.ts";
import { DEFAULT_STATE_DIR } from "../snapshot/baseline/mod.ts";
import type { SnapshotOptions } from "./snapshot_options.ts";

const EVERY_MIN = 5;
/** So that a hundred hosts do not start in the same second. */
const JITTER_MS = 30_000;
/** systemd ends what is left then: the snapshot's own limits come long before. */
const STOP_BESIDE_S = 60;
/** A diagnosis may follow, within its own limits. */
const DIAGNOSIS_S = 1200;
/** Of a snapshot, its helpers and its page cache; a snapshot itself stays below 120 MB. */
const MEMORY_MAX = "512M";

/** @throws {Error} this ktriage has no file that others could start */
export function scheduleText(kind: "cron" | "timer", asked: SnapshotOptions, program = ownProgram()): string {
  return kind === "cron" ? cronText(asked, program) : timerText(asked, program);
}

function cronText(asked: SnapshotOptions, program: string): string {
  // cron ends a line at a plain % and reads the rest as standard input
  const line = words(program, { ...asked, jitter_ms: asked.jitter_ms || JITTER_MS }).map(shellWord).join(" ")
    .replaceAll("%", "\\%");
  return [
    "# ktriage: a health snapshot; mail comes only when something is wrong or well again.",
    "# Put this into /etc/cron.d/ktriage (mode 0644, owner root).",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "#MAILTO=you@example.org",
    `*/${EVERY_MIN} * * * * root ${line}`,
    "",
  ].join("\n");
}

function timerText(asked: SnapshotOptions, program: string): string {
  const stop_s = Math.ceil((asked.timeout_ms + asked.jitter_ms) / 1000) + STOP_BESIDE_S +
    (asked.diagnose_on === undefined ? 0 : DIAGNOSIS_S);
  const state = asked.state_dir === DEFAULT_STATE_DIR ? ["StateDirectory=ktriage", "StateDirectoryMode=0700"] : [];
  return [
    "# /etc/systemd/system/ktriage-snapshot.service",
    "[Unit]",
    "Description=ktriage health snapshot",
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${unitLine(words(program, asked))}`,
    ...state,
    `TimeoutStartSec=${stop_s}`,
    `MemoryMax=${MEMORY_MAX}`,
    "Nice=10",
    "IOSchedulingClass=idle",
    "",
    "# /etc/systemd/system/ktriage-snapshot.timer",
    "[Unit]",
    `Description=ktriage health snapshot every ${EVERY_MIN} minutes`,
    "",
    "[Timer]",
    `OnCalendar=*:0/${EVERY_MIN}`,
    `RandomizedDelaySec=${JITTER_MS / 1000}`,
    "AccuracySec=1s",
    "",
    "[Install]",
    "WantedBy=timers.target",
    "",
    "# Then: systemctl daemon-reload && systemctl enable --now ktriage-snapshot.timer",
    "# What it says: journalctl -u ktriage-snapshot",
    "",
  ].join("\n");
}

/** The command line, with what differs from the defaults. */
function words(program: string, asked: SnapshotOptions): readonly string[] {
  const given: readonly (readonly [string, string | undefined])[] = [
    ["--window", asked.window_ms === 10_000 ? undefined : time(asked.window_ms)],
    ["--timeout", asked.timeout_ms === asked.window_ms + 50_000 ? undefined : time(asked.timeout_ms)],
    ["--jitter", asked.jitter_ms === 0 ? undefined : time(asked.jitter_ms)],
    ["--state", asked.state_dir === DEFAULT_STATE_DIR ? undefined : absolute(asked.state_dir) ?? "none"],
    ["--resolve", asked.resolve],
    ["--html", absolute(asked.html)],
    ["--prom", absolute(asked.prom)],
    ["--fail-on", asked.fail_on],
    ["--diagnose", asked.diagnose_on === undefined ? undefined : `on-${asked.diagnose_on}`],
    ["--case", absolute(asked.case_file)],
  ];
  return [
    program,
    "snapshot",
    "--quiet",
    ...(asked.output === "page" ? [] : [`--${asked.output}`]),
    ...(asked.tools === "run" ? [] : ["--no-tools"]),
    ...given.flatMap(([name, value]) => value === undefined ? [] : [`${name}=${value}`]),
  ];
}

/** cron and systemd start it elsewhere. */
function absolute(path: string | undefined): string | undefined {
  return path === undefined || path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

function time(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** systemd.service(5): variables, and so a doubled $, are read in arguments only, not in the program's path. */
function unitLine([program = "", ...args]: readonly string[]): string {
  return [program, ...args.map((arg) => arg.replaceAll("$", "$$$$"))].map(unitWord).join(" ");
}

/** systemd.syntax(7): quoted, with its own escapes; % is doubled (systemd.unit(5)). */
function unitWord(word: string): string {
  const escaped = word.replaceAll("%", "%%");
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

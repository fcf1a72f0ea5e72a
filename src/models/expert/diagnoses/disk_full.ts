/** No space left: writes fail with ENOSPC or EDQUOT, or a file system is full. */
import {
  type Candidate,
  count,
  type Diagnose,
  enumerate,
  groupBy,
  processesOf,
  processNames,
  Tally,
} from "../candidate.ts";
import { type Evidence, keysOf, outputOf, programsOf, type Seen, seenOf } from "../evidence.ts";
import { numberOf, textOf } from "../fields.ts";
import { fileSystemOf, parseDf } from "../readers/tables.ts";

const CALLS = [
  "write",
  "pwrite64",
  "writev",
  "openat",
  "open",
  "mkdirat",
  "mkdir",
  "fallocate",
  "ftruncate",
  "renameat2",
];
/** From here on people call a file system full: the last percent is often reserved for root. */
const FULL_PERCENT = 99;

export const diskFull: Diagnose = (evidence) => {
  const failures = seenOf(evidence, ...CALLS).filter(({ error }) => error === "ENOSPC" || error === "EDQUOT");
  const blocks = parseDf(outputOf(evidence, "disk_space") ?? "");
  const full = [
    ...blocks.filter(isFull).map((fs) => ({ ...fs, what: "space", id: "disk_space" })),
    ...parseDf(outputOf(evidence, "disk_inodes") ?? "").filter(isFull).map((fs) => ({
      ...fs,
      what: "inodes",
      id: "disk_inodes",
    })),
  ].filter(({ mount_point }) => !isReadOnly(mount_point, evidence));
  if (failures.length === 0 && full.length === 0) return summaryOnly(evidence);

  const paths = new Tally<string>();
  const opens = groupBy(
    seenOf(evidence, "openat", "open"),
    ({ process_id, data }) => `${process_id} ${numberOf(data.ret)}`,
  );
  for (const failure of failures) {
    const path = pathOf(failure, opens);
    if (path !== undefined) paths.add(path, path);
  }
  const path = paths.entries[0]?.item;
  const holding = path === undefined ? undefined : fileSystemOf(path, blocks)?.mount_point;
  const found = full.find(({ mount_point }) => mount_point === holding) ?? (path === undefined ? full[0] : undefined);
  const isQuota = failures.some(({ error }) => error === "EDQUOT");
  const error = isQuota ? "EDQUOT" : "ENOSPC";
  const who = processesOf(failures);
  const what = found === undefined
    ? isQuota ? "A quota is used up" : "A file system has no space left"
    : `The file system at ${found.mount_point} has no ${found.what} left (${found.used_percent} % used)`;
  const effect = failures.length > 0
    ? `: ${who} failed with ${error} ${count(failures.length, "time")}${path === undefined ? "" : `, writing ${path}`}`
    : "; no write was seen failing while tracing";
  return [{
    category: "disk",
    score: (failures.length > 0 ? 75 : 50) + (found === undefined ? 0 : 15) + Math.min(5, failures.length),
    confidence: failures.length > 0 && (found !== undefined || failures.length > 3) ? "High" : "Medium",
    root_cause: `${what}${effect}.`,
    plan: planFor({ mount_point: found?.mount_point ?? holding, what: found?.what ?? (isQuota ? "quota" : "space") }),
    findings: [
      ...(failures.length > 0
        ? [{ claim: `${who} failed with ${error} ${count(failures.length, "time")}`, evidence: [...keysOf(failures)] }]
        : []),
      ...(path !== undefined
        ? [{
          claim: `what could not be written is ${path}`,
          evidence: [...new Set([...keysOf(failures), ...keysOf(openersOf(path, evidence))])],
        }]
        : []),
      ...full.map((fs) => ({
        claim: `${fs.mount_point} (${fs.device}) has ${fs.used_percent} % of its ${fs.what} used`,
        evidence: [fs.id],
      })),
    ],
    processes: processNames(failures),
    ...(path === undefined ? {} : { paths: [path] }),
  }];
};

/** Errors may be among the counts of a storm without an event that shows them. */
function summaryOnly(evidence: Evidence): readonly Candidate[] {
  const counted = programsOf(evidence, ...CALLS).flatMap((program) =>
    (program.result.aggregates?.errors ?? [])
      .filter(({ value }) => value === "ENOSPC" || value === "EDQUOT")
      .map((error) => ({ program, error }))
  );
  if (counted.length === 0) return [];
  const errors = enumerate([...new Set(counted.map(({ error }) => error.value))]);
  return [{
    category: "disk",
    score: 70,
    confidence: "Medium",
    root_cause: `A file system or quota has no space left: system calls fail with ${errors}.`,
    plan: planFor({ mount_point: undefined, what: "space" }),
    findings: counted.map(({ program, error }) => ({
      claim: `${program.watched} failed with ${error.value} ${count(error.count, "time")}`,
      evidence: [program.key],
    })),
    processes: [],
  }];
}

function planFor(
  { mount_point, what }: { readonly mount_point: string | undefined; readonly what: string },
): readonly string[] {
  const where = mount_point ?? "the full file system";
  if (what === "inodes") {
    return [
      `Find directories with very many files on ${where} (\`du --inodes -x ${
        mount_point ?? "/"
      } | sort -n | tail\`) and remove what is not needed.`,
      "Stop what creates them without end (session files, mail queues, caches).",
      "Verify: `df -i` shows free inodes, and writes succeed.",
    ];
  }
  return [
    `Find what fills ${where} (\`du -xh ${
      mount_point ?? "/"
    } | sort -h | tail\`; deleted files that are still open: \`lsof +L1\`).`,
    what === "quota"
      ? "Remove what is not needed, or raise the quota of that user."
      : `Remove or move what is not needed, or enlarge ${where}.`,
    "Set a limit on what grows (log rotation, retention), and an alert below 90 %.",
    "Verify: `df` shows free space, and writes succeed.",
  ];
}

function isFull({ used_percent }: { readonly used_percent: number }): boolean {
  return used_percent >= FULL_PERCENT;
}

function isReadOnly(mountPoint: string, { host }: Evidence): boolean {
  return host.figures.filesystems.some((fs) => fs.mount_point === mountPoint && fs.read_only);
}

/** The path of a failed call: its own, or that of the last open by this process that returned the descriptor. */
function pathOf(failure: Seen, opens: ReadonlyMap<string, readonly Seen[]>): string | undefined {
  const own = textOf(failure.data.filename) ?? textOf(failure.data.pathname);
  if (own !== undefined) return own;
  const opened = opens.get(`${failure.process_id} ${numberOf(failure.data.fd)}`) ?? [];
  return textOf(opened.findLast(({ time_us }) => time_us <= failure.time_us)?.data.filename);
}

function openersOf(path: string, evidence: Evidence): readonly Seen[] {
  return seenOf(evidence, "openat", "open").filter(({ data }) => data.filename === path);
}

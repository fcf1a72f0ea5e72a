/** A process that is killed, or crashes, again and again. */
import { type Candidate, count, type Diagnose, duration, groupBy, processesOf } from "../candidate.ts";
import { type Evidence, keysOf, type Seen, seenOf } from "../evidence.ts";
import { numberOf, signalName, textOf } from "../fields.ts";
import { namesProcess } from "../intent.ts";

/** Signals that a process sends itself through a fault. */
const CRASHES = new Set(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS", "SIGTRAP"]);
/** Ends of the same program from which on they count as a loop. */
const LOOP = 2;
const FAILED_LOOP = 3;
/** Tools whose exit status is an answer (grep, test, …): a failure of theirs is none. */
const ANSWERS_BY_STATUS =
  /^(sh|bash|dash|grep|egrep|test|\[|cmp|diff|expr|false|pgrep|pidof|systemctl|getent|cat|ls|which|timeout)$/;

export const killed: Diagnose = (evidence) => [...bySignal(evidence), ...byOom(evidence), ...byStatus(evidence)];

function bySignal(evidence: Evidence): readonly Candidate[] {
  const fatal = seenOf(evidence, "signal_generate").filter(({ data }) => {
    const signal = signalName(data.sig) ?? "";
    return (signal === "SIGKILL" || CRASHES.has(signal)) && isDelivered(data.result);
  });
  const victims = new Set(seenOf(evidence, "mark_victim").map(({ data }) => numberOf(data.pid)));
  const others = fatal.filter(({ data }) => !victims.has(numberOf(data.pid)));
  return [...groupBy(others, ({ data }) => `${signalName(data.sig)} ${textOf(data.comm) ?? ""}`).values()]
    .flatMap((group) => describeSignal(oncePerProcess(group), evidence));
}

function describeSignal(group: readonly Seen[], evidence: Evidence): readonly Candidate[] {
  const [first] = group;
  const comm = textOf(first?.data.comm);
  const signal = signalName(first?.data.sig);
  if (first === undefined || comm === undefined || signal === undefined) return [];
  const isCrash = CRASHES.has(signal);
  const isNamed = namesProcess(evidence.intent, comm);
  if (group.length < LOOP && !isCrash && !isNamed) return [];

  const pids = new Set(group.map(({ data }) => numberOf(data.pid)));
  const exits = seenOf(evidence, "sched_process_exit").filter((seen) =>
    pids.has(numberOf(seen.data.pid) ?? seen.process_id)
  );
  const lives = livesOf(exits, evidence);
  const sender = processesOf(group);
  const times = count(group.length, "time");
  const isLoop = group.length >= LOOP;
  return [{
    category: "process",
    score: Math.min(
      92,
      (isCrash ? 60 : 50) + (isLoop ? 15 : 0) + Math.min(10, group.length) + (exits.length > 0 ? 7 : 0),
    ),
    confidence: isLoop && exits.length > 0 ? "High" : "Medium",
    root_cause: isCrash
      ? `${comm} crashes${isLoop ? " again and again" : ""}: ${signal} ${times}${livesText(lives)}.`
      : `${comm} is killed${isLoop ? " again and again" : ""}: ${signal} ${times}, sent by ${sender}${
        livesText(lives)
      }.`,
    plan: isCrash
      ? [
        `Take a core dump of ${comm} (\`coredumpctl\`, or \`ulimit -c\` and core_pattern) and look at the stack; ${signal} is a fault in its own code or in a library.`,
        "Compare with its last change: a new version, library, configuration or input; go back to the last good one meanwhile.",
        `Verify: ${comm} lives on, and no ${signal} is generated.`,
      ]
      : [
        `Find out why ${sender} sends ${signal} to ${comm}: a watchdog, a limit of memory or time, a deployment script, a supervisor's stop timeout.`,
        "Correct the limit or the script; do not only restart.",
        `Verify: ${comm} lives on, and no ${signal} is generated.`,
      ],
    findings: [
      {
        claim: isCrash ? `${signal} was delivered to ${comm} ${times}` : `${sender} sent ${signal} to ${comm} ${times}`,
        evidence: [...keysOf(group)],
      },
      ...(exits.length > 0
        ? [{
          claim: `${count(exits.length, `process ${comm}`, `${comm} processes`)} that got ${signal} ended while traced`,
          evidence: [...keysOf([...group, ...exits])],
        }]
        : []),
      ...restartFinding(comm, lives, keysOf(group)),
    ],
    processes: [comm],
  }];
}

function byOom(evidence: Evidence): readonly Candidate[] {
  const victims = seenOf(evidence, "mark_victim");
  const [first] = victims;
  if (first === undefined) return [];
  const named = victims.map((seen) =>
    `${textOf(seen.data.comm) ?? "a process"} (pid ${numberOf(seen.data.pid) ?? "unknown"})`
  );
  const rss = numberOf(first.data.anon_rss);
  return [{
    category: "memory",
    score: 90,
    confidence: "High",
    root_cause: `The kernel's OOM killer killed ${
      named.slice(0, 3).join(", ")
    }: memory, or the memory limit of its cgroup, was used up (${count(victims.length, "kill")} while traced).`,
    plan: [
      "Find what uses the memory (`ps -eo pid,rss,comm --sort=-rss`), and whether a cgroup limit (memory.max) or the whole host is short.",
      "Correct the leak or the size of caches and pools, raise the limit, or add memory.",
      "Verify: oom_kill in /proc/vmstat no longer grows.",
    ],
    findings: [{
      claim: `the OOM killer marked ${named.slice(0, 5).join(", ")}${
        rss === undefined ? "" : `, the first with ${rss} kB of anonymous memory`
      }`,
      evidence: [...keysOf(victims)],
    }],
    processes: victims.flatMap(({ data }) => textOf(data.comm) ?? []),
  }];
}

/** Processes of one program that end with an error status soon after they began, again and again. */
function byStatus(evidence: Evidence): readonly Candidate[] {
  const failures = seenOf(evidence, "exit_group").filter(({ data, process_name }) =>
    (numberOf(data.error_code) ?? 0) !== 0 && !ANSWERS_BY_STATUS.test(process_name)
  );
  return [...groupBy(failures, ({ process_name, data }) => `${process_name} ${numberOf(data.error_code)}`).values()]
    .flatMap((group): Candidate[] => {
      const [first] = group;
      if (first === undefined || group.length < FAILED_LOOP) return [];
      const status = numberOf(first.data.error_code);
      const comm = first.process_name;
      const lives = livesOf(group, evidence);
      return [{
        category: "process",
        score: Math.min(75, 50 + 3 * group.length),
        confidence: lives.length > 0 ? "High" : "Medium",
        root_cause: `${comm} ends with status ${status} again and again (${count(group.length, "time")})${
          livesText(lives)
        }.`,
        plan: [
          `Read what ${comm} says before it ends (its log, \`journalctl\`, its standard error), and run it by hand as the same user.`,
          "Correct what it complains of: configuration, a missing file, a port that is taken, a service that it needs.",
          `Verify: ${comm} lives on.`,
        ],
        findings: [
          {
            claim: `${comm} exited with status ${status} ${count(group.length, "time")}`,
            evidence: [...keysOf(group)],
          },
          ...restartFinding(comm, lives, keysOf(group)),
        ],
        processes: [comm],
      }];
    });
}

/** 0 is TRACE_SIGNAL_DELIVERED; other signals were ignored or already pending (include/trace/events/signal.h). */
function isDelivered(result: unknown): boolean {
  return result === undefined || result === "delivered" || numberOf(result) === 0;
}

interface Life {
  readonly lived_us: number;
  readonly keys: readonly string[];
}

/** Lives that began (execve) and ended while traced. */
function livesOf(ends: readonly Seen[], evidence: Evidence): readonly Life[] {
  const starts = seenOf(evidence, "execve", "sched_process_exec").filter(({ error }) => error === undefined);
  return ends.flatMap((end) => {
    const pid = numberOf(end.data.pid) ?? end.process_id;
    const start = starts.findLast((seen) => seen.process_id === pid && seen.time_us <= end.time_us);
    return start === undefined ? [] : [{ lived_us: end.time_us - start.time_us, keys: keysOf([start, end]) }];
  });
}

function livesText(lives: readonly Life[]): string {
  return lives.length < 2 ? "" : `; it is started anew and lives ${duration(median(lives))}`;
}

function restartFinding(comm: string, lives: readonly Life[], ends: readonly string[]): Candidate["findings"] {
  if (lives.length < 2) return [];
  return [{
    claim: `${comm} was started and ended ${count(lives.length, "time")} while traced, living ${
      duration(median(lives))
    } in the middle`,
    evidence: [...new Set([...lives.flatMap(({ keys }) => keys), ...ends])],
  }];
}

function median(lives: readonly Life[]): number {
  const sorted = lives.map(({ lived_us }) => lived_us).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** A signal to a group of threads, or one that is repeated, ends a process once. */
function oncePerProcess(group: readonly Seen[]): readonly Seen[] {
  return [...groupBy(group, ({ data }) => String(numberOf(data.pid))).values()].flatMap((same) => same.slice(0, 1));
}

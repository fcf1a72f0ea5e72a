/** Rows of the table (table.ts): health snapshots and what belongs to them. */
import { TOOL_NAMES } from "../probes/tools/registry.ts";
import { BTF, FILE, FILTERS, FOLDER, JSON_OUTPUT, oneOf } from "./options.ts";
import type { OptionSpec } from "./arguments.ts";
import type { SubcommandSpec } from "./subcommand.ts";
import { DIAGNOSE_ON, FAIL_ON, TOOL_ACTIONS } from "./words.ts";

const STATE: OptionSpec = {
  name: "state",
  value: "DIR",
  takes: FOLDER,
  summary: "where ktriage snapshot keeps its state (root's default: /var/lib/ktriage)",
};

/** In the order of the help. */
export const SNAPSHOT_SUBCOMMANDS: readonly SubcommandSpec[] = [
  {
    name: "snapshot",
    summary: "is this host healthy? one page: the verdict, what is wrong, the figures",
    operands: "",
    examples: [
      { command: "sudo ktriage snapshot", about: "ten seconds of looking, one page to read" },
      { command: "sudo ktriage snapshot --html /tmp/host.html", about: "the same as a file for a browser" },
      { command: "sudo ktriage snapshot --check", about: "a line for Nagios, Icinga and their like" },
      {
        command: "sudo ktriage snapshot --print-cron | sudo tee /etc/cron.d/ktriage",
        about: "every five minutes; mail only when something is wrong",
      },
    ],
    options: [
      { name: "window", value: "TIME", summary: "how long to look: 10s (default), 500ms, 2m" },
      JSON_OUTPUT,
      { name: "html", value: "FILE", takes: FILE, summary: "the page as one HTML file, which needs nothing else" },
      { name: "prom", value: "FILE", takes: FILE, summary: "figures for node_exporter's textfile collector (….prom)" },
      {
        name: "check",
        summary: "one line for monitoring, with figures; exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
      },
      {
        name: "state",
        value: "DIR",
        takes: FOLDER,
        summary: "where snapshots are kept and compared (root's default: /var/lib/ktriage); none: keep nothing",
      },
      {
        name: "fail-on",
        value: "WHEN",
        takes: oneOf(FAIL_ON),
        summary:
          "exit code 1 when the verdict is warning or worse, or critical (unknown counts as either), or when it has changed",
      },
      {
        name: "diagnose",
        value: "WHEN",
        takes: oneOf(DIAGNOSE_ON),
        summary: "then find the cause of the gravest finding, once an hour for each: on-warning, on-critical",
      },
      {
        name: "case",
        value: "FILE",
        takes: FILE,
        summary: "write it into a case file to be carried (ktriage ask) instead",
      },
      { name: "resolve", value: "NAME", summary: "also look this name up, and tell how long it takes" },
      { name: "no-tools", summary: "counters of the kernel alone, without eBPF programs" },
      { name: "jitter", value: "TIME", summary: "wait up to so long before, so that many hosts do not start at once" },
      { name: "timeout", value: "TIME", summary: "end after so long, whatever hangs (default: the window and 50s)" },
      { name: "print-cron", summary: "print a line for /etc/cron.d with these options; nothing is installed" },
      { name: "print-timer", summary: "print a systemd service and timer with these options; nothing is installed" },
    ],
    notes: [
      "With --quiet the page is printed only when the verdict is worse than OK or has changed: cron mails only then. A second snapshot beside a running one ends at once, with exit code 0.",
      "Exit code: 0 when there is a verdict, whichever; 1 when --fail-on says so or something could not be written, 2 wrong usage, 128 + N when signal N ended it. With --check those of monitoring plugins, also for help and wrong usage (3).",
    ],
    unknown_with: "check",
    load: async () => (await import("./snapshot.ts")).snapshotSubcommand,
  },
  {
    name: "tool",
    summary: "ready-made tools that count in the kernel: run-queue latency, system calls, DNS, drops …",
    operands: "list | run <name>",
    takes: [oneOf(TOOL_ACTIONS), oneOf(TOOL_NAMES)],
    examples: [
      { command: "ktriage tool list", about: "what there is" },
      { command: "sudo ktriage tool run run-queue-latency", about: "who waits for a CPU, and how long" },
      { command: "sudo ktriage tool run syscalls --comm 'nginx*' --duration 30s", about: "errors by call and process" },
      { command: "sudo ktriage tool run syscall-latency --json | jq .reading.tables[0]", about: "for a program" },
    ],
    options: [
      { name: "duration", short: "d", value: "TIME", summary: "how long to count: 10s (default), 500ms, 2m" },
      ...FILTERS,
      BTF,
      JSON_OUTPUT,
    ],
    notes: [
      "Each tool counts in the kernel and takes the best way that this host offers: raw tracepoints, tracepoints, perf events, or counters of /proc. Which one, and why, is said. A filter that a tool does not have is refused.",
      "Ctrl-C ends the counting and still prints what was counted; a second one leaves at once.",
      "Exit code: 0 when it counted, 1 when it could not, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./tool.ts")).toolSubcommand,
  },
  {
    name: "history",
    summary: "what became of this host's figures: a line each, or one as a plot",
    operands: "[metric]",
    examples: [
      { command: "sudo ktriage history", about: "all figures of the last week" },
      { command: "sudo ktriage history memory.available_bytes --since 30d", about: "one of them, drawn" },
      { command: "sudo ktriage history block", about: "those of one area" },
      {
        command: "sudo ktriage history network.receive_bytes_per_s:eth0 --json",
        about: "one interface, for a program",
      },
    ],
    options: [
      { name: "since", value: "SPAN", summary: "how far back: 90m, 12h, 7d (default), at most 90d is kept" },
      STATE,
      JSON_OUTPUT,
    ],
    notes: [
      "Up to three days are shown by single snapshots, longer spans by hours: the median as a point, the levels that were kept for half an hour as a line.",
      "Exit code: 0, 1 when there is no state or it cannot be read, 2 wrong usage.",
    ],
    load: async () => (await import("./history.ts")).historySubcommand,
  },
  {
    name: "diff",
    summary: "two snapshots side by side, of this host or of two: what is new, worse, gone, changed",
    operands: "<before> <after>",
    takes: [FILE, FILE],
    examples: [
      { command: "sudo ktriage diff @2h @last", about: "what changed in two hours" },
      { command: "ktriage diff good.json bad.json", about: "two files of ktriage snapshot --json, also of two hosts" },
      {
        command: "sudo ktriage snapshot --json | ktriage diff before.json - --fail-on warning",
        about: "after a release: exit code 1 when anything is worse",
      },
    ],
    options: [
      {
        name: "fail-on",
        value: "WHAT",
        takes: oneOf(FAIL_ON),
        summary:
          "exit code 1: a new or worse finding of at least warning or critical; change: any difference of weight",
      },
      STATE,
      JSON_OUTPUT,
    ],
    notes: [
      "@last is the snapshot that was kept last, @2h the last one that is at least two hours old. All are kept for two days, then the first of each hour.",
      "Exit code: 0, 1 when --fail-on says so or a snapshot cannot be read, 2 wrong usage.",
    ],
    load: async () => (await import("./diff.ts")).diffSubcommand,
  },
];

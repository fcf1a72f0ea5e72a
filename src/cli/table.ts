/** Every subcommand: its help, its options, and where its code is. */
import {
  ACCEPT_EDITS,
  ATTENDANCE,
  BTF,
  DRY_RUN,
  FILE,
  FILTERS,
  FOLDER,
  GATEWAY,
  HANDS,
  JSON_OUTPUT,
  MAX_BYTES,
  MAX_CPU,
  oneOf,
  POLICY,
  PRIVATE,
  RATE,
  RECORD,
  REDACT,
  SHOW_OUTBOUND,
} from "./options.ts";
import type { SubcommandSpec } from "./subcommand.ts";
import { LISTED_TYPES } from "../probes/listed_types.ts";
import { AGGREGATES } from "../protocol/limits.ts";
import { CASE_SUBCOMMANDS } from "./table_case.ts";
import { GATEWAY_SUBCOMMANDS } from "./table_gateway.ts";
import { OWN_SUBCOMMANDS } from "./table_own.ts";
import { RECORD_SUBCOMMANDS } from "./table_records.ts";
import { SNAPSHOT_SUBCOMMANDS } from "./table_snapshot.ts";
import { POLICY_ACTIONS, PROBE_ACTIONS } from "./words.ts";

/** In the order of the help. */
export const SUBCOMMANDS: readonly SubcommandSpec[] = [
  {
    name: "diagnose",
    summary: "find out what is wrong with this host",
    operands: "[issue]|-",
    examples: [
      {
        command: `sudo ktriage diagnose "application randomly fails to connect to its database"`,
        about: "the built-in expert asks, ktriage looks",
      },
      {
        command: `sudo NANNYAPI_ENDPOINT=http://gateway:3000/openai/v1 \\
       NANNYAPI_MODEL=tensorzero::function_name::diagnose_and_heal \\
       ktriage diagnose "the disk fills up"`,
        about: "the AI behind a gateway asks",
      },
      { command: "sudo ktriage diagnose --json - < ticket.txt > run.json", about: "from a file, for a program" },
    ],
    options: [
      JSON_OUTPUT,
      ...GATEWAY,
      { name: "max-rounds", value: "N", summary: "questions and answers at most, 1 to 50 (default 8)" },
      {
        name: "max-time",
        value: "SECONDS",
        summary: "to the answer at most (default 3600); before, the AI is told to conclude",
      },
      { name: "max-tokens", value: "N", summary: "of all questions and answers together (default: no bound)" },
      REDACT,
      SHOW_OUTBOUND,
      DRY_RUN,
      RECORD,
      {
        name: "resume",
        value: "DIR",
        takes: FOLDER,
        summary: "go on with the run that this folder recorded, from where it ended",
      },
      ...ATTENDANCE,
      ...HANDS,
    ],
    notes: [
      "Without an endpoint and a model the built-in expert answers: nothing leaves this host. With them, passwords, keys and tokens are replaced by placeholders such as <secret:1> in all that leaves; names and addresses that --redact takes out are put back in what the AI asks for and answers.",
      "Commands are only run when they only read, and eBPF programs only watch. Ctrl-C ends tracing and still reports; a second one leaves at once.",
      "On a terminal ktriage asks for an issue that was not given, and shows the plan of each turn. The plan runs at once, or with --interactive when you say so. Enter opens a menu at any time: s skips what waits or runs, h tells the AI something in your words, q ends with the best answer so far. After the report, ask on in the same episode. Nothing is asked in a pipe, or with --json, --quiet or --batch; --approve asks wherever there is a terminal.",
      "Exit code: 0 with a resolution, 1 without one, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./diagnose.ts")).diagnoseSubcommand,
  },
  {
    name: "trace",
    summary: "watch one tracepoint or function: events as they come, then the summary",
    operands: "<target>",
    takes: [{ kind: "target" }],
    examples: [
      { command: "sudo ktriage trace syscalls/sys_enter_connect", about: "who connects where, for 15 seconds" },
      { command: "sudo ktriage trace openat --comm 'nginx*' --duration 60", about: "files that nginx opens" },
      { command: "sudo ktriage trace sched/sched_process_exit --json | jq .process_name", about: "JSON lines" },
      {
        command: "sudo ktriage trace kretprobe:vfs_read --comm 'postgres*' --aggregate latency",
        about: "how long reads take, as a histogram",
      },
      {
        command: "sudo ktriage trace kprobe:tcp_connect --capture sk.__sk_common.skc_dport:be16",
        about: "any field of any argument",
      },
      {
        command: "sudo ktriage trace uprobe:libc:getaddrinfo --capture arg0:str",
        about: "names that programs look up",
      },
    ],
    options: [
      { name: "duration", short: "d", value: "SECONDS", summary: "how long (default 15)" },
      ...FILTERS,
      {
        name: "capture",
        value: "FIELD",
        summary:
          "read this as well: sk.__sk_common.skc_dport:be16, ret, arg0:str; of a tracepoint, show only this field. " +
          "Up to 8 times",
      },
      {
        name: "aggregate",
        value: "WHAT",
        takes: oneOf(AGGREGATES),
        summary: "numbers instead of events: count (who, how often), latency (a histogram of every call)",
      },
      RATE,
      MAX_CPU,
      BTF,
      { name: "json", summary: "an event a line as JSON, the summary as the last line" },
    ],
    notes: [
      "A target is a tracepoint (sched/sched_switch), a system call (openat), kprobe:, kretprobe:, fentry: or fexit: with a function of the kernel, raw_tracepoint: with a tracepoint, uprobe: or uretprobe: with a file and a function (libc:malloc, /usr/sbin/nginx:main, 812:main).",
      "Ctrl-C ends tracing and still prints the summary; a second one leaves at once.",
      "Exit code: 0 when it traced, 1 when it could not, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./trace.ts")).trace,
  },
  {
    name: "run",
    summary: "run one request of an AI and print the results that would go back",
    operands: "<request.json>|<case.ktz>|-",
    takes: [FILE],
    examples: [
      { command: "sudo ktriage run request.json > results.json", about: "a request that was carried here as a file" },
      {
        command: `echo '{"response_type": "diagnostic", "commands":
       [{"id": "disk", "command": "df -h"}]}' | ktriage run -`,
        about: "one command",
      },
      { command: "sudo ktriage run case.ktz", about: "what a model asks for in a case; the results go into the file" },
    ],
    options: [
      { name: "json", summary: "JSON; of a request it prints nothing else in any case" },
      { name: "keep-secrets", summary: "print passwords, keys and tokens as they are, not as <secret:1>" },
      PRIVATE,
      MAX_BYTES,
      ACCEPT_EDITS,
      RECORD,
      ...HANDS,
    ],
    notes: [
      "The request is a diagnostic reply (ktriage schema reply), the output a results document (ktriage schema results). A case (ktriage collect) is known by its schema: its request is run once, and where it stands is printed.",
      "Exit code: 0 when the request was run, even where single commands or programs failed (their results say so), 1 when it could not be run, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./run.ts")).runSubcommand,
  },
  ...CASE_SUBCOMMANDS,
  {
    name: "probes",
    summary: "what a request would be attached to here, and what can be probed",
    operands: "resolve <target> | list [pattern]",
    takes: [oneOf(PROBE_ACTIONS), { kind: "target" }],
    examples: [
      { command: "sudo ktriage probes resolve kprobe:do_fork", about: "every way to it, tried" },
      { command: "sudo ktriage probes list 'tcp*'", about: "functions with arguments, tracepoints with fields" },
      { command: "ktriage probes list 'uprobe:libc:*addrinfo'", about: "functions of a library or a program" },
    ],
    options: [
      {
        name: "type",
        value: "TYPE",
        takes: oneOf(LISTED_TYPES),
        summary: "list only tracepoint, raw_tracepoint, kprobe, fentry, uprobe …",
      },
      BTF,
      JSON_OUTPUT,
    ],
    notes: [
      "resolve attaches a program that counts nothing for a moment: what the kernel takes is found out by asking it.",
      "Exit code: 0 when the target can be attached, or something matches; 1 when not, 2 wrong usage.",
    ],
    load: async () => (await import("./probes.ts")).probes,
  },
  {
    name: "policy",
    summary: "what a command of an AI would be answered, and why",
    operands: "explain <line>|- | list",
    takes: [oneOf(POLICY_ACTIONS)],
    examples: [
      {
        command: "ktriage policy explain 'sudo tail -f /var/log/syslog | grep -i error'",
        about: "the verdict and tree",
      },
      { command: "ktriage policy explain --json - < lines.txt", about: "a line after the other, a JSON object each" },
      { command: "ktriage policy list", about: "the programs that may run" },
    ],
    options: [
      { name: "json", summary: "JSON: one object a line of input" },
      ...POLICY,
    ],
    notes: [
      'The rules of an operator are JSON: {"schema": "ktriage.policy/1", "allow": ["strace", "docker exec"], "deny": ["find"], "allow_hosts": ["status.internal"]}. A rule is a program, a program with the words that its arguments begin with, or the id of a rule. Syntax that hides what would run cannot be allowed.',
      "Verdicts: allowed, changed (a bound is added), needs_approval (an operator is asked), refused. Nothing is run here.",
      "Exit code: 0 when there is a verdict, whatever it says, 1 when the rules cannot be read, 2 wrong usage.",
    ],
    load: async () => (await import("./policy.ts")).policy,
  },
  {
    name: "check",
    summary: "what this host allows, why not, and what ktriage does instead",
    operands: "",
    examples: [
      { command: "sudo ktriage check", about: "a table for people" },
      { command: "sudo ktriage check --json | jq .ready", about: "can eBPF programs run here?" },
      { command: "ktriage check --gateway", about: "does the gateway answer, how, and if not, why?" },
    ],
    options: [
      JSON_OUTPUT,
      {
        name: "gateway",
        summary:
          "ask the gateway one short question instead, which tells nothing of this host, and explain what is wrong",
      },
      ...GATEWAY,
      SHOW_OUTBOUND,
    ],
    notes: [
      "Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The gateway's key is read from NANNYAPI_API_KEY, or from the file that NANNYAPI_API_KEY_FILE names.",
      "Exit code: 0 when eBPF programs can run, or the gateway gave a reply that follows the contract; 1 when not, 2 wrong usage.",
    ],
    load: async () => (await import("./check.ts")).checkSubcommand,
  },
  {
    name: "self-test",
    summary: "do all that ktriage does to a kernel once, and see whether it works on this host",
    operands: "",
    examples: [
      { command: "sudo ktriage self-test", about: "what works here, what this host does not have, what fails" },
      { command: "sudo ktriage self-test --json > self-test.json", about: "to attach to a report" },
    ],
    options: [JSON_OUTPUT],
    notes: [
      "Each kind of program is loaded, attached, hit by a process that ktriage started for it, and its events are held against what that process did; a command in each sandbox tries to write; then ktriage looks for what it might have left. It takes a few seconds and needs neither network nor compiler.",
      "Exit code: 0 when everything works that this host has (ktriage check), 1 when not, or when no eBPF program can run, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./self_test.ts")).selfTestSubcommand,
  },
  ...GATEWAY_SUBCOMMANDS,
  ...SNAPSHOT_SUBCOMMANDS,
  ...RECORD_SUBCOMMANDS,
  ...OWN_SUBCOMMANDS,
];

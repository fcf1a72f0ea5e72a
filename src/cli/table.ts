/** Every subcommand: its help, its options, and where its code is. */
import {
  ACCEPT_EDITS,
  APPROVE,
  ATTENDANCE,
  BTF,
  DRY_RUN,
  FILE,
  FOLDER,
  GATEWAY,
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
import { OWN_SUBCOMMANDS } from "./table_own.ts";
import { RECORD_SUBCOMMANDS } from "./table_records.ts";
import { SNAPSHOT_SUBCOMMANDS } from "./table_snapshot.ts";
import { POLICY_ACTIONS, PROBE_ACTIONS, SOLVED } from "./words.ts";

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
      APPROVE,
      ...POLICY,
      RATE,
      MAX_CPU,
      BTF,
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
      { name: "comm", value: "NAME", summary: "only processes of this name; a prefix with * at the end" },
      { name: "pid", short: "p", value: "PID", takes: { kind: "process" }, summary: "only this process" },
      { name: "tid", value: "TID", summary: "only this thread" },
      { name: "uid", value: "UID", summary: "only processes of this user id" },
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
      APPROVE,
      ...POLICY,
      RATE,
      MAX_CPU,
      BTF,
    ],
    notes: [
      "The request is a diagnostic reply (ktriage schema reply), the output a results document (ktriage schema results). A case (ktriage collect) is known by its schema: its request is run once, and where it stands is printed.",
      "Exit code: 0 when the request was run, even where single commands or programs failed (their results say so), 1 when it could not be run, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./run.ts")).runSubcommand,
  },
  {
    name: "collect",
    summary: "without a model: gather the first evidence into a file, a case, that may leave this host",
    operands: "<issue>|-",
    examples: [
      {
        command: `sudo ktriage collect "the shop answers slowly since noon" -o case.ktz`,
        about: "then carry case.ktz to where a model can be reached: ktriage ask case.ktz",
      },
      {
        command: "sudo ktriage collect --redact all - -o case.ktz < ticket.txt",
        about: "names and addresses stay here",
      },
    ],
    options: [
      {
        name: "output",
        short: "o",
        value: "FILE",
        takes: FILE,
        summary: "the case; a file that is there already is never replaced",
      },
      PRIVATE,
      REDACT,
      MAX_BYTES,
      { name: "max-rounds", value: "N", summary: "questions and answers of the whole case, 2 to 50 (default 8)" },
      JSON_OUTPUT,
      APPROVE,
      ...POLICY,
      RATE,
      MAX_CPU,
      BTF,
    ],
    notes: [
      "The case is readable text without passwords, keys and tokens. What its placeholders stand for is in FILE.private, which must stay on this host: ktriage run needs it there.",
      "Exit code: 0 when the case is written, 1 when not, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./collect.ts")).collectSubcommand,
  },
  {
    name: "ask",
    summary: "put a case before a model: its next request, or its answer, goes into the file",
    operands: "<case.ktz>",
    takes: [FILE],
    examples: [
      { command: "ktriage ask case.ktz", about: "as NANNYAPI_ENDPOINT and NANNYAPI_MODEL say; no root needed" },
      { command: "ktriage ask --dry-run case.ktz", about: "what would leave for the gateway" },
    ],
    options: [
      JSON_OUTPUT,
      ...GATEWAY,
      {
        name: "max-rounds",
        value: "N",
        summary: "questions and answers of the whole case, 1 to 50 (default: as collected)",
      },
      REDACT,
      SHOW_OUTBOUND,
      DRY_RUN,
      ACCEPT_EDITS,
    ],
    notes: [
      "Without an endpoint and a model the built-in expert answers. Nothing is run here: ktriage run does that, on the case's host. A case that waits for its host, or has its answer, is printed and the model is not asked again.",
      "Exit code: 0 with a request or an answer in the case, 1 without, 2 wrong usage, 128 + N when signal N ended it (Ctrl-C 130).",
    ],
    load: async () => (await import("./ask.ts")).askSubcommand,
  },
  {
    name: "show",
    summary: "print a case: what it holds and what comes next, or its answer",
    operands: "<case.ktz>|-",
    takes: [FILE],
    examples: [
      { command: "ktriage show --full case.ktz | less", about: "every word of the host in it, before it leaves" },
      { command: "ktriage show --json case.ktz | jq .resolution", about: "the answer as a run's document" },
    ],
    options: [
      { name: "full", summary: "with everything that commands printed" },
      { name: "json", summary: "the run's document of a case that has its answer, else the case" },
      PRIVATE,
      ACCEPT_EDITS,
    ],
    notes: ["Exit code: 0, 1 when the case cannot be read or trusted, 2 wrong usage."],
    load: async () => (await import("./show.ts")).showSubcommand,
  },
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
  {
    name: "gateway",
    summary: "write the configuration of a TensorZero gateway that answers for ktriage",
    operands: "init <folder>",
    takes: [oneOf(["init"]), FOLDER],
    examples: [
      {
        command: "ktriage gateway init gw --provider-base http://127.0.0.1:8000/v1",
        about: "in front of a model server of your own",
      },
    ],
    options: [
      {
        name: "provider-base",
        value: "URL",
        summary: "OpenAI-compatible base of the model server (default http://127.0.0.1:11434/v1)",
      },
      { name: "provider-model", value: "NAME", summary: "the model's name there (default llama3.1)" },
      {
        name: "provider-key-env",
        value: "NAME",
        summary: "variable of the gateway's environment that holds the server's key (default: no key)",
      },
    ],
    notes: [
      "Written are tensorzero.toml, the schema of a reply, the system template, and metrics, for the function diagnose_and_heal. Nothing is overwritten.",
      "Exit code: 0 when it was written, 1 when it cannot be, 2 wrong usage.",
    ],
    load: async () => (await import("./gateway.ts")).gatewaySubcommand,
  },
  {
    name: "feedback",
    summary: "tell the gateway whether its diagnosis led to the solution",
    operands: "<run.json>|<folder>|-",
    takes: [FILE],
    examples: [
      { command: "ktriage feedback run.json --solved yes", about: "of what diagnose --json printed" },
      {
        command: 'ktriage feedback record/ --solved no --comment "it was the cable"',
        about: "of what diagnose --record kept",
      },
    ],
    options: [
      { name: "solved", value: "yes|no", takes: oneOf(SOLVED), summary: "did it lead to the solution" },
      { name: "comment", value: "TEXT", summary: "in your own words; secrets are taken out" },
      ...GATEWAY.filter(({ name }) => ["endpoint", "timeout", "ca"].includes(name)),
    ],
    notes: [
      "Only gateways that keep episodes take feedback, as TensorZero does. One without a database keeps nothing: that is said, and is no failure.",
      "Exit code: 0 when it was told, or the gateway keeps nothing; 1 when it could not be told, 2 wrong usage.",
    ],
    load: async () => (await import("./feedback.ts")).feedbackSubcommand,
  },
  ...SNAPSHOT_SUBCOMMANDS,
  ...RECORD_SUBCOMMANDS,
  ...OWN_SUBCOMMANDS,
];

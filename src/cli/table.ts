/** Every subcommand: its help, its options, and where its code is. */
import type { OptionSpec } from "./arguments.ts";
import type { SubcommandSpec } from "./subcommand.ts";

/** Options of every subcommand. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: "no-color", summary: "no colours (also: NO_COLOR, TERM=dumb)" },
  { name: "quiet", short: "q", summary: "no progress on standard error" },
  { name: "help", short: "h", summary: "show this help" },
  { name: "version", short: "V", summary: "show the version" },
];

const JSON_OUTPUT: OptionSpec = { name: "json", summary: "one JSON document on standard output" };
const RATE: OptionSpec = {
  name: "rate",
  value: "N",
  summary: "events a second that one program may emit; 0 is no bound (default 2000). Hits are counted exactly anyway",
};

const BTF: OptionSpec = {
  name: "btf",
  value: "FILE",
  summary: "types of exactly this kernel, where it has none of its own: raw BTF, or a vmlinux with a section .BTF",
};

const POLICY: readonly OptionSpec[] = [
  { name: "policy", value: "FILE", summary: "the operator's rules (default /etc/ktriage/policy.json; KTRIAGE_POLICY)" },
  {
    name: "allow",
    value: "RULE",
    summary: 'let a program run ("strace", "docker exec"), or lift a rule by its id ("curl/host"); repeatable',
  },
  { name: "deny", value: "RULE", summary: "never let it run; wins over what is allowed; repeatable" },
];
const RECORD: OptionSpec = {
  name: "record",
  value: "DIR",
  summary: "keep what was asked, judged, run, printed and sent in this new folder, readable only by you",
};
const APPROVE: OptionSpec = {
  name: "approve",
  value: "WHEN",
  summary: "ask before a command on this terminal: never, risky (default: what the policy leaves to you), all",
};

/** In the order of the help. */
export const SUBCOMMANDS: readonly SubcommandSpec[] = [
  {
    name: "diagnose",
    summary: "find out what is wrong with this host",
    operands: "<issue>|-",
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
      { name: "endpoint", value: "URL", summary: "the gateway; overrides NANNYAPI_ENDPOINT" },
      { name: "model", value: "NAME", summary: "the model or function at the gateway; overrides NANNYAPI_MODEL" },
      { name: "max-rounds", value: "N", summary: "questions and answers at most, 1 to 50 (default 8)" },
      {
        name: "redact",
        value: "LIST",
        summary: "take these out of all that leaves, beside secrets: addresses, hosts, users, or all",
      },
      { name: "show-outbound", summary: "print on standard error exactly what leaves for the gateway" },
      { name: "dry-run", summary: "print what would leave first on standard output, send nothing, and stop there" },
      RECORD,
      APPROVE,
      ...POLICY,
      RATE,
      BTF,
    ],
    notes: [
      "Without an endpoint and a model the built-in expert answers: nothing leaves this host. With them, passwords, keys and tokens are replaced by placeholders such as <secret:1> in all that leaves; names and addresses that --redact takes out are put back in what the AI asks for and answers.",
      "Commands are only run when they only read, and eBPF programs only watch. Ctrl-C ends tracing and still reports; a second one leaves at once.",
      "Exit code: 0 with a resolution, 1 without one, 2 wrong usage, 130 interrupted twice.",
    ],
    load: async () => (await import("./diagnose.ts")).diagnoseSubcommand,
  },
  {
    name: "trace",
    summary: "watch one tracepoint or function: events as they come, then the summary",
    operands: "<target>",
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
      { name: "pid", short: "p", value: "PID", summary: "only this process" },
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
        summary: "numbers instead of events: count (who, how often), latency (a histogram of every call)",
      },
      RATE,
      BTF,
      { name: "json", summary: "an event a line as JSON, the summary as the last line" },
    ],
    notes: [
      "A target is a tracepoint (sched/sched_switch), a system call (openat), kprobe:, kretprobe:, fentry: or fexit: with a function of the kernel, raw_tracepoint: with a tracepoint, uprobe: or uretprobe: with a file and a function (libc:malloc, /usr/sbin/nginx:main, 812:main).",
      "Ctrl-C ends tracing and still prints the summary; a second one leaves at once.",
      "Exit code: 0 when it traced, 1 when it could not, 2 wrong usage, 130 interrupted twice.",
    ],
    load: async () => (await import("./trace.ts")).trace,
  },
  {
    name: "run",
    summary: "run one request of an AI and print the results that would go back",
    operands: "<request.json>|-",
    examples: [
      { command: "sudo ktriage run request.json > results.json", about: "a request that was carried here as a file" },
      {
        command: `echo '{"response_type":"diagnostic","commands":[{"id":"disk","command":"df -h"}]}' | ktriage run -`,
        about: "one command",
      },
    ],
    options: [
      { name: "json", summary: "JSON, which is what it prints in any case" },
      { name: "keep-secrets", summary: "print passwords, keys and tokens as they are, not as <secret:1>" },
      RECORD,
      APPROVE,
      ...POLICY,
      RATE,
      BTF,
    ],
    notes: [
      "The request is a diagnostic reply (ktriage schema reply), the output a results document (ktriage schema results).",
      "Exit code: 0 when the request was run, even where single commands or programs failed (their results say so), 1 when it could not be run, 2 wrong usage, 130 interrupted twice.",
    ],
    load: async () => (await import("./run.ts")).runSubcommand,
  },
  {
    name: "probes",
    summary: "what a request would be attached to here, and what can be probed",
    operands: "resolve <target> | list [pattern]",
    examples: [
      { command: "sudo ktriage probes resolve kprobe:do_fork", about: "every way to it, tried" },
      { command: "sudo ktriage probes list 'tcp*'", about: "functions with arguments, tracepoints with fields" },
      { command: "ktriage probes list 'uprobe:libc:*addrinfo'", about: "functions of a library or a program" },
    ],
    options: [
      { name: "type", value: "TYPE", summary: "list only tracepoint, raw_tracepoint, kprobe, fentry, uprobe …" },
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
    ],
    options: [JSON_OUTPUT],
    notes: ["Exit code: 0 when eBPF programs can run, 1 when they cannot, 2 wrong usage."],
    load: async () => (await import("./check.ts")).checkSubcommand,
  },
  {
    name: "schema",
    summary: "the JSON Schema of a document that ktriage reads or writes",
    operands: "[name]",
    examples: [
      { command: "ktriage schema", about: "the names" },
      { command: "ktriage schema run", about: "what diagnose --json prints" },
    ],
    options: [],
    notes: ["Exit code: 0, or 2 when there is no such document."],
    load: async () => (await import("./schema.ts")).schemaSubcommand,
  },
];

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
      RATE,
    ],
    notes: [
      "Without an endpoint and a model the built-in expert answers: nothing leaves this host.",
      "Commands are only run when they only read, and eBPF programs only watch. Ctrl-C ends tracing and still reports; a second one leaves at once.",
      "Exit code: 0 with a resolution, 1 without one, 2 wrong usage, 130 interrupted twice.",
    ],
    load: async () => (await import("./diagnose.ts")).diagnoseSubcommand,
  },
  {
    name: "trace",
    summary: "watch one tracepoint: events as they come, then the summary",
    operands: "<tracepoint>",
    examples: [
      { command: "sudo ktriage trace syscalls/sys_enter_connect", about: "who connects where, for 15 seconds" },
      { command: "sudo ktriage trace openat --comm 'nginx*' --duration 60", about: "files that nginx opens" },
      { command: "sudo ktriage trace sched/sched_process_exit --json | jq .process_name", about: "JSON lines" },
    ],
    options: [
      { name: "duration", short: "d", value: "SECONDS", summary: "how long (default 15)" },
      { name: "comm", value: "NAME", summary: "only processes of this name; a prefix with * at the end" },
      { name: "pid", short: "p", value: "PID", summary: "only this process" },
      { name: "tid", value: "TID", summary: "only this thread" },
      { name: "uid", value: "UID", summary: "only processes of this user id" },
      RATE,
      { name: "json", summary: "an event a line as JSON, the summary as the last line" },
    ],
    notes: [
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
      RATE,
    ],
    notes: [
      "The request is a diagnostic reply (ktriage schema reply), the output a results document (ktriage schema results).",
      "Exit code: 0 when the request was run, even where single commands or programs failed (their results say so), 1 when it could not be run, 2 wrong usage, 130 interrupted twice.",
    ],
    load: async () => (await import("./run.ts")).runSubcommand,
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

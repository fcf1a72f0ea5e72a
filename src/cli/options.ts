/** Options that several subcommands have. */
import { APPROVAL_MODES } from "../commands/approval_modes.ts";
import { GATEWAY_KINDS } from "../models/gateway/kinds.ts";
import { CATEGORIES } from "../privacy/categories.ts";
import type { OptionSpec, Takes } from "./arguments.ts";

export const FILE: Takes = { kind: "file" };
export const FOLDER: Takes = { kind: "folder" };
/** One of these words. */
export const oneOf = (words: readonly string[]): Takes => ({ kind: "words", words });

/** Options of every subcommand. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: "no-color", summary: "no colours (also: NO_COLOR, TERM=dumb)" },
  { name: "quiet", short: "q", summary: "no progress on standard error" },
  { name: "help", short: "h", summary: "show this help" },
  { name: "version", short: "V", summary: "show the version" },
];

export const JSON_OUTPUT: OptionSpec = { name: "json", summary: "one JSON document on standard output" };
export const RATE: OptionSpec = {
  name: "rate",
  value: "N",
  summary: "events a second that one program may emit; 0 is no bound (default 2000). Hits are counted exactly anyway",
};

export const MAX_CPU: OptionSpec = {
  name: "max-cpu",
  value: "PERCENT",
  summary:
    "of one CPU: having used so much, ktriage rests from reading events (default: no bound). Hits are counted exactly " +
    "anyway, events that find no room meanwhile as lost. Start, report and an AI's commands are not bounded by it",
};

export const BTF: OptionSpec = {
  name: "btf",
  value: "FILE",
  takes: FILE,
  summary: "types of exactly this kernel, where it has none of its own: raw BTF, or a vmlinux with a section .BTF",
};

/** Whose hits count. */
export const FILTERS: readonly OptionSpec[] = [
  { name: "comm", value: "NAME", summary: "only processes of this name; a prefix with * at the end" },
  { name: "pid", short: "p", value: "PID", takes: { kind: "process" }, summary: "only this process" },
  { name: "tid", value: "TID", summary: "only this thread" },
  { name: "uid", value: "UID", summary: "only processes of this user id" },
];

/** Who answers, and the way to it. */
export const GATEWAY: readonly OptionSpec[] = [
  { name: "endpoint", value: "URL", summary: "the gateway; overrides NANNYAPI_ENDPOINT" },
  { name: "model", value: "NAME", summary: "the model or function at the gateway; overrides NANNYAPI_MODEL" },
  {
    name: "gateway-kind",
    value: "KIND",
    takes: oneOf(GATEWAY_KINDS),
    summary: "openai (chat completions) or tensorzero (/inference); default: by the endpoint's path",
  },
  { name: "timeout", value: "SECONDS", summary: "how long one answer may take (default 300)" },
  {
    name: "window",
    value: "TOKENS",
    summary: "what fits into the model's context, question and answer together; overrides NANNYAPI_WINDOW",
  },
  {
    name: "ca",
    value: "FILE",
    takes: FILE,
    summary: "trust this certificate authority (PEM) as well; overrides NANNYAPI_CA_FILE",
  },
];

export const SHOW_OUTBOUND: OptionSpec = {
  name: "show-outbound",
  summary: "print on standard error exactly what leaves for the gateway",
};

export const POLICY: readonly OptionSpec[] = [
  {
    name: "policy",
    value: "FILE",
    takes: FILE,
    summary: "the operator's rules (default /etc/ktriage/policy.json; KTRIAGE_POLICY)",
  },
  {
    name: "allow",
    value: "RULE",
    summary: 'let a program run ("strace", "docker exec"), or lift a rule by its id ("curl/host"); repeatable',
  },
  { name: "deny", value: "RULE", summary: "never let it run; wins over what is allowed; repeatable" },
];
export const RECORD: OptionSpec = {
  name: "record",
  value: "DIR",
  takes: FOLDER,
  summary: "keep what was asked, judged, run, printed and sent in this new folder, readable only by you",
};
export const REDACT: OptionSpec = {
  name: "redact",
  value: "LIST",
  takes: { kind: "words", words: [...CATEGORIES, "all"], list: true },
  summary: "take these out of all that leaves, beside secrets: addresses, hosts, users, or all",
};
export const APPROVE: OptionSpec = {
  name: "approve",
  value: "WHEN",
  takes: oneOf(APPROVAL_MODES),
  summary: "ask before a command on this terminal: never, risky (default: what the policy leaves to you), all",
};

/** What touches the host: which commands may run, and what tracing may take. */
export const HANDS: readonly OptionSpec[] = [APPROVE, ...POLICY, RATE, MAX_CPU, BTF];

export const ATTENDANCE: readonly OptionSpec[] = [
  {
    name: "interactive",
    short: "i",
    summary: "show each plan and wait for your word before it runs; otherwise it runs at once",
  },
  { name: "batch", summary: "ask nothing on this terminal but what --approve wants" },
];

export const DRY_RUN: OptionSpec = {
  name: "dry-run",
  summary: "print what would leave first on standard output, send nothing, and stop there",
};
export const PRIVATE: OptionSpec = {
  name: "private",
  value: "FILE",
  takes: FILE,
  summary: "what the case's placeholders stand for (default: beside the case, as FILE.private); stays on this host",
};
export const MAX_BYTES: OptionSpec = {
  name: "max-bytes",
  value: "N",
  summary: "size of the case's file; new results are cut to fit (default 4194304)",
};
export const ACCEPT_EDITS: OptionSpec = {
  name: "accept-edits",
  summary: "take a case that was changed by hand, for example to take something out",
};

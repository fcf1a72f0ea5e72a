/** Rows of the table (table.ts): a diagnosis as a file that is carried. */
import {
  ACCEPT_EDITS,
  DRY_RUN,
  FILE,
  GATEWAY,
  HANDS,
  JSON_OUTPUT,
  MAX_BYTES,
  PRIVATE,
  REDACT,
  SHOW_OUTBOUND,
} from "./options.ts";
import type { SubcommandSpec } from "./subcommand.ts";

/** In the order of the help. */
export const CASE_SUBCOMMANDS: readonly SubcommandSpec[] = [
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
      ...HANDS,
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
];

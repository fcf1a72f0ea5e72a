/** Rows of the table (table.ts): what is done with records of runs. */
import { FOLDER, GATEWAY, JSON_OUTPUT, REDACT, SHOW_OUTBOUND } from "./options.ts";
import type { SubcommandSpec } from "./subcommand.ts";

/** In the order of the help. */
export const RECORD_SUBCOMMANDS: readonly SubcommandSpec[] = [
  {
    name: "replay",
    summary: "a recorded run once more, from its record alone; or its evidence before another model",
    operands: "<folder>",
    takes: [FOLDER],
    examples: [
      { command: "ktriage replay record/", about: "the report that the run had" },
      {
        command: "ktriage replay record/ --model tensorzero::function_name::diagnose_and_heal_2",
        about: "another model with the same evidence: both verdicts side by side",
      },
      { command: "ktriage replay record/ --model expert", about: "what the built-in expert makes of it" },
    ],
    options: [
      JSON_OUTPUT,
      ...GATEWAY,
      { name: "from-start", summary: "the other model begins with the issue alone, not with all that was captured" },
      { name: "max-rounds", value: "N", summary: "questions and answers of the other model at most (default 4)" },
      REDACT,
      SHOW_OUTBOUND,
    ],
    notes: [
      "Nothing is run and nothing is traced, on no host: what a model asks for is answered from the record, by the same line and the same program, and everything else by an error that says so. Without --model and --endpoint nothing leaves either.",
      "Exit code: 0 with a resolution, 1 without one or with a record that cannot be read, 2 wrong usage.",
    ],
    load: async () => (await import("./replay.ts")).replaySubcommand,
  },
  {
    name: "runs",
    summary: "list recorded runs: when, what, who answered, what came out",
    operands: "[folder…]",
    takes: [FOLDER],
    examples: [
      { command: "ktriage runs", about: "those below the current folder" },
      {
        command: `ktriage runs /var/lib/triage --json |
       jq '.runs[] | select(.state == "interrupted").folder'`,
        about: "what can be resumed",
      },
    ],
    options: [JSON_OUTPUT],
    notes: [
      "States: concluded, failed (no conclusion; can be resumed), interrupted (ended from outside; can be resumed), running, broken (cannot be read; the others are listed).",
      "Exit code: 0, 1 when a folder cannot be read, 2 wrong usage.",
    ],
    load: async () => (await import("./runs.ts")).runsSubcommand,
  },
];

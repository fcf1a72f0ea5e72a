/** Rows of the table (table.ts): what ktriage tells of itself. */
import { oneOf } from "./options.ts";
import type { SubcommandSpec } from "./subcommand.ts";
import { SHELLS } from "./words.ts";

/** In the order of the help. */
export const OWN_SUBCOMMANDS: readonly SubcommandSpec[] = [
  {
    name: "completion",
    summary: "the script that completes ktriage's words in a shell",
    operands: "bash|zsh|fish",
    takes: [oneOf(SHELLS)],
    examples: [
      { command: 'eval "$(ktriage completion bash)"', about: "for this shell; into ~/.bashrc for every one" },
      {
        command: "ktriage completion zsh > ~/.zfunc/_ktriage",
        about: "a folder of fpath; or: source <(ktriage completion zsh)",
      },
      { command: "ktriage completion fish > ~/.config/fish/completions/ktriage.fish", about: "for every fish" },
    ],
    options: [],
    notes: [
      "Completed are subcommands, options, the values that options take, and targets (kprobe:tcp_…), for which the script asks ktriage completion targets PREFIX.",
      "Exit code: 0, or 2 for another shell.",
    ],
    load: async () => (await import("./completion/mod.ts")).completionSubcommand,
  },
  {
    name: "man",
    summary: "the manual page",
    operands: "",
    examples: [
      { command: "ktriage man | man -l -", about: "to read it" },
      { command: "ktriage man > /usr/local/share/man/man1/ktriage.1", about: "then: man ktriage" },
    ],
    options: [],
    notes: ["Exit code: 0, or 2 for wrong usage."],
    load: async () => (await import("./man.ts")).manSubcommand,
  },
  {
    name: "licenses",
    summary: "what is in this file: every component with its version and its licence",
    operands: "",
    examples: [
      { command: "ktriage licenses", about: "a table" },
      { command: "ktriage licenses --full | less", about: "with the texts" },
    ],
    options: [
      { name: "full", summary: "the texts of the licences, too" },
      { name: "json", summary: "one JSON document on standard output, with the texts" },
    ],
    notes: ["Exit code: 0, or 2 for wrong usage."],
    load: async () => (await import("./licenses.ts")).licensesSubcommand,
  },
  {
    name: "schema",
    summary: "the JSON Schema of a document that ktriage reads or writes",
    operands: "[name]",
    takes: [{ kind: "schema" }],
    examples: [
      { command: "ktriage schema", about: "the names" },
      { command: "ktriage schema run", about: "what diagnose --json prints" },
    ],
    options: [],
    notes: ["Exit code: 0, or 2 when there is no such document."],
    load: async () => (await import("./schema.ts")).schemaSubcommand,
  },
];

/** Rows of the table (table.ts): the gateway itself, before and after it is asked. */
import { FILE, FOLDER, GATEWAY, oneOf } from "./options.ts";
import type { SubcommandSpec } from "./subcommand.ts";
import { SOLVED } from "./words.ts";

/** In the order of the help. */
export const GATEWAY_SUBCOMMANDS: readonly SubcommandSpec[] = [
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
];

/** What a TensorZero gateway needs to answer for ktriage: its configuration, from our own schema and prompt. */
import { replySchema } from "../gateway/reply_schema.ts";
import { systemPrompt } from "../prompts.ts";

export const FUNCTION_NAME = "diagnose_and_heal";

/** What is told of an episode afterwards. Comments need no metric: every gateway takes them. */
export const METRICS = {
  solved: { type: "boolean", about: "the operator says that the diagnosis led to the solution" },
  claims_verified: { type: "float", about: "share of the claims that the captured evidence shows, 0 to 1" },
} as const;

export interface TensorzeroSetup {
  /** The OpenAI-compatible base of the model server. */
  readonly provider_base: URL;
  /** The model's name there. */
  readonly provider_model: string;
  /** The variable of the gateway's environment that holds the server's key; none by default. */
  readonly key_variable?: string | undefined;
}

export interface SetupFile {
  /** Below the folder of the configuration. */
  readonly path: string;
  readonly text: string;
}

const OWN = `functions/${FUNCTION_NAME}`;
const SCHEMA_PATH = `${OWN}/output_schema.json`;
const TEMPLATE_PATH = `${OWN}/system.minijinja`;

/** The files of a configuration; the first one is what the gateway is started with. */
export function tensorzeroFiles(setup: TensorzeroSetup): readonly SetupFile[] {
  return [
    { path: "tensorzero.toml", text: configuration(setup) },
    { path: SCHEMA_PATH, text: `${JSON.stringify(replySchema(), undefined, 2)}\n` },
    { path: TEMPLATE_PATH, text: template() },
  ];
}

function configuration({ provider_base, provider_model, key_variable }: TensorzeroSetup): string {
  const key = key_variable === undefined ? "none" : `env::${key_variable}`;
  const metrics = Object.entries(METRICS).map(([name, { type, about }]) => `
[metrics.${name}] # ${about}
type = "${type}"
level = "episode"
optimize = "max"`);
  return `# TensorZero, answering for ktriage. Written by "ktriage gateway init"; yours to change.
# Episodes and feedback are kept when the gateway's environment names a database.

[models.diagnosis]
routing = ["server"]

[models.diagnosis.providers.server]
type = "openai" # any server that speaks OpenAI's chat completions
api_base = ${quoted(provider_base.href)}
model_name = ${quoted(provider_model)}
api_key_location = "${key}" # "none", or "env::NAME": a variable of the gateway's environment

[functions.${FUNCTION_NAME}]
type = "json"
output_schema = "${SCHEMA_PATH}"

[functions.${FUNCTION_NAME}.variants.baseline]
type = "chat_completion"
model = "diagnosis"
system_template = "${TEMPLATE_PATH}"
json_mode = "on" # "strict" only for servers that take a JSON Schema with optional fields
${metrics.join("\n")}
`;
}

/** ktriage's own system message where it sends one, which is of its own version; the text is for other callers. */
function template(): string {
  return `{% if system_text %}{{ system_text }}{% else %}{% raw %}${systemPrompt()}{% endraw %}{% endif %}\n`;
}

/** A TOML basic string: JSON's is one, but for DEL, which may not stand there as it is. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

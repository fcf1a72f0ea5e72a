/** `ktriage gateway init`: the configuration of a TensorZero gateway that answers for ktriage. */
import { exists } from "../kernel/exists.ts";
import { FUNCTION_NAME, type SetupFile, tensorzeroFiles, type TensorzeroSetup } from "../models/setup/tensorzero.ts";
import { type Options, wordOf } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Where Ollama listens on this host; vLLM, llama.cpp and hosted models take another base. */
const DEFAULT_BASE = "http://127.0.0.1:11434/v1";
const DEFAULT_MODEL = "llama3.1";

/** Writes the configuration into a folder, where none of its files may exist, and says what to do next. */
export function gatewaySubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  const [action, folder, ...rest] = positionals;
  if (action === undefined) throw new UsageError("Cannot do anything with a gateway: say what. There is init.");
  wordOf(action, ["init"], `Cannot ${action} a gateway`);
  if (folder === undefined || rest.length > 0) throw new UsageError("Cannot set up a gateway: init takes one folder.");
  const setup = setupFrom(options);
  const files = tensorzeroFiles(setup);
  write(folder, files);
  writer.out(`${files.map(({ path }) => `${folder}/${path}`).join("\n")}\n`);
  for (const line of nextSteps(Deno.realPathSync(folder), setup)) writer.note(line);
  return Promise.resolve(EXIT.done);
}

function setupFrom(options: Options): TensorzeroSetup {
  const base = options.text("provider-base") ?? DEFAULT_BASE;
  const provider_base = URL.canParse(base) ? new URL(base) : undefined;
  if (provider_base === undefined || !/^https?:$/.test(provider_base.protocol)) {
    throw new UsageError(`Cannot use "${base}" as --provider-base: not an http or https URL.`);
  }
  if (provider_base.username !== "" || provider_base.password !== "") {
    throw new UsageError(
      `Cannot use a --provider-base with a user or password in it.`,
      "Name the variable of the gateway's environment that holds the key: --provider-key-env NAME",
    );
  }
  const provider_model = options.text("provider-model") ?? DEFAULT_MODEL;
  if (provider_model.trim() === "") throw new UsageError("Cannot use an empty --provider-model.");
  const key_variable = options.text("provider-key-env");
  if (key_variable !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key_variable)) {
    throw new UsageError("Cannot use that --provider-key-env: it takes the name of a variable, never the key itself.");
  }
  return { provider_base, provider_model, key_variable };
}

/** All or nothing of what can be known before. */
function write(folder: string, files: readonly SetupFile[]): void {
  const taken = files.map(({ path }) => `${folder}/${path}`).filter(exists);
  if (taken.length > 0) {
    throw new CliError(
      `Cannot set up a gateway in ${folder}: ${taken.join(", ")} ${taken.length === 1 ? "is" : "are"} there already.`,
      "Name another folder, or move them away: what you changed there is never overwritten.",
    );
  }
  try {
    for (const { path, text } of files) {
      const file = `${folder}/${path}`;
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(file, text, { createNew: true });
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot set up a gateway in ${folder}: ${why}.`, "Name a folder that you may write to.", {
      cause: error,
    });
  }
}

function nextSteps(folder: string, { provider_base, provider_model, key_variable }: TensorzeroSetup): string[] {
  const key = key_variable === undefined ? "" : ` -e ${key_variable}`;
  return [
    `The model is ${provider_model} at ${provider_base.href}; api_base, model_name and api_key_location in tensorzero.toml say so.`,
    "Next: start the gateway,",
    `  docker run --rm --network host${key} -v ${folder}:/app/config:ro tensorzero/gateway --config-file /app/config/tensorzero.toml`,
    "and try it:",
    `  export NANNYAPI_ENDPOINT=http://127.0.0.1:3000/openai/v1 NANNYAPI_MODEL=tensorzero::function_name::${FUNCTION_NAME}`,
    "  ktriage check --gateway",
  ];
}

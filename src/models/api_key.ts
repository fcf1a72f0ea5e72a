/** The gateway's key, which never stands on a command line. */
import { ModelError } from "./model.ts";

/**
 * Reads the key from `NANNYAPI_API_KEY`, else from the file that `NANNYAPI_API_KEY_FILE` names. An empty variable
 * counts as not set.
 *
 * @param variable reads a variable of the environment
 * @returns undefined when neither is set, or the file is empty
 * @throws {ModelError} the file cannot be read, or what is found cannot be a key
 */
export function readApiKey(
  variable: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string | undefined {
  const key = variable("NANNYAPI_API_KEY")?.trim() ?? "";
  const file = variable("NANNYAPI_API_KEY_FILE") ?? "";
  const fromFile = key === "" && file !== "";
  const found = fromFile ? readKeyFile(file) : key;
  if (!/^[\x21-\x7e]*$/.test(found)) {
    throw new ModelError(
      `Cannot use the gateway's key in ${fromFile ? file : "NANNYAPI_API_KEY"}: it holds blanks, line ends, or other ` +
        "characters that no key has.",
      fromFile ? "The file must hold the key alone, in one line." : "Set it to the key alone.",
    );
  }
  return found === "" ? undefined : found;
}

function readKeyFile(file: string): string {
  try {
    return Deno.readTextFileSync(file).trim();
  } catch (error) {
    throw new ModelError(
      `Cannot read the gateway's key from ${file}: ${error instanceof Error ? error.message : String(error)}`,
      "Set NANNYAPI_API_KEY_FILE to a file that this user may read.",
      { cause: error },
    );
  }
}

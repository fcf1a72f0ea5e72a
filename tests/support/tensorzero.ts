/** The real TensorZero gateway, as `scripts/setup --for test` installs it. */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface TensorzeroGateway extends AsyncDisposable {
  /** For NANNYAPI_ENDPOINT. */
  readonly openai: string;
  /** Where `/inference` and `/feedback` are. */
  readonly native: string;
}

/**
 * Starts the gateway.
 *
 * @param configuration path of its tensorzero.toml
 * @throws {Error} it does not start, with what it says
 */
export async function tensorzeroGateway(configuration: string): Promise<TensorzeroGateway> {
  const page = fileURLToPath(new URL("tensorzero_gateway.py", import.meta.url));
  const child = new Deno.Command(`${await installed()}/bin/python`, {
    args: [page, configuration],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const log = new Response(child.stderr).text();
  const addresses = await new Response(child.stdout.pipeThrough(firstLine())).text();
  if (addresses === "") {
    await child.stdin.close();
    await child.status;
    throw new Error(`The TensorZero gateway does not start with ${configuration}:\n${await log}`);
  }
  return {
    ...JSON.parse(addresses) as Pick<TensorzeroGateway, "openai" | "native">,
    async [Symbol.asyncDispose](): Promise<void> {
      await child.stdin.close(); // it serves until then
      await Promise.all([child.status, log]);
    },
  };
}

/** The scripts know where. */
async function installed(): Promise<string> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'root=$1; . "$root/scripts/common.sh"; printf %s "$tensorzero"', "sh", ROOT],
  }).output();
  return new TextDecoder().decode(stdout);
}

/** Ends after the first line, however much follows. */
function firstLine(): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(bytes, controller): void {
      const end = bytes.indexOf(10);
      controller.enqueue(end < 0 ? bytes : bytes.subarray(0, end));
      if (end >= 0) controller.terminate();
    },
  });
}

/** Which host a case belongs to. */
import { createHash } from "node:crypto";
import { readMachine } from "../kernel/host/machine.ts";

/**
 * What tells this host from others, for one case: it says nothing about the host, and is another one in another case.
 *
 * @param id of the case
 */
export async function machineFor(id: string): Promise<string> {
  const { host_id = "" } = await readMachine();
  const words = `${id} ${host_id} ${Deno.hostname()}`;
  return `sha256:${createHash("sha256").update(words).digest("hex")}`;
}

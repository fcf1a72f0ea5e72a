/** Which host this is, and which boot of it: to tell apart, not to tell. */
import type { Machine } from "../../protocol/mod.ts";
import { parseProcessStat } from "./procfs.ts";

/** A change of what the digest is made of would make every host another one. */
const PURPOSE = "ktriage record";

/**
 * The digest of machine-id(5), which itself is not to leave a host, and the boot's id.
 *
 * @param read a file's text; undefined where it cannot be read
 */
export async function readMachine(read: (path: string) => string | undefined = textOf): Promise<Machine> {
  const id = read("/etc/machine-id")?.trim() ?? "";
  const boot_id = read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  return {
    ...(/^[0-9a-f]{32}$/.test(id) ? { host_id: await digest(`${PURPOSE} ${id}`) } : {}),
    ...(boot_id === "" ? {} : { boot_id }),
  };
}

/** When a process started, in ticks since the boot; undefined when there is none with this id. */
export function startTicks(process_id: number): number | undefined {
  return parseProcessStat(textOf(`/proc/${process_id}/stat`) ?? "")?.start_ticks;
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(bytes, 0, 16).toHex();
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

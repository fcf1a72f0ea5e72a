/** What the host's system calls itself. */
import { parsePrettyName } from "./procfs.ts";

/** os-release(5): the host's own file goes before the vendor's. */
export function readOsName(): string {
  for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
    try {
      const name = parsePrettyName(Deno.readTextFileSync(path));
      if (name !== undefined) return name;
    } catch { /* not there: the next one */ }
  }
  return "Linux";
}

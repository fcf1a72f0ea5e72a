/** Names of what a ktriage makes on the host for a while, so that the next one finds what it left when it was killed. */
import { exists } from "../../kernel/exists.ts";

/** Where private folders are made for a while, in the order of preference: in memory first. */
export const TEMPORARY_ROOTS = ["/dev/shm", "/run", "/tmp", "/var/tmp"];
/** The pid namespace, the process id there, something unique. */
const NAME = /^ktriage-(\d+)-(\d+)-\w+$/;

function pidNamespace(): string {
  return /\d+/.exec(Deno.readLinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}

/** What the names of this process begin with. */
export function ownPrefix(): string {
  return `ktriage-${pidNamespace()}-${Deno.pid}-`;
}

/** Names in a directory whose ktriage is gone; those of other pid namespaces cannot be told. */
export function leftBehind(directory: string): string[] {
  const here = pidNamespace();
  return [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => {
    const [, namespace, pid] = NAME.exec(name) ?? [];
    return namespace === here && !exists(`/proc/${pid}`);
  });
}

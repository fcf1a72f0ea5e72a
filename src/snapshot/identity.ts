/** Which host a snapshot is of. */
import { containerKind, readContainerFacts } from "../kernel/host/container.ts";
import { readOsName } from "../kernel/host/os_name.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Sources } from "./collector.ts";

/** Reads what does not change while it runs; needs no privilege. */
export function readIdentity({ text }: Pick<Sources, "text">): Snapshot["host"] {
  const container = containerKind(readContainerFacts());
  return {
    hostname: Deno.hostname(),
    os: readOsName(),
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
    boot_id: bootId(text),
    ...(container === undefined ? {} : { container }),
  };
}

function bootId(text: Sources["text"]): string {
  try {
    return text("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  } catch {
    return ""; // hidden in a sandbox: the baseline then cannot tell boots apart
  }
}

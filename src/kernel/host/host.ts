/** What ktriage knows about the host before it asks anything. */
import type { Host } from "../../protocol/mod.ts";
import { readCapabilities } from "./capabilities.ts";
import { containerKind, readContainerFacts } from "./container.ts";
import { type FiguresOptions, readFigures } from "./figures.ts";
import { readOsName } from "./os_name.ts";

/** Reads everything; needs no privilege, and takes little longer than `measure_ms`. */
export async function readHost(options: FiguresOptions = {}): Promise<Host> {
  const measuring = readFigures(options);
  const capabilities = await readCapabilities();
  const container = containerKind(readContainerFacts());
  return {
    hostname: Deno.hostname(),
    os: readOsName(),
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
    ...(container === undefined ? {} : { container }),
    figures: await measuring,
    capabilities,
  };
}

/** What keeps eBPF programs from running here, told before a diagnosis. */
import { isReady } from "../kernel/host/capabilities.ts";
import type { Host } from "../protocol/mod.ts";
import type { Writer } from "./writer.ts";

/** Only the privileges where they are missing, for the rest follows from them. */
export function noteWhatIsMissing({ capabilities }: Host, writer: Writer): void {
  if (isReady(capabilities)) return;
  writer.note(writer.notePaint("yellow", "eBPF programs cannot run here; commands and /proc still tell much."));
  const missing = capabilities.filter(({ available }) => !available);
  const cause = missing.filter(({ id }) => id === "privileges");
  for (const { id, detail, fix } of cause.length > 0 ? cause : missing) {
    writer.note(`  ${id}: ${detail}`);
    if (fix !== undefined) writer.note(`    → ${fix}`);
  }
}

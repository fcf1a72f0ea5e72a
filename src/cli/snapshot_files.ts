/** `--html` and `--prom`: the snapshot as files. */
import { writeReplacing } from "../kernel/write_whole.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { SnapshotOptions } from "./snapshot_options.ts";
import type { Writer } from "./writer.ts";

/** The page tells much of a host; node_exporter runs as a user of its own. */
const HTML_MODE = 0o640, PROM_MODE = 0o644;

/** @returns whether something could not be written; the verdict is out already, and why is told */
export async function writeFiles(
  snapshot: Snapshot,
  { html, prom }: SnapshotOptions,
  writer: Writer,
): Promise<boolean> {
  let failed = false;
  const write = (path: string, text: string, mode: number): void => {
    try {
      writeReplacing(path, text, { mode });
    } catch (error) {
      failed = true;
      writer.fail(
        `Cannot write ${path}: ${error instanceof Error ? error.message : error}`,
        "The verdict stands; the file is as it was before. Name another place, or make room there.",
      );
    }
  };
  if (html !== undefined) {
    const { snapshotHtml } = await import("../report/snapshot/html.ts");
    write(html, snapshotHtml(snapshot), HTML_MODE);
  }
  if (prom !== undefined) {
    const { promText } = await import("../report/snapshot/prom.ts");
    write(prom, promText(snapshot), PROM_MODE);
  }
  return failed;
}

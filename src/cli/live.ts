/** What a diagnosis does, on standard error while it does it. */
import type { OnProgress } from "../agent/progress.ts";
import { count } from "../report/layout.ts";
import { progressLines, type ProgressOptions } from "../report/progress.ts";
import type { Writer } from "./writer.ts";

/** Often enough to look alive. */
const REDRAW_MS = 200;
/** Of which nothing was shown yet. */
const NONE = { bytes: 0, shown_at: -Infinity };

/** Prints progress; an answer that comes in parts is a line that grows, on a terminal. */
export function liveProgress(writer: Writer, options: ProgressOptions = {}): OnProgress {
  const paint = writer.notePaint;
  let answer = NONE;
  return (progress) => {
    if (progress.kind === "text") {
      const bytes = answer.bytes + new TextEncoder().encode(progress.part).length;
      const due = performance.now() - answer.shown_at >= REDRAW_MS;
      if (due) writer.status(`  the model answers: ${sizeText(bytes)}`);
      answer = { bytes, shown_at: due ? performance.now() : answer.shown_at };
      return;
    }
    answer = NONE;
    writer.status(undefined);
    progressLines(progress, paint, options).forEach((line) => writer.note(line));
  };
}

function sizeText(bytes: number): string {
  return bytes < 1000 ? count(bytes, "byte") : `${(bytes / 1000).toFixed(1)} kB`;
}

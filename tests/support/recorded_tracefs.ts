/** A directory laid out like another kernel's tracefs, from its recorded formats. */
import type { TracefsRoot } from "../../src/kernel/tracefs_files.ts";
import { type RecordedKernel, recordedTexts } from "../kernel/recorded_formats.ts";

export class RecordedTracefs implements TracefsRoot, Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "ktriage-tracefs-" });

  constructor(kernel: RecordedKernel) {
    const texts = recordedTexts(kernel);
    for (const [event, text] of texts) this.add(event, text);
    Deno.writeTextFileSync(`${this.root}/available_events`, [...texts.keys(), ""].join("\n"));
  }

  /** An event, `category:name`, with the text of its format file. */
  add(event: string, format: string): void {
    const directory = `${this.root}/events/${event.replace(":", "/")}`;
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${directory}/format`, format);
    Deno.writeTextFileSync(`${directory}/id`, `${/^ID: (\d+)$/m.exec(format)?.[1]}\n`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

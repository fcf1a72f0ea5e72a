/** A directory laid out like another kernel's tracefs, from its recorded formats. */
import type { TracefsRoot } from "../../src/kernel/tracing/tracefs_files.ts";
import { type RecordedKernel, recordedTexts } from "../kernel/recorded_formats.ts";

export class RecordedTracefs implements TracefsRoot, Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "ktriage-tracefs-" });

  constructor(kernel: RecordedKernel) {
    const texts = recordedTexts(kernel);
    for (const [event, text] of texts) this.add(event, text);
    for (const enter of [...texts.keys()].filter((name) => name.startsWith("syscalls:sys_enter_"))) {
      const call = enter.slice("syscalls:sys_enter_".length);
      if (texts.has(`syscalls:sys_exit_${call}`)) continue;
      // one return was recorded: they differ in name and number only
      const text = texts.get("syscalls:sys_exit_openat") ?? "";
      this.add(`syscalls:sys_exit_${call}`, text.replace("sys_exit_openat", `sys_exit_${call}`));
    }
  }

  /** An event, `category:name`, with the text of its format file. */
  add(event: string, format: string): void {
    const directory = `${this.root}/events/${event.replace(":", "/")}`;
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${directory}/format`, format);
    Deno.writeTextFileSync(`${this.root}/available_events`, `${event}\n`, { append: true });
    Deno.writeTextFileSync(`${directory}/id`, `${/^ID: (\d+)$/m.exec(format)?.[1]}\n`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

const shared = new Map<RecordedKernel, RecordedTracefs>();

/** One for all tests of a file that only read it. */
export function recordedTracefs(kernel: RecordedKernel): TracefsRoot {
  let tracefs = shared.get(kernel);
  if (tracefs === undefined) shared.set(kernel, tracefs = new RecordedTracefs(kernel));
  return tracefs;
}

globalThis.addEventListener("unload", () => {
  for (const tracefs of shared.values()) tracefs[Symbol.dispose]();
});

/**
 * Records what the collectors read on a host, as a document for tests/data/snapshot/:
 *
 *   scripts/vm 5.10 'deno run -A tests/support/record_snapshot.ts' > recorded.json
 *
 * Look at what it holds before it is kept: names of processes, mounts and messages of the kernel are in it.
 */
import { COLLECTORS } from "../../src/snapshot/collectors/mod.ts";
import type { Sources } from "../../src/snapshot/collector.ts";
import { hostSources } from "../../src/snapshot/sources.ts";
import type { RecordedHost, RecordedMoment } from "../snapshot/recorded.ts";

const WINDOW_S = 2;

/** Answers of `sources`, kept as they come; what was thrown is kept as its message. */
function recording(sources: Sources, into: () => RecordedMoment): Sources {
  const kept = <T>(name: keyof RecordedMoment, key: string, read: () => T): T => {
    const answers = into()[name] as Record<string, unknown>;
    try {
      const answer = read();
      if (answer instanceof Promise) {
        void answer.then((value) => answers[key] = value, (error) => answers[key] = { throws: String(error) });
      } else answers[key] = answer;
      return answer;
    } catch (error) {
      answers[key] = { throws: String(error) };
      throw error;
    }
  };
  return {
    text: (path) => kept("text", path, () => sources.text(path)),
    bytes: (path) => sources.bytes(path),
    names: (path) => kept("names", path, () => sources.names(path)),
    folders: (path) => kept("folders", path, () => sources.folders(path)),
    link: (path) => kept("link", path, () => sources.link(path)),
    facts: (path) => kept("facts", path, () => sources.facts(path)),
    space: (mount) => kept("space", mount.mount_point, () => sources.space(mount)),
    output: (command) => kept("output", command.join(" "), () => sources.output(command)),
    clock: () => kept("clock", "", () => sources.clock()),
    now: () => sources.now(),
  };
}

function empty(): RecordedMoment {
  return { text: {}, names: {}, folders: {}, link: {}, facts: {}, space: {}, output: {}, clock: {} };
}

const host: RecordedHost = { now_ms: Date.now(), window_s: WINDOW_S, start: empty(), end: empty() };
let moment = host.start;
const sources = recording(hostSources(), () => moment);
const ends = [];
for (const { start } of COLLECTORS) ends.push(await start(sources).catch(() => undefined));
await new Promise((resolve) => setTimeout(resolve, WINDOW_S * 1000));
moment = host.end;
for (const end of ends) await end?.({ window_s: WINDOW_S }).catch(() => undefined);
await new Response(`${JSON.stringify(host)}\n`).body?.pipeTo(Deno.stdout.writable);

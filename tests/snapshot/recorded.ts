/** Hosts that were recorded, and hosts that a test writes down: sources for collectors. */
import type { Collected, Collector, Ending, FileFacts, Sources, Space } from "../../src/snapshot/collector.ts";
import type { KernelClock } from "../../src/ffi/clock.ts";

type Answers<T> = Record<string, T | { readonly throws: string } | undefined>;

/** What was answered, by path; what was not asked is not there. */
export interface RecordedMoment {
  readonly text: Answers<string>;
  readonly names: Answers<readonly string[]>;
  readonly folders: Answers<readonly string[]>;
  readonly link: Answers<string>;
  readonly facts: Answers<FileFacts>;
  readonly space: Answers<Space>;
  readonly output: Answers<string>;
  readonly clock: Answers<KernelClock>;
}

export interface RecordedHost {
  readonly now_ms: number;
  readonly window_s: number;
  readonly start: RecordedMoment;
  readonly end: RecordedMoment;
}

const FOLDER = new URL("../data/snapshot/", import.meta.url);

export function recordedNames(): readonly string[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
}

export function recordedHost(name: string): RecordedHost {
  return JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER)));
}

/** Sources that answer as the host did, from the end of the window once `end()` was called. */
export function recordedSources(host: RecordedHost): { readonly sources: Sources; readonly end: () => void } {
  let moment = host.start, now_ms = host.now_ms;
  const of = <T>(name: keyof RecordedMoment, key: string): T | undefined => {
    const answer = moment[name][key] as unknown;
    if (typeof answer === "object" && answer !== null && "throws" in answer) throw new Error(String(answer.throws));
    return answer as T | undefined;
  };
  return {
    end: () => {
      moment = host.end;
      now_ms += host.window_s * 1000;
    },
    sources: {
      text: (path) => of("text", path),
      bytes: () => undefined,
      names: (path) => of("names", path) ?? [],
      folders: (path) => of("folders", path) ?? [],
      link: (path) => of("link", path),
      facts: (path) => of("facts", path),
      space: (mount) => Promise.resolve(of("space", mount.mount_point)),
      output: (command) => Promise.resolve(of("output", command.join(" "))),
      clock: () => of("clock", ""),
      now: () => now_ms,
    },
  };
}

/** Files of a host that a test writes down: texts by path, links and bytes by their kind. Folders follow from the paths. */
export type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer> | { readonly link: string } | Error>>;

export interface WrittenHost {
  readonly start: Files;
  /** What is different at the window's end. */
  readonly end?: Files;
  readonly window_s?: number;
  readonly remembered?: Ending["remembered"];
  readonly now_ms?: number;
  /** How far the clock was set forward within the window. */
  readonly jump_s?: number;
  readonly facts?: Readonly<Record<string, Partial<FileFacts>>>;
  readonly space?: Readonly<Record<string, Space | Error>>;
  /** Of every program, or by the first argument. */
  readonly output?: string | Readonly<Record<string, string>>;
  readonly clock?: KernelClock;
}

/** The files of the start, with the time since the boot as it is at the end. */
function laterUptime({ start, window_s = 10 }: WrittenHost): Files {
  const uptime = start["/proc/uptime"];
  return typeof uptime !== "string" ? start : { ...start, "/proc/uptime": `${parseFloat(uptime) + window_s} 1.00\n` };
}

export function writtenSources(host: WrittenHost): { readonly sources: Sources; readonly end: () => void } {
  let files = host.start, now_ms = host.now_ms ?? 1_700_000_000_000;
  const file = (path: string) => {
    const value = files[path];
    if (value instanceof Error) throw value;
    return value;
  };
  const below = (path: string, kind: "all" | "folders") => {
    const prefix = path.endsWith("/") ? path : `${path}/`;
    const rests = Object.keys(files).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    return [
      ...new Set(rests.filter((rest) => kind === "all" || rest.includes("/")).map((rest) => rest.split("/")[0]!)),
    ];
  };
  return {
    end: () => {
      files = { ...laterUptime(host), ...host.end };
      now_ms += ((host.window_s ?? 10) + (host.jump_s ?? 0)) * 1000;
    },
    sources: {
      text: (path) => {
        const value = file(path);
        return typeof value === "string" ? value : undefined;
      },
      bytes: (path) => {
        const value = file(path);
        return value instanceof Uint8Array ? value : undefined;
      },
      names: (path) => below(path, "all"),
      folders: (path) => below(path, "folders"),
      link: (path) => {
        const value = file(path);
        return typeof value === "object" && "link" in value ? value.link : undefined;
      },
      facts: (path) => {
        const facts = host.facts?.[path];
        if (facts === undefined && files[path] === undefined && below(path, "all").length === 0) return undefined;
        return { size_bytes: 0, modified_ms: 0, user_id: 0, ...facts };
      },
      space: ({ mount_point }) => {
        const space = host.space?.[mount_point];
        return space instanceof Error ? Promise.reject(space) : Promise.resolve(space);
      },
      output: ([, first = ""]) => Promise.resolve(typeof host.output === "object" ? host.output[first] : host.output),
      clock: () => host.clock,
      now: () => now_ms,
    },
  };
}

/** One collector over a written host. */
export async function collect(collector: Collector, host: WrittenHost): Promise<Collected> {
  const { sources, end } = writtenSources(host);
  const finish = await collector.start(sources);
  end();
  return await finish({ window_s: host.window_s ?? 10, remembered: host.remembered });
}

/** A figure's value, by its name and what it is of. */
export function figure({ figures }: Collected, name: string, of?: string): number | undefined {
  return figures.find((each) => each.name === name && each.of === of)?.value;
}

/** Findings as `id of severity`, which is what a test expects. */
export function told({ findings }: Pick<Collected, "findings">): readonly string[] {
  return findings.map(({ id, of, severity }) => [id, ...(of === undefined ? [] : [of]), severity].join(" "));
}

/** What of a host ktriage could leave behind, before and after: nothing may be added. */
import assert from "node:assert/strict";

const TEMPORARY = ["/tmp", "/var/tmp", "/dev/shm", "/run"];
/** Names of files that ktriage, its launcher or Deno could make there; those of other tests go with the tests. */
const OURS = /\/(?!ktriage-[a-z]+-)[^/]*(?:ktriage|deno|libbpf|\.bpf\.o)[^/]*$/i;
const TRACEFS = "/sys/kernel/tracing";
const CGROUPS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids"];
/** The kernel frees programs and maps after a grace period, and ends processes when they next run. */
const GRACE_MS = 5000, LOOK_MS = 50;

/** Folders that belong to one run alone, all of them empty before and after. */
export class OwnPlaces implements Disposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "clean-end-" });
  readonly home = this.#make("home");
  readonly cwd = this.#make("cwd");
  readonly temporary = this.#make("tmp");

  /** Processes that inherit them are known as the run's by it. */
  get env(): Readonly<Record<string, string>> {
    const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
    return { HOME: this.home, TMPDIR: this.temporary, DENO_DIR: `${this.home}/deno`, XDG_CACHE_HOME: cache };
  }

  /** Files that were made in them. */
  files(): string[] {
    return [this.home, this.cwd, this.temporary].flatMap(filesBelow);
  }

  /** Processes of this run that live: by what they inherited, or by the process id in their arguments. */
  processes(pid: number): string[] {
    const janitor = new RegExp(`ktriage-\\d+-${pid}-`);
    return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).flatMap(({ name }) => {
      const line = read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim();
      const ours = Number(name) === pid || janitor.test(line) || read(`/proc/${name}/environ`).includes(this.#root);
      return ours && line !== "" ? [`process ${name} ${line}`] : []; // no line: it has ended
    });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }

  #make(name: string): string {
    Deno.mkdirSync(`${this.#root}/${name}`);
    return `${this.#root}/${name}`;
  }
}

/** Everything of the host that outlives a process, a line each. */
export type Snapshot = ReadonlySet<string>;

export function snapshot(): Snapshot {
  return new Set([
    ...read("/proc/self/mountinfo").split("\n").map((line) => `mount ${line}`),
    ...TEMPORARY.flatMap(names).filter((path) => OURS.test(path)).map((path) => `file ${path}`),
    ...CGROUPS.flatMap(names).filter((path) => OURS.test(path)).map((path) => `cgroup ${path}`),
    ...names(`${TRACEFS}/instances`).map((path) => `tracefs instance ${path}`),
    ...["kprobe_events", "uprobe_events", "dynamic_events"].flatMap((file) =>
      read(`${TRACEFS}/${file}`).split("\n").map((line) => `${file} ${line}`)
    ),
    ...["prog", "map", "link"].flatMap(bpfObjects),
  ]);
}

/**
 * Fails unless the host is as it was before, within the kernel's grace period.
 *
 * @param run the process that has ended, and its places
 */
export async function assertNothingAdded(
  before: Snapshot,
  { pid, places }: { readonly pid: number; readonly places: OwnPlaces },
): Promise<void> {
  const added = (): string[] => [
    ...[...snapshot()].filter((line) => !before.has(line)),
    ...places.processes(pid),
    ...places.files(),
  ];
  const by = performance.now() + GRACE_MS;
  let left = added();
  while (left.length > 0 && performance.now() < by) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    left = added();
  }
  assert.deepEqual(left, []);
}

/** Objects that no other living process holds: those come and go on any host. */
function bpfObjects(kind: string): string[] {
  const { code, stdout } = new Deno.Command("bpftool", { args: ["-j", kind, "show"] }).outputSync();
  if (code !== 0) return [];
  const objects = JSON.parse(new TextDecoder().decode(stdout)) as readonly {
    readonly id: number;
    readonly name?: string;
    readonly pids?: readonly { readonly comm: string }[];
  }[];
  return objects.filter(({ pids = [] }) => pids.every(({ comm }) => /ktriage|deno/.test(comm)))
    .map(({ id, name = "" }) => `bpf ${kind} ${id} ${name}`);
}

function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);
  } catch {
    return []; // this host has no such place
  }
}

function filesBelow(folder: string): string[] {
  return names(folder).flatMap((path) => [`file ${path}`, ...filesBelow(path)]);
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // gone meanwhile, or not on this host
  }
}

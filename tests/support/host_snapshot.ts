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
  const added = (): string[] => {
    const processes = places.processes(pid);
    const now = snapshot(), others = heldByOthers(new Set(processes.map((line) => line.split(" ")[1] ?? "")));
    const own = [...now].filter((line) => !before.has(line) && !others.has(line) && (makerOf(line) ?? pid) === pid);
    return [...own, ...processes, ...places.files()];
  };
  const by = performance.now() + GRACE_MS;
  let left = added();
  while (left.length > 0 && performance.now() < by) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const still = new Set(added());
    left = left.filter((line) => still.has(line)); // what is new since then is another one's
  }
  assert.deepEqual(left, [], `process ${pid}`);
}

/** The ktriage whose id stands in the name of a folder or a group. */
function makerOf(line: string): number | undefined {
  const [, pid] = /\/ktriage-\d+-(\d+)-/.exec(line) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

interface BpfObject {
  readonly id: number;
  readonly name?: string;
  /** Of a program. */
  readonly map_ids?: readonly number[];
  /** Of a link. */
  readonly prog_id?: number;
}

function bpfObjects(kind: string): string[] {
  return listed(kind).map((object) => lineOf(kind, object));
}

function lineOf(kind: string, { id, name = "" }: BpfObject): string {
  return `bpf ${kind} ${id} ${name}`;
}

function listed(kind: string): readonly BpfObject[] {
  const { code, stdout } = new Deno.Command("bpftool", { args: ["-j", kind, "show"] }).outputSync();
  return code === 0 ? JSON.parse(new TextDecoder().decode(stdout)) : [];
}

/**
 * BPF objects that living processes hold, themselves or through a link or a program: on any host those come and go.
 *
 * @param ours ids of processes that do not count
 */
function heldByOthers(ours: ReadonlySet<string>): Snapshot {
  const held = new Set(
    names("/proc").filter((folder) => /\/\d+$/.test(folder) && !ours.has(folder.slice("/proc/".length)))
      .flatMap((folder) => names(`${folder}/fd`))
      .filter((fd) => /bpf|perf_event/.test(linkAt(fd)))
      .flatMap((fd) => [...read(fd.replace("/fd/", "/fdinfo/")).matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm)])
      .map(([, kind, id]) => `${kind} ${id}`),
  );
  const of = (kind: string): BpfObject[] => listed(kind).filter(({ id }) => held.has(`${kind} ${id}`));
  const links = of("link");
  for (const { prog_id } of links) held.add(`prog ${prog_id}`);
  const programs = of("prog");
  for (const { map_ids = [] } of programs) for (const id of map_ids) held.add(`map ${id}`);
  return new Set(
    Object.entries({ link: links, prog: programs, map: of("map") }).flatMap(([kind, objects]) =>
      objects.map((object) => lineOf(kind, object))
    ),
  );
}

function linkAt(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
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

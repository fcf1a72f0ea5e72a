/** Targets of uprobes, from the words of a request to the calls of a known process. */
import assert from "node:assert/strict";
import { findLibraries } from "../../src/kernel/userspace/libraries.ts";
import type { EbpfResult } from "../../src/protocol/mod.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { type ProgramRequest, traceDuring, traceOne } from "../support/tracing.ts";
import { compiled, Workload } from "../support/workload.ts";

const LIBC = Deno.realPathSync(findLibraries("libc")[0]!);
const PROGRAM = await compiled("functions");

function lookups(count: number, within: readonly string[] = []): Promise<Workload> {
  return Workload.start(["lookups", String(count)], { source: "functions", within });
}

/** Calls by process, as the result counts them. */
function countsOf({ aggregates }: EbpfResult, ...pids: readonly number[]): number[] {
  const by_process = aggregates?.by_process ?? [];
  return pids.map((pid) => by_process.find(({ process_id }) => process_id === pid)?.count ?? 0);
}

function dataOf({ events }: EbpfResult, pid: number): readonly Record<string, unknown>[] {
  return events.filter(({ process_id }) => process_id === pid).map(({ data }) => data);
}

const guests = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `guest-${i}.example`);

/** A copy of the C library: the same code, and another file. */
class LibcCopy implements Disposable {
  readonly #directory = Deno.makeTempDirSync({ prefix: "ktriage-libc-" });
  readonly path = `${this.#directory}/libc.so.6`;

  constructor() {
    Deno.copyFileSync(LIBC, this.path);
  }

  /** The start of a command line whose mount namespace has the copy in place of the C library. */
  get mounted(): readonly string[] {
    return [...PRIVATE_MOUNTS, "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", this.path, LIBC];
  }

  /** The start of a command line that loads the copy. */
  get preferred(): readonly string[] {
    return ["env", `LD_LIBRARY_PATH=${this.#directory}`];
  }

  /** What a package update does: another file in the same place. */
  replace(): void {
    Deno.copyFileSync(LIBC, `${this.path}.new`);
    Deno.renameSync(`${this.path}.new`, this.path);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

Deno.test("uprobe:libc:getaddrinfo sees each call of every process, with the name that is looked up", async () => {
  await using first = await lookups(7);
  await using second = await lookups(5);
  const request: ProgramRequest = { type: "uprobe", target: "libc:getaddrinfo", capture: ["arg0:str", "arg1:str"] };
  const result = await traceOne(request, async () => {
    assert.equal(await first.go(), 7);
    assert.equal(await second.go(), 5);
  });
  assert.deepEqual(countsOf(result, first.pid, second.pid, Deno.pid), [7, 5, 0]);
  assert.deepEqual(dataOf(result, first.pid), guests(7).map((arg0) => ({ arg0, arg1: "80" })));
  assert.match(result.attached_as ?? "", /getaddrinfo in \/\S+\/libc\.so\.6/);
});

Deno.test("a process in filter or target is the only one that is seen", async () => {
  await using wanted = await lookups(9);
  await using other = await lookups(9);
  const requests: readonly ProgramRequest[] = [
    { type: "uprobe", target: "libc:getaddrinfo", filters: { pid: wanted.pid } },
    { type: "uprobe", target: `${wanted.pid}:getaddrinfo` },
    { type: "uprobe", target: `uprobe:${wanted.pid}:libc:getaddrinfo` },
    { type: "uprobe", target: `${LIBC}:getaddrinfo`, filters: { pid: wanted.pid } },
  ];
  const results = await traceDuring(requests, async () => {
    await other.go();
    await wanted.go();
  });
  for (const [i, result] of results.entries()) {
    assert.equal(result.error, undefined);
    assert.equal(result.event_count, 9, requests[i]!.target);
    assert.deepEqual(countsOf(result, wanted.pid, other.pid), [9, 0], requests[i]!.target);
  }
});

Deno.test("a process as target is seen with all of its threads", async () => {
  await using workload = await Workload.start(["threads", "20"], { source: "functions" });
  const thread: number[] = [];
  const result = await traceOne(
    { type: "uprobe", target: `${workload.pid}:greet`, capture: ["arg0:str", "arg1"] },
    async () => void thread.push(await workload.go()),
  );
  assert.equal(result.event_count, 40);
  const by_thread = (tid: number | undefined): number =>
    result.events.filter(({ thread_id }) => thread_id === tid).length;
  assert.deepEqual([by_thread(workload.pid), by_thread(thread[0])], [20, 20]);
});

Deno.test("uretprobe gives result, latency and the arguments of each call", async () => {
  await using workload = await lookups(6);
  const result = await traceOne(
    { type: "uretprobe", target: "libc:getaddrinfo", filters: { pid: workload.pid }, capture: ["arg0:str", "ret:s32"] },
    () => workload.go(),
  );
  assert.equal(result.event_count, 6);
  for (const [i, { latency_ns, ...data }] of dataOf(result, workload.pid).entries()) {
    assert.deepEqual(data, { arg0: guests(6)[i], ret: -2 }); // EAI_NONAME
    assert.ok(Number(latency_ns) > 0);
  }
});

Deno.test("a process in another mount namespace calls its own copy of a library", async () => {
  using copy = new LibcCopy();
  await using inside = await lookups(8, copy.mounted);
  await using outside = await lookups(4);
  const requests: readonly ProgramRequest[] = [
    { type: "uprobe", target: `${inside.pid}:getaddrinfo`, capture: ["arg0:str"] },
    { type: "uprobe", target: "libc:getaddrinfo", filters: { pid: inside.pid } },
    { type: "uprobe", target: `${LIBC}:getaddrinfo`, filters: { pid: inside.pid } },
    { type: "uprobe", target: "libc:getaddrinfo" },
  ];
  const results = await traceDuring(requests, async () => {
    await inside.go();
    await outside.go();
  });
  assert.deepEqual(results.map((result) => countsOf(result, inside.pid, outside.pid)), [[8, 0], [8, 0], [8, 0], [
    0,
    4,
  ]]);
  assert.deepEqual(dataOf(results[0]!, inside.pid), guests(8).map((arg0) => ({ arg0 })));
  assert.match(results[3]!.attached_as ?? "", / of this name in use by: /);
  for (const { attached_as } of results.slice(0, 3)) {
    // in a chroot the folder of the chroot stands before it
    assert.match(attached_as ?? "", new RegExp(`getaddrinfo in \\S*${LIBC} of the process's own mount namespace`));
    assert.ok(attached_as?.includes(`/proc/${inside.pid}/root/`), attached_as);
  }
});

Deno.test("a process in a chroot calls the library that it finds there", async () => {
  const root = Deno.makeTempDirSync({ prefix: "ktriage-root-" });
  try {
    const { stdout } = await new Deno.Command("ldd", { args: [PROGRAM] }).output();
    const libraries = new TextDecoder().decode(stdout).match(/\/\S+/g) ?? [];
    for (const path of [PROGRAM, ...libraries]) {
      Deno.mkdirSync(`${root}${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.copyFileSync(path, `${root}${path}`);
    }
    await using inside = await lookups(6, ["chroot", root]);
    await using outside = await lookups(6);
    const libc = libraries.find((path) => path.includes("/libc.so"));
    const targets = [
      `${inside.pid}:getaddrinfo`,
      `${inside.pid}:libc:getaddrinfo`,
      `${inside.pid}:${libc}:getaddrinfo`,
    ];
    const results = await traceDuring(
      [...targets, "libc:getaddrinfo"].map((target) => ({ type: "uprobe", target })),
      async () => {
        await inside.go();
        await outside.go();
      },
    );
    assert.deepEqual(results.map((result) => countsOf(result, inside.pid, outside.pid)), [[6, 0], [6, 0], [6, 0], [
      0,
      6,
    ]]);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("a process keeps calling the library that it has mapped when the file is replaced", async () => {
  using copy = new LibcCopy();
  await using workload = await lookups(3, copy.preferred);
  copy.replace();
  const requests: readonly ProgramRequest[] = [
    { type: "uprobe", target: `${workload.pid}:getaddrinfo` },
    { type: "uprobe", target: `${copy.path}:getaddrinfo`, filters: { pid: workload.pid } },
    { type: "uprobe", target: `${copy.path}:getaddrinfo` }, // the new file, which nobody has mapped
  ];
  const results = await traceDuring(requests, () => workload.go());
  assert.deepEqual(results.map((result) => countsOf(result, workload.pid)), [[3], [3], [0]]);
  for (const { attached_as } of results.slice(0, 2)) {
    assert.ok(attached_as?.includes(`${copy.path}, which was deleted or replaced since it was mapped`), attached_as);
  }
});

Deno.test("an instruction inside of a function is a target, and the program goes on", async () => {
  const { stdout } = await new Deno.Command("objdump", { args: ["-d", "--disassemble=greet", PROGRAM] }).output();
  const starts = [...new TextDecoder().decode(stdout).matchAll(/^ +([0-9a-f]+):\t/gm)].map(([, at]) =>
    Number(`0x${at}`)
  );
  const inside = starts[2]! - starts[0]!;
  await using workload = await Workload.start(["greets", "30"], { source: "functions" });
  const result = await traceOne({ type: "uprobe", target: `${PROGRAM}:greet+${inside}` }, async () => {
    assert.equal(await workload.go(), 30);
  });
  assert.deepEqual(countsOf(result, workload.pid), [30]);

  // its return address is not where a return probe would look for it: the program would jump to nowhere
  const [refused] = await traceDuring(
    [{ type: "uretprobe", target: `${PROGRAM}:greet+${inside}` }],
    () => Promise.resolve(),
  );
  assert.match(refused!.error ?? "", /: no function is known to begin there, so nobody knows where it returns to\.$/);
});

Deno.test("what cannot be probed comes back with what to ask for instead", async () => {
  const requests: readonly ProgramRequest[] = [
    { type: "uprobe", target: "libc:getaddrinf" },
    { type: "uretprobe", target: `${PROGRAM}:greet+1` },
    { type: "uprobe", target: "4711:" },
  ];
  const results = await traceDuring(requests, () => Promise.resolve());
  assert.deepEqual(results.map(({ event_count }) => event_count), [0, 0, 0]);
  assert.match(
    results[0]!.error ?? "",
    /^Cannot trace getaddrinf of \/\S+\/libc\.so\.6: there is no function of this name\.$/,
  );
  assert.match(results[0]!.hint ?? "", /^Nearest: getaddrinfo\b/);
  assert.match(results[1]!.error ?? "", /^Cannot trace greet\+0x1 of /);
  assert.match(results[2]!.hint ?? "", /^Name both, for example /);
});

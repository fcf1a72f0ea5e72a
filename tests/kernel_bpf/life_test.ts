/** Nothing stays behind: no program, no link, no descriptor, no mapping, however tracing ends. */
import assert from "node:assert/strict";
import { BpfError, Libbpf } from "../../src/ffi/libbpf.ts";
import { libbpfBytes, tracepointObject } from "../../src/ffi/assets.ts";
import { Libc } from "../../src/ffi/libc.ts";
import { isBefore } from "../../src/kernel/host/release.ts";
import { explainFailure } from "../../src/probes/failure.ts";
import { traceDuring } from "../support/tracing.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
/** What the kernel frees after a grace period is gone by then. */
const GONE_MS = 10_000;

/** What bpftool lists of this kernel. */
async function bpftool<T>(kind: "prog" | "link"): Promise<T[]> {
  const { stdout } = await new Deno.Command("bpftool", { args: ["-j", kind, "show"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout) || "[]");
}

/** Ids of loaded programs that have the names of ktriage's own. */
async function programIds(): Promise<number[]> {
  const programs = await bpftool<{ id: number; name?: string }>("prog");
  return programs.filter(({ name }) => ["hit", "returned", "forked", "freed"].includes(name ?? "")).map(({ id }) => id);
}

async function linksOf(programs: readonly number[]): Promise<number[]> {
  return (await bpftool<{ id: number; prog_id: number }>("link")).filter(({ prog_id }) => programs.includes(prog_id))
    .map(({ id }) => id);
}

function descriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ""; // the descriptor that read the directory
    }
  }).filter((path) => /bpf|perf|memfd/.test(path));
}

function ringMappings(): number {
  return Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) => line.includes("bpf-map")).length;
}

async function waitUntil(holds: () => Promise<boolean>): Promise<boolean> {
  for (const until = Date.now() + GONE_MS; Date.now() < until;) {
    if (await holds()) return true;
  }
  return false;
}

Deno.test("kill -9 while tracing leaves no BPF program and no link", async () => {
  const before = await programIds();
  const ktriage = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "trace", "sched/sched_switch", "--json", "--duration", "60"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = ktriage.stdout.getReader();
  await output.read(); // events come: it traces
  const programs = (await programIds()).filter((id) => !before.includes(id));
  assert.ok(programs.length >= 3, "its programs are there while it traces");
  // before Linux 5.15 a program hangs on a perf event without a link
  const has_links = !isBefore(Deno.osRelease(), [5, 15]);
  assert.ok((await linksOf(programs)).length >= (has_links ? 3 : 0));
  ktriage.kill("SIGKILL");
  await ktriage.status;
  await output.cancel();
  const gone = await waitUntil(async () => (await programIds()).every((id) => !programs.includes(id)));
  assert.ok(gone, "a program stayed");
  assert.deepEqual(await linksOf(programs), []);
});

Deno.test("a session that ended leaves no descriptor and no mapping in this process", async () => {
  assert.deepEqual(descriptors(), []);
  const results = await traceDuring(
    [{ target: "openat" }, { target: "sched/sched_switch" }, { target: "no/such" }],
    () => Promise.resolve(),
  );
  assert.deepEqual(results.map(({ error }) => error === undefined), [true, true, false]);
  assert.deepEqual(descriptors(), []);
  assert.equal(ringMappings(), 0);
});

Deno.test("a program that the verifier refuses gives an error with the last lines of its log", async () => {
  using libc = new Libc();
  using bpf = new Libbpf(libc, await libbpfBytes());
  using object = bpf.openObject("tracepoint", await tracepointObject());
  // a map of the wrong type where the ring buffer belongs
  const hash = bpf.createMap("events", { type: 1, key_bytes: 4, value_bytes: 4, entries: 1 });
  let error: unknown;
  try {
    object.shareMap("events", hash);
    object.load();
  } catch (caught) {
    error = caught;
  } finally {
    libc.close(hash);
  }
  assert.ok(error instanceof BpfError);
  const { error: message, hint } = explainFailure("attach tracepoint x", error);
  assert.match(message, /^Cannot attach tracepoint x: (load tracepoint|share map events) failed with /);
  assert.match(error.log, /libbpf/);
  assert.ok(hint.includes(error.log.trim().split("\n").at(-1)!));
});

/** A host that refuses to execute a memfd. */
class RefusingLibc extends Libc {
  override memoryFile(): number {
    throw new Error("refused");
  }
}

Deno.test("libbpf loads from a private file where a memfd may not be executed, and the file is gone", async () => {
  using libc = new RefusingLibc();
  const before = [...Deno.readDirSync("/run")].length;
  using bpf = new Libbpf(libc, await libbpfBytes());
  assert.ok(bpf.possibleCpus() >= 1);
  assert.equal([...Deno.readDirSync("/run")].length, before);
});

/**
 * The kernel tests and the program on other kernels, each in a virtual machine with this host's files: see machines.ts.
 * What runs there under tests/vm/inside is not found by `deno test` elsewhere.
 */
import assert from "node:assert/strict";
import { readCapabilities } from "../../src/kernel/host/capabilities.ts";
import type { Check } from "../../src/protocol/mod.ts";
import { assertDocument, type KernelName, parseRows, type Row } from "../support/portability.ts";
import { offlinePackage } from "../support/package.ts";
import { quoted, runCommand } from "../support/vm_process.ts";
import { chosenLines, type Line, type MachineRun, onKernel } from "./machines.ts";

/** Every answer of `ktriage check` to what a kernel can do. */
const FEATURES = [
  ...["btf", "ring_buffer", "tracefs", "kernel_memory", "tracepoint", "raw_tracepoint"],
  ...["kprobe", "kprobe_multi", "fentry", "kernel_symbols", "uprobe", "perf_events"],
];
/** What Debian's cloud kernels lack: kprobe_multi came with 5.18, for arm64 with 6.14, and 6.1 has CONFIG_FPROBE off. */
const MISSING: Readonly<Record<Line, readonly string[]>> = {
  "5.10": ["kprobe_multi"],
  "6.1": ["kprobe_multi"],
  "6.12": [],
  newest: [],
  arm64: ["kprobe_multi"],
};
const NAMES: Readonly<Record<Line, KernelName>> = {
  "5.10": "5.10",
  "6.1": "6.1",
  "6.12": "6.12",
  newest: "7.x",
  arm64: "6.12 arm64",
};

/**
 * When it is set, the newest kernel alone runs all but each tool's own tests, and one of ten tracepoints is attached there; the
 * others answer the contract's targets, run all tools at once, and tell names and ends.
 */
const BRIEF = Deno.env.get("KTRIAGE_VM_BRIEF") === "1";
const CONTRACT = "tests/kernel_bpf/contract_targets_test.ts";
/** Every curated tool, by the way that it finds there. */
const TOOLS = "tests/kernel_bpf/tools_all_test.ts";
/** What kernels differ in without telling: how a helper fills a name, which thread of a process is the last. */
const NAMES_AND_ENDS = ["file_errors", "processes"].map((name) => `tests/kernel_bpf/tools_${name}_test.ts`).join(" ");
const DENO_TEST = "deno test -A --no-check --cached-only";

/** What an architecture can get wrong: numbers of system calls, registers, addresses, instructions. */
const CORE = [
  ...["contract_targets", "events", "counts", "life", "btf", "formats", "requests", "match"],
  ...["functions_kernel", "functions_user", "functions_life", "functions_raw_tracepoint", "uprobe_targets"],
  ...["tools_all", "tools_syscalls", "tools_sched"],
].map((name) => `tests/kernel_bpf/${name}_test.ts`).join(" ");

const BRIEF_ATTACH_EVERY = 10;

function testsOn(line: Line): string {
  if (line === "arm64") return CORE;
  if (!BRIEF) return "tests/kernel_bpf";
  return line === "newest"
    ? `$(ls tests/kernel_bpf/*_test.ts | grep -v /tools_) ${TOOLS}`
    : `${CONTRACT} ${TOOLS} ${NAMES_AND_ENDS}`;
}

async function kernelTests(line: Line): Promise<string> {
  const file = await offlinePackage(line === "arm64" ? "aarch64" : "x86_64");
  return `
    export KTRIAGE_PORTABILITY_ROWS=/run/vm/files/rows KTRIAGE_PACKAGE=${quoted(file)}
    export KTRIAGE_ATTACH_EVERY=${BRIEF ? BRIEF_ATTACH_EVERY : 1}
    ktriage check --json >/run/vm/files/check || exit
    ${DENO_TEST} ${testsOn(line)} tests/vm/inside/package.ts`;
}

/** What must work on hosts that hold something back, on one kernel. */
const LEGS_LINE: Line = "6.12";
const LEGS: Readonly<Record<string, string>> = {
  "whose BTF is hidden": `
    mount -t tmpfs none /sys/kernel/btf && ${DENO_TEST} tests/vm/inside/without_btf.ts ${CONTRACT} ${TOOLS}`,
  "under lockdown": `${DENO_TEST} tests/vm/inside/lockdown.ts`,
  "for a user with the least capabilities": `${DENO_TEST} tests/vm/inside/least_privileges.ts`,
  "in a pid and mount namespace of its own": `
    unshare --pid --fork --mount --mount-proc ${DENO_TEST} ${CONTRACT} ${TOOLS} ${NAMES_AND_ENDS} tests/kernel_bpf/events_test.ts`,
};

const lines = chosenLines();
/** Begun all together, in the order in which they are waited for; a machine runs when there is a place for it. */
const runs = new Map<string, Promise<MachineRun>>();

function run(name: string): Promise<MachineRun> {
  if (runs.size === 0) {
    for (const line of lines) runs.set(line, onKernel(line, kernelTests(line)));
    if (lines.includes(LEGS_LINE)) {
      for (const [leg, script] of Object.entries(LEGS)) runs.set(leg, onKernel(LEGS_LINE, script));
    }
    for (const started of runs.values()) started.catch(() => {}); // whoever waits for it fails
  }
  return runs.get(name)!;
}

/** Machines outlast the test that begins them. */
function test(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** The counts that `deno test` ended with. */
async function assertPassed(t: Deno.TestContext, { kernel, stdout }: MachineRun): Promise<void> {
  const [summary, passed] = /^ok \| (\d+) passed.* \| 0 failed.*$/m.exec(stdout) ?? [];
  await t.step(`Linux ${kernel.release}: ${summary ?? "no tests"}`, () => assert.ok(Number(passed) > 0, stdout));
}

for (const line of lines) {
  test(`Linux ${line}: every kernel test passes`, async (t) => await assertPassed(t, await run(line)));

  test(`Linux ${line}: ktriage check finds every feature that it has, and no other`, async () => {
    const { host, ready } = JSON.parse((await run(line)).files["check"]!) as Check;
    assert.equal(ready, true);
    const features = host.capabilities.filter(({ id }) => FEATURES.includes(id));
    assert.deepEqual(features.map(({ id }) => id).sort(), FEATURES.toSorted());
    const missing = features.filter(({ available }) => !available);
    assert.deepEqual(missing.map(({ id }) => id), MISSING[line], JSON.stringify(missing));
  });
}

if (lines.includes(LEGS_LINE)) {
  for (const leg of Object.keys(LEGS)) {
    test(`Linux ${LEGS_LINE} ${leg}`, async (t) => await assertPassed(t, await run(leg)));
  }
}

test("docs/portability.md tells how each kernel answers the contract's targets", async () => {
  const answers = new Map<KernelName, readonly Row[]>();
  for (const line of lines) answers.set(NAMES[line], parseRows((await run(line)).files["rows"] ?? ""));
  if (await isHardened()) answers.set("hardened", await rowsOfThisKernel());
  assertDocument(answers);
});

async function isHardened(): Promise<boolean> {
  const missing = (await readCapabilities()).filter(({ available }) => !available).map(({ id }) => id);
  return missing.includes("kprobe") && missing.includes("fentry");
}

async function rowsOfThisKernel(): Promise<Row[]> {
  const file = await Deno.makeTempFile();
  try {
    await runCommand(
      "env",
      `KTRIAGE_PORTABILITY_ROWS=${file}`,
      Deno.execPath(),
      ...DENO_TEST.split(" ").slice(1),
      CONTRACT,
    );
    return parseRows(await Deno.readTextFile(file));
  } finally {
    await Deno.remove(file);
  }
}

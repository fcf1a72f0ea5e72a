/** Nothing of a probe stays behind, however its ktriage ends. */
import assert from "node:assert/strict";
import { readCapabilities } from "../../src/kernel/host/capabilities.ts";
import { findSymbols } from "../../src/kernel/functions/kallsyms.ts";
import type { Attachment } from "../../src/probes/plan/function_plan.ts";
import { functionOfProgram } from "../support/functions.ts";

const SUPPORT = new URL("../support/trace_functions.ts", import.meta.url).pathname;
const NAMES = /^(probe|fentry|fexit|raw)_(hit|entered|returned)$/;
/** What the kernel frees after a grace period is gone by then. */
const GONE_MS = 20_000;

/** A function that every kernel has, in BTF as well. */
const function_name = "kernel_clone";
const [symbol] = findSymbols(Deno.readTextFileSync("/proc/kallsyms"), function_name);
const AVAILABLE = new Set((await readCapabilities()).filter(({ available }) => available).map(({ id }) => id));

/** Every kind that this kernel has. */
async function attachments(): Promise<readonly Attachment[]> {
  const place = await functionOfProgram("greet");
  const all: readonly (readonly [string, Attachment])[] = [
    ["raw_tracepoint", { kind: "raw_tracepoint", event: "sched_process_exit" }],
    ["uprobe", { kind: "uprobe", ...place }],
    ["uprobe", { kind: "uretprobe", ...place }],
    ["kprobe", { kind: "kprobe", function_name }],
    ["kprobe", { kind: "kretprobe", function_name }],
    ["fentry", { kind: "fentry", function_name }],
    ["fentry", { kind: "fexit", function_name }],
    ["kprobe_multi", { kind: "kprobe_multi", address: symbol?.address ?? 0n }],
    ["kprobe_multi", { kind: "kprobe_session", address: symbol?.address ?? 0n }],
  ];
  return all.filter(([capability]) => AVAILABLE.has(capability)).map(([, attachment]) => attachment);
}

async function bpftool(
  kind: "prog" | "link",
): Promise<readonly { readonly id: number; readonly name?: string; readonly prog_id?: number }[]> {
  const { stdout } = await new Deno.Command("bpftool", { args: ["-j", kind, "show"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout) || "[]");
}

async function programIds(): Promise<readonly number[]> {
  return (await bpftool("prog")).filter(({ name }) => NAMES.test(name ?? "")).map(({ id }) => id);
}

async function waitUntil(holds: () => Promise<boolean>): Promise<boolean> {
  for (const until = Date.now() + GONE_MS; Date.now() < until;) {
    if (await holds()) return true;
  }
  return false;
}

Deno.test("kill -9 leaves no program and no link of any kind of probe", async () => {
  const kinds = await attachments();
  assert.ok(kinds.some(({ kind }) => kind === "uretprobe"));
  const before = await programIds();
  const json = JSON.stringify(kinds, (_, value) => typeof value === "bigint" ? String(value) : value);
  const tracer = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SUPPORT, json],
    stdout: "piped",
  })
    .spawn();
  const reader = tracer.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "traces\n");
  await reader.cancel();
  const programs = (await programIds()).filter((id) => !before.includes(id));
  assert.ok(programs.length >= kinds.length, `${programs.length} programs of ${kinds.length} kinds`);
  tracer.kill("SIGKILL");
  await tracer.status;
  assert.ok(
    await waitUntil(async () => (await programIds()).every((id) => !programs.includes(id))),
    "a program stayed",
  );
  assert.deepEqual((await bpftool("link")).filter(({ prog_id }) => programs.includes(prog_id ?? 0)), []);
});

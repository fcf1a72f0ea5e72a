/**
 * Probes on a function of the kernel whose calls are known: `do_filp_open`, renamed to `do_file_open` in Linux 7, is called
 * once for every open(2) with the name, and gives back a pointer or an error. Each kind of probe must work where the kernel has it, and be refused in
 * words that say so where it does not.
 */
import assert from "node:assert/strict";
import { BpfError } from "../../src/ffi/libbpf.ts";
import { SystemError } from "../../src/ffi/libc.ts";
import { readCapabilities } from "../../src/kernel/host/capabilities.ts";
import { findSymbols } from "../../src/kernel/functions/kallsyms.ts";
import { isBefore } from "../../src/kernel/host/release.ts";
import type { ProgramFilters } from "../../src/probes/engine/config.ts";
import type { Attachment } from "../../src/probes/plan/function_plan.ts";
import { refusedKind } from "../../src/probes/engine/refused_kind.ts";
import { functionPlan, numberOf, refusalOf, textOf, traceTogether, traceWork } from "../support/functions.ts";
import { Workload } from "../support/workload.ts";

const OPENS = 200;
const KALLSYMS = Deno.readTextFileSync("/proc/kallsyms");

const [found] = ["do_filp_open", "do_file_open"].flatMap((name) => findSymbols(KALLSYMS, name));
assert.ok(found?.address !== undefined, "this kernel opens files by a function that this test does not know");
const { name: function_name, address } = found;
const ON_ENTRY: readonly Attachment[] = [
  { kind: "kprobe", function_name },
  { kind: "kprobe", function_name, address },
  { kind: "kprobe_multi", address },
  { kind: "fentry", function_name },
];
const ON_RETURN: readonly Attachment[] = [
  { kind: "kretprobe", function_name },
  { kind: "kprobe_session", address },
  { kind: "fexit", function_name },
];

const AVAILABLE = new Set((await readCapabilities()).filter(({ available }) => available).map(({ id }) => id));

/** What the kernel must have for a kind. */
const CAPABILITIES: Partial<Record<Attachment["kind"], string>> = {
  kprobe: "kprobe",
  kretprobe: "kprobe",
  kprobe_multi: "kprobe_multi",
  kprobe_session: "kprobe_multi",
  fentry: "fentry",
  fexit: "fentry",
};

function isAvailable({ kind }: Attachment): boolean {
  return AVAILABLE.has(CAPABILITIES[kind] ?? kind);
}

function planFor(attachment: Attachment): ReturnType<typeof functionPlan> {
  const name = textOf(1, { path: [0, 0], space: "kernel" }); // struct filename begins with the name
  return functionPlan(attachment, { argument_count: 3, captures: [numberOf(0), name] });
}

async function opens(): Promise<Workload> {
  return await Workload.start(["opens", String(OPENS), "/nowhere"]);
}

for (const attachment of [...ON_ENTRY, ...ON_RETURN]) {
  const { kind } = attachment;
  const title = "address" in attachment ? `${kind} by address` : kind;
  const plan = planFor(attachment);

  if (!isAvailable(attachment)) {
    Deno.test(`${title}, which this kernel does not have, is refused as a kind`, async () => {
      assert.match(
        refusedKind(kind, await refusalOf(plan)) ?? "",
        /^this kernel (has no|refuses) (kprobe|fentry|fexit)/,
      );
    });
    continue;
  }

  Deno.test(`${title} counts every call and reads what it was given and gave back`, async () => {
    await using workload = await opens();
    const { counts, events } = await traceWork(plan, () => workload.go(), { filters: { pid: workload.pid } });
    assert.equal(counts.hits, OPENS);
    assert.equal(counts.missed + counts.lost + counts.suppressed, 0);
    assert.equal(events.length, OPENS);
    for (const [i, { process_id, data }] of events.entries()) {
      const { arg0, latency_ns, ...rest } = data;
      const returned = ON_RETURN.includes(attachment);
      assert.equal(process_id, workload.pid);
      assert.equal(BigInt.asIntN(32, BigInt(Number(arg0))), -100n); // AT_FDCWD
      assert.deepEqual(rest, { text1: `/nowhere/${i}`, ...(returned ? { ret: -2, error: "ENOENT" } : {}) });
      assert.equal(Number(latency_ns) > 0, returned);
    }
  });

  Deno.test(`filters keep others out of the hits of ${title}`, async () => {
    await using workload = await opens();
    const { pid } = workload;
    const expected: readonly (readonly [ProgramFilters, number])[] = [
      [{ pid, tid: pid, comm: "workload", uid: Deno.uid() ?? 0 }, OPENS],
      [{ pid, comm: "other" }, 0],
      [{ pid, tid: 1 }, 0],
      [{ pid, uid: 54_321 }, 0],
      [{ pid: Deno.pid }, 0], // ktriage itself
    ];
    const seen = await traceTogether(expected.map(([filters]) => ({ plan, filters })), () => workload.go());
    assert.deepEqual(seen.map(({ counts }) => counts.hits), expected.map(([, hits]) => hits));
  });
}

for (const attachment of ON_RETURN.filter(isAvailable)) {
  Deno.test(`a histogram of ${attachment.kind} has every call, whatever the governor lets through`, async () => {
    await using workload = await opens();
    const options = { filters: { pid: workload.pid }, aggregate: "latency", rate_per_s: 1 } as const;
    const { counts } = await traceWork(planFor(attachment), () => workload.go(), options);
    assert.equal(counts.hits, OPENS);
    assert.equal(counts.histogram!.reduce((sum, { count }) => sum + count, 0), OPENS);
  });
}

/** Called by the program that remembers a call, where the kernel lets no other BPF program run. */
const WITHIN_BPF = "htab_lru_map_update_elem";

if (AVAILABLE.has("kprobe")) {
  Deno.test("a kprobe that the kernel skips within another program is told as missed, where the kernel counts that", async () => {
    await using workload = await opens();
    const nested = functionPlan({ kind: "kprobe", function_name: WITHIN_BPF });
    const around = planFor({ kind: "kretprobe", function_name });
    const [inside] = await traceTogether([
      { plan: nested },
      { plan: around, filters: { pid: workload.pid } },
    ], () => workload.go());
    assert.equal(inside!.counts.hits, 0);
    const is_counted = !isBefore(Deno.osRelease(), [6, 7]);
    assert.ok(
      is_counted ? inside!.counts.missed >= OPENS : inside!.counts.missed === 0,
      `${inside!.counts.missed} missed`,
    );
  });

  Deno.test("a kprobe and a kprobe's return on a function that is not there are refused as targets", async () => {
    for (const kind of ["kprobe", "kretprobe"] as const) {
      const refusal = await refusalOf(functionPlan({ kind, function_name: "no_such_function" }));
      assert.ok(refusal instanceof SystemError, String(refusal));
      assert.equal(refusedKind(kind, refusal), undefined);
    }
  });
}

Deno.test("a function that is not in BTF is refused as a target", async () => {
  const refusal = await refusalOf(functionPlan({ kind: "fentry", function_name: "no_such_function" }));
  assert.ok(refusal instanceof BpfError, String(refusal));
  assert.equal(refusal.operation, "find no_such_function in BTF");
  assert.equal(refusedKind("fentry", refusal), undefined);
});

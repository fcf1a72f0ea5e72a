/** Every tracepoint that this kernel lists can be traced, or is known not to be, with the reason. */
import assert from "node:assert/strict";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import { readTracefs } from "../../src/kernel/tracing/tracefs_files.ts";
import { explainFailure } from "../../src/probes/failure.ts";
import { type Plan, planTracepoint } from "../../src/probes/plan/tracepoint.ts";
import type { Program } from "../../src/probes/engine/program.ts";
import { Session } from "../../src/probes/engine/session.ts";

/** Programs that are attached together: enough to share the kernel's waiting when they are detached. */
const BATCH = 64;
/** Of ftrace's own, perf knows no id: they are written by tracers, not by tracepoints (kernel/trace/trace_export.c). */
const NOT_TRACEPOINTS = /^ftrace:/;
/** Where attaching takes minutes, as in a virtual machine without its processor's help: all are planned, each n-th attached. */
const ATTACH_EVERY = Number(Deno.env.get("KTRIAGE_ATTACH_EVERY") ?? 1);

Deno.test("every listed tracepoint is planned, loaded, attached and detached", async (t) => {
  using tracefs = openTracefs();
  const events = readTracefs(tracefs, "available_events").trim().split("\n").filter((name) =>
    !NOT_TRACEPOINTS.test(name)
  );
  assert.ok(events.length > 500, `only ${events.length} events`);
  const refused = new Map<string, string>();
  const plans: Plan[] = [];
  for (const target of events) {
    const plan = planTracepoint(target, tracefs);
    if ("error" in plan) {
      refused.set(target, plan.error);
      continue;
    }
    assert.equal(plan.event, target);
    plans.push(plan);
  }
  const attached = plans.filter((_, index) => index % ATTACH_EVERY === 0);
  for (let first = 0; first < attached.length; first += BATCH) {
    using session = await Session.open(tracefs);
    const programs: Program[] = [];
    for (const plan of attached.slice(first, first + BATCH)) {
      try {
        programs.push(await session.start(plan, { filters: {}, rate_per_s: 1, on_event: () => {} }));
      } catch (error) {
        refused.set(plan.event, `${explainFailure("attach", error).error} ${explainFailure("attach", error).hint}`);
      }
    }
    await Promise.all(programs.map((program) => session.end(program)));
    for (const { counts, plan } of programs) assert.ok(counts.hits >= counts.emitted, plan.event);
  }
  await t.step(`${events.length - refused.size} of ${events.length} could be traced, ${attached.length} were`, () => {
    assert.deepEqual([...refused], []);
  });
});

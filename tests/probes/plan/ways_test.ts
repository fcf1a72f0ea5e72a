import assert from "node:assert/strict";
import type { Plan } from "../../../src/probes/plan/tracepoint.ts";
import {
  attachedAs,
  because,
  type DeadEnd,
  familyOf,
  tracepointWay,
  type Way,
  withNote,
} from "../../../src/probes/plan/ways.ts";

const WAY: Way = { plan: {} as Plan, kind: "tracepoint", notes: [] };
const NO_FENTRY: DeadEnd = { kind: "fentry", why: "this kernel refuses fentry" };
const NO_KPROBES: DeadEnd = { kind: "kprobe", why: "this kernel has no kprobes" };
const NO_MULTI: DeadEnd = { kind: "kprobe_multi", why: "this kernel has no kprobe.multi" };
const NOT_THIS: DeadEnd = { kind: "kprobe", why: "x is not traceable" };

Deno.test("attachedAs() says nothing where exactly what was asked for is attached", () => {
  assert.equal(attachedAs(WAY, [NO_FENTRY]), undefined);
});

Deno.test("attachedAs() says what was attached, why, and what else to know", () => {
  const via = "kernel_clone (do_fork became kernel_clone in Linux 5.10) via tracepoint sched:sched_process_fork";
  assert.equal(
    attachedAs({ ...WAY, told: via, notes: ["it fires in the parent", "it cannot tell ret"] }, [
      NO_FENTRY,
      NO_MULTI,
      NO_KPROBES,
      NO_KPROBES,
    ]),
    `${via}: this kernel refuses fentry and has no kprobes; it fires in the parent; it cannot tell ret`,
  );
  assert.equal(
    attachedAs({ ...WAY, notes: ["arguments are plain numbers"] }, [NO_FENTRY]),
    "arguments are plain numbers",
  );
});

Deno.test("attachedAs() gives the better reason alone, or none at all", () => {
  const told = "fentry:tcp_connect";
  assert.equal(attachedAs({ ...WAY, told, better: "cheaper" }, [NO_FENTRY]), `${told}: cheaper`);
  assert.equal(attachedAs({ ...WAY, told, better: "" }, [NO_FENTRY]), told);
  assert.equal(attachedAs({ ...WAY, told }, []), told);
});

Deno.test("because() puts what the kernel as such lacks in front of what is wrong with one function", () => {
  assert.equal(
    because([NOT_THIS, NO_KPROBES]),
    "this kernel has no kprobes, x is not traceable",
  );
  assert.equal(because([NO_MULTI]), NO_MULTI.why, "all that there is to say");
  assert.equal(because([]), "");
  const no_btf: DeadEnd = { kind: "fentry", why: "this kernel has no BTF" };
  assert.equal(because([no_btf, NO_KPROBES]), "this kernel has no BTF and no kprobes");
  const needed: DeadEnd = { kind: "fentry", why: "this kernel has no BTF, which fentry needs" };
  assert.equal(because([needed, NO_KPROBES]), "this kernel has no kprobes and no BTF, which fentry needs");
});

Deno.test("tracepointWay() refuses the latency of what does not return", () => {
  const moment = { event: "sched:sched_switch" } as Plan;
  const refusal = tracepointWay(moment, { aggregate: "latency" });
  assert.ok("error" in refusal);
  assert.match(refusal.error, /latency of tracepoint sched:sched_switch: it is a moment/);
  assert.ok(!("error" in tracepointWay(moment, { aggregate: "count" })));
  assert.ok(!("error" in tracepointWay({ ...moment, return_id: 5n }, { aggregate: "latency" })));
});

Deno.test("withNote() adds to every way and leaves dead ends alone", () => {
  const ways = [...withNote([NO_FENTRY, { ...WAY, notes: ["b"] }], "a")];
  assert.deepEqual(ways, [NO_FENTRY, { ...WAY, notes: ["a", "b"] }]);
});

Deno.test("familyOf() takes entry and return for one: a host refuses both or none", () => {
  assert.equal(familyOf("fexit"), familyOf("fentry"));
  assert.equal(familyOf("kretprobe"), familyOf("kprobe"));
  assert.notEqual(familyOf("kprobe_multi"), familyOf("kprobe"));
});

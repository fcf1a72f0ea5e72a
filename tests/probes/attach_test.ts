import assert from "node:assert/strict";
import { BpfError } from "../../src/ffi/libbpf.ts";
import { startProgram } from "../../src/probes/attach.ts";
import type { FunctionPlan } from "../../src/probes/plan/function_plan.ts";
import type { Ground } from "../../src/probes/ground.ts";
import type { Plan, Refusal } from "../../src/probes/plan/tracepoint.ts";
import type { ProgramRequest } from "../../src/probes/request.ts";
import type { ProbeKind } from "../../src/probes/plan/ways.ts";
import { recordedSources } from "../support/recorded_kernel.ts";

const ENODEV = 19, EINVAL = 22, EBUSY = 16;

/** A kernel that refuses some kinds of probes, each with an error; keeps what was tried. */
class FakeGround {
  readonly tried: ProbeKind[] = [];
  readonly refused_kinds = new Map<ProbeKind, string>();
  readonly options: unknown[] = [];
  readonly session = {
    now: () => 5n,
    start: (plan: Plan | FunctionPlan, options: unknown): Promise<unknown> => {
      const kind = plan.kind === "tracepoint" ? plan.kind : plan.attachment.kind;
      this.tried.push(kind);
      this.options.push(options);
      const error = this.errors[kind];
      return error === undefined ? Promise.resolve({ plan }) : Promise.reject(error);
    },
  };
  readonly tracefs;
  readonly facts;

  constructor(readonly errors: Partial<Record<ProbeKind, Error>>, sources = recordedSources("6.12")) {
    this.tracefs = sources.tracefs;
    this.facts = sources.facts;
  }

  async start(request: Partial<ProgramRequest>): Promise<{ event: string; attached_as: string | undefined } | Refusal> {
    const ground = this as unknown as Ground;
    const whole = { type: "kprobe", target: "tcp_connect", aggregate: "count", ...request } as const;
    const outcome = await startProgram(whole, ground, { rate_per_s: 0, on_event: () => {} });
    return "error" in outcome ? outcome : { event: outcome.program.plan.event, attached_as: outcome.attached_as };
  }
}

const absent = (what: string): BpfError => new BpfError(`open the ${what} PMU`, ENODEV, `${what} is not there`);

Deno.test("startProgram() takes the first way that the kernel does not refuse", async () => {
  const cheap = new FakeGround({});
  assert.deepEqual(await cheap.start({}), {
    event: "fentry:tcp_connect",
    attached_as: "fentry:tcp_connect: cheaper than a kprobe, the same call",
  });
  assert.deepEqual(cheap.tried, ["fentry"]);

  const old = new FakeGround({ fentry: absent("fentry"), kprobe_multi: new BpfError("attach", EINVAL, "") });
  assert.deepEqual(await old.start({}), { event: "kprobe:tcp_connect", attached_as: undefined });
  assert.deepEqual(old.tried, ["fentry", "kprobe_multi", "kprobe"]);
});

Deno.test("startProgram() tries a kind that the kernel refuses as such once, and a function that it refuses each time", async () => {
  const ground = new FakeGround({ fentry: absent("fentry"), kprobe_multi: new BpfError("attach", EBUSY, "") });
  await ground.start({});
  await ground.start({ target: "vfs_write" });
  await ground.start({ type: "kretprobe", target: "vfs_read" });
  assert.deepEqual(ground.tried, ["fentry", "kprobe_multi", "kprobe", "kprobe_multi", "kprobe", "kprobe_session"]);
});

Deno.test("startProgram() says why every way was closed, and what the verifier said", async () => {
  const ground = new FakeGround({
    fexit: new BpfError("load function", EINVAL, "0: (85) call something\nR1 type=scalar expected=ctx"),
    kprobe_session: absent("kprobe.multi"),
    kretprobe: absent("kprobe"),
  });
  assert.deepEqual(await ground.start({ aggregate: "latency" }), {
    error: "Cannot attach kprobe:tcp_connect: this kernel has no kprobes, fexit:tcp_connect could not be attached " +
      "(load function failed with EINVAL (Invalid argument)), tracepoint sock:inet_sock_set_state measures no latency.",
    hint: "0: (85) call something\nR1 type=scalar expected=ctx",
  });
  const bare = new FakeGround({
    fexit: absent("fexit"),
    kprobe_session: absent("kprobe.multi"),
    kretprobe: absent("kprobe"),
  });
  const refusal = await bare.start({ aggregate: "latency" });
  assert.ok("error" in refusal);
  assert.match(refusal.hint, /^No tracepoint is known that tells the same/);
});

Deno.test("startProgram() names filters that nothing applies, behind what else there is to say", async () => {
  const filters = { comm: "x", cgroup: "/a", errno: 2 };
  const unknown = "not filtered by cgroup, errno: unknown to this version of ktriage";
  const tracepoint = await new FakeGround({}).start({ type: "tracepoint", target: "sched/sched_switch", filters });
  assert.deepEqual(tracepoint, { event: "sched:sched_switch", attached_as: unknown });
  const probed = await new FakeGround({}).start({ filters });
  assert.ok(!("error" in probed));
  assert.equal(probed.attached_as, `fentry:tcp_connect: cheaper than a kprobe, the same call; ${unknown}`);
});

Deno.test("startProgram() hands the aggregate on, and nothing where there is none", async () => {
  const ground = new FakeGround({});
  await ground.start({ aggregate: "latency" });
  await ground.start({ type: "tracepoint", target: "openat", aggregate: undefined as unknown as string });
  assert.deepEqual(ground.options.map((options) => (options as { aggregate?: string }).aggregate), [
    "latency",
    undefined,
  ]);
});

Deno.test("startProgram() does not take a fault of ktriage for a refusal of the kernel", async () => {
  const ground = new FakeGround({ fentry: new RangeError("too many reads") });
  assert.deepEqual(await ground.start({}), { error: "Cannot attach kprobe:tcp_connect: too many reads", hint: "" });
  assert.deepEqual(ground.tried, ["fentry"]);
});

import assert from "node:assert/strict";
import type { Privileges } from "../../../src/kernel/host/privileges.ts";
import {
  causeOfLack,
  causeOfRefusal,
  mapsAreLockedMemory,
  type Restrictions,
} from "../../../src/kernel/host/restrictions.ts";

const EPERM = 1, ENOENT = 2, EACCES = 13, EINVAL = 22;

/** A user with these capabilities on a plain new kernel; `facts` say what is different. */
function user(names: readonly string[], facts: Partial<Restrictions & Privileges> = {}): Restrictions {
  const { user_id = 1000, is_initial_user_namespace = true, has_seccomp_filter = false } = facts;
  const capabilities = new Set(names.map((name) => `CAP_${name}`));
  return {
    privileges: { user_id, capabilities, is_initial_user_namespace, has_seccomp_filter },
    release: "6.12.0",
    lockdown: "none",
    perf_event_paranoid: 2,
    locked_memory_bytes: Infinity,
    ...facts,
  };
}

/** The capabilities that `check` asks for. */
function asked(restrictions: Restrictions): string {
  return / grant (.*) \(Ambient/.exec(causeOfLack(restrictions)?.fix ?? "")?.[1] ?? "";
}

const LEAST = ["BPF", "PERFMON", "DAC_READ_SEARCH"];

Deno.test("causeOfLack() asks for exactly the least that suffices", () => {
  assert.equal(asked(user([])), "CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH");
  assert.equal(asked(user(["BPF"])), "CAP_PERFMON, CAP_DAC_READ_SEARCH");
  assert.equal(asked(user(["SYS_ADMIN"])), "CAP_DAC_READ_SEARCH");
  assert.equal(asked(user([], { user_id: 0 })), "CAP_BPF, CAP_PERFMON"); // tracefs is root's
  assert.equal(causeOfLack(user(LEAST)), undefined);
  assert.equal(causeOfLack(user(["SYS_ADMIN", "DAC_OVERRIDE"])), undefined);
});

Deno.test("causeOfLack() names the setting of Debian and Ubuntu that wants CAP_SYS_ADMIN, and the way around", () => {
  const debian = { perf_event_paranoid: 3 };
  assert.equal(asked(user([], debian)), "CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH");
  const cause = causeOfLack(user(LEAST, debian));
  assert.equal(cause?.reason, "this process lacks CAP_SYS_ADMIN (kernel.perf_event_paranoid is 3)");
  assert.match(cause?.fix ?? "", /; or sysctl kernel\.perf_event_paranoid=2, after which CAP_BPF and CAP_PERFMON do/);
  assert.equal(causeOfLack(user([...LEAST, "SYS_ADMIN"], debian)), undefined);
});

Deno.test("causeOfLack() asks for CAP_SYS_RESOURCE only before Linux 5.11 and only under a limit of locked memory", () => {
  const limited = { release: "5.10.0-46-amd64", locked_memory_bytes: 65536 };
  const cause = causeOfLack(user(LEAST, limited));
  assert.equal(
    cause?.reason,
    "this process lacks CAP_SYS_RESOURCE (before Linux 5.11 maps count as locked memory, which is limited to 64 KiB)",
  );
  assert.match(cause?.fix ?? "", /; or ulimit -l unlimited/);
  assert.equal(causeOfLack(user([...LEAST, "SYS_RESOURCE"], limited)), undefined);
  assert.equal(causeOfLack(user(LEAST, { ...limited, locked_memory_bytes: Infinity })), undefined);
  assert.equal(causeOfLack(user(LEAST, { ...limited, release: "5.11.0" })), undefined);
  assert.deepEqual(["5.10.246", "5.11.0", "6.1.0"].map(mapsAreLockedMemory), [true, false, false]);
});

Deno.test("causeOfRefusal() blames a missing capability first, then the user namespace", () => {
  const step = { operation: "BPF_PROG_LOAD", errno: EPERM };
  const inside = { is_initial_user_namespace: false, has_seccomp_filter: true };
  assert.match(causeOfRefusal(step, user([], inside))?.reason ?? "", /^this process lacks CAP_BPF/);
  assert.match(causeOfRefusal(step, user(LEAST, inside))?.reason ?? "", /user namespace do not count/);
});

Deno.test("causeOfRefusal() knows that a uprobe needs CAP_SYS_ADMIN and a kprobe does not", () => {
  const step = { operation: "perf_event_open", errno: EACCES };
  assert.match(causeOfRefusal({ ...step, probe: "uprobe" }, user(LEAST))?.reason ?? "", /CAP_SYS_ADMIN/);
  assert.doesNotMatch(causeOfRefusal({ ...step, probe: "kprobe" }, user(LEAST))?.reason ?? "", /CAP_SYS_ADMIN/);
});

Deno.test("causeOfRefusal() names lockdown for what only confidentiality takes away", () => {
  const locked = user([...LEAST, "SYS_ADMIN"], { lockdown: "confidentiality" });
  const load = { operation: "load own", errno: EINVAL };
  const kprobe = { operation: "perf_event_open", errno: EPERM, probe: "kprobe" } as const;
  for (const step of [load, kprobe]) {
    assert.match(causeOfRefusal(step, locked)?.reason ?? "", /lockdown is "confidentiality"/);
    assert.match(causeOfRefusal(step, locked)?.fix ?? "", /lockdown=integrity/);
    assert.doesNotMatch(causeOfRefusal(step, { ...locked, lockdown: "integrity" })?.reason ?? "", /lockdown/);
  }
  assert.doesNotMatch(causeOfRefusal({ operation: "perf_event_open", errno: EPERM }, locked)?.reason ?? "", /lockdown/);
});

Deno.test("causeOfRefusal() suspects a seccomp filter where the capabilities are there, else the kernel", () => {
  const step = { operation: "BPF_MAP_CREATE", errno: EPERM };
  const filtered = causeOfRefusal(step, user(LEAST, { has_seccomp_filter: true }));
  assert.match(filtered?.reason ?? "", /seccomp filter/);
  assert.match(filtered?.fix ?? "", /--security-opt seccomp/);
  assert.match(causeOfRefusal(step, user(LEAST))?.reason ?? "", /hardened kernel or a security module/);
});

Deno.test("causeOfRefusal() has nothing to say of what is absent or wrong", () => {
  const nobody = user([], { has_seccomp_filter: true });
  assert.equal(causeOfRefusal({ operation: "perf_event_open", errno: ENOENT }, nobody), undefined);
  assert.equal(causeOfRefusal({ operation: "load own", errno: EINVAL }, nobody), undefined);
});

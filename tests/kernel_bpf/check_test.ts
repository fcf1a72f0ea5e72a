import { exists } from "../../src/kernel/exists.ts";
import assert from "node:assert/strict";
import { Libc } from "../../src/ffi/libc.ts";
import { isReady, readCapabilities } from "../../src/kernel/host/capabilities.ts";
import { mapsAreLockedMemory } from "../../src/kernel/host/restrictions.ts";
import { readHost } from "../../src/kernel/host/host.ts";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import { PRIVATE_MOUNTS, WITH_TRACEFS } from "../support/private_mounts.ts";
import { type Capability, type Host, host } from "../../src/protocol/mod.ts";
import { compiled } from "../support/workload.ts";

const CHECKOUT = new URL("../..", import.meta.url).pathname;
const PRINT_HOST = "tests/support/print_host.ts";
const PMUS = "/sys/bus/event_source/devices";

interface Seen {
  readonly tracefs: { readonly how?: string; readonly root?: string; readonly id?: string; readonly error?: string };
  readonly host: Host;
}

/** The host as a ktriage sees it that is started with `command`, which ends where the program's own line begins. */
async function hostSeenBy(command: readonly string[], checkout = CHECKOUT): Promise<Seen> {
  // through a descriptor, for root's home may hold Deno and other users cannot look in there
  const script = 'exec 4<"$0"; exec "$@"';
  const run = ["/proc/self/fd/4", "run", "-A", "--no-check", "--no-config", "--cached-only", checkout + PRINT_HOST];
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, Deno.execPath(), ...command, ...run],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function byId(capabilities: readonly Capability[]): Record<string, Capability> {
  return Object.fromEntries(capabilities.map((capability) => [capability.id, capability]));
}

function openDescriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return []; // the directory itself
    }
  }).filter((target) => /bpf|perf_event|tracefs/.test(target));
}

Deno.test("readCapabilities() agrees with what the kernel shows about itself", async () => {
  const seen = byId(await readCapabilities());
  for (const id of ["kernel", "privileges", "btf", "ring_buffer", "tracefs", "kernel_memory", "tracepoint"]) {
    assert.equal(seen[id]?.available, true, `${id}: ${seen[id]?.detail}`);
  }
  assert.equal(
    seen.kernel_symbols?.available,
    /^[0-9a-f]*[1-9a-f][0-9a-f]* T /m.test(Deno.readTextFileSync("/proc/kallsyms")),
  );
  assert.equal(seen.raw_tracepoint?.available, true);
  assert.equal(seen.perf_events?.available, true);
  assert.equal(seen.uprobe?.available, exists(`${PMUS}/uprobe`));
  if (!exists(`${PMUS}/kprobe`)) {
    assert.equal(seen.kprobe?.available, false);
    assert.match(seen.kprobe?.detail ?? "", /CONFIG_KPROBES is off/);
  }
  assert.equal(seen.memlock?.available, mapsAreLockedMemory(Deno.osRelease()) ? true : undefined);
});

Deno.test("readCapabilities() finds kprobe and fentry wherever bpftrace can attach them", async () => {
  const seen = byId(await readCapabilities());
  for (const [id, probe] of [["kprobe", "kprobe:vfs_statfs"], ["fentry", "kfunc:vfs_statfs"]] as const) {
    const { success } = await new Deno.Command("timeout", {
      args: ["-s", "KILL", "60", "bpftrace", "-e", `${probe} { } BEGIN { exit(); }`],
      stdout: "null",
      stderr: "null",
    }).output();
    // on kernels that are much older or newer than itself bpftrace may not be able to
    if (success) assert.equal(seen[id]?.available, true, `${id}: ${seen[id]?.detail}`);
  }
});

Deno.test("readCapabilities() says of everything that is missing why, what happens instead, and what would help", async () => {
  for (const { id, available, detail, instead, fix } of await readCapabilities()) {
    assert.notEqual(detail, "", id);
    if (!available) assert.ok(instead && fix, id);
  }
});

Deno.test("readCapabilities() leaves no descriptor behind: no map, no program, no link, no perf event", async () => {
  using libc = new Libc();
  const before = openDescriptors();
  const one_more = libc.perfEventOpen({ type: 1, config: 0n }, { pid: 0, cpu: -1 });
  assert.equal(openDescriptors().length, before.length + 1);
  libc.close(one_more);
  for (let i = 0; i < 3; i++) await readCapabilities();
  assert.deepEqual(openDescriptors(), before);
});

Deno.test("readHost() satisfies its schema and names this host as uname does", async () => {
  const seen = host.parse(await readHost({ measure_ms: 20 }));
  const uname = (flag: string): string =>
    new TextDecoder().decode(new Deno.Command("uname", { args: [flag] }).outputSync().stdout).trim();
  assert.equal(seen.hostname, uname("-n"));
  assert.equal(seen.kernel, uname("-r"));
  assert.equal(seen.architecture, uname("-m"));
  assert.equal(isReady(seen.capabilities), true);
});

Deno.test("openTracefs() finds the mounted one", async () => {
  const script = 'test -e /sys/kernel/tracing/events || mount -t tracefs nodev /sys/kernel/tracing && exec "$@"';
  const seen = await hostSeenBy([...PRIVATE_MOUNTS, "sh", "-c", script, "sh"]);
  assert.equal(seen.tracefs.how, "mounted");
  assert.match(seen.tracefs.root ?? "", /^\/sys\/kernel\/(debug\/)?tracing$/);
});

Deno.test("openTracefs() leaves no descriptor open once it is disposed", () => {
  const before = openDescriptors();
  {
    using tracefs = openTracefs();
    assert.match(Deno.readTextFileSync(`${tracefs.root}/events/sched/sched_switch/id`), /^\d+\n$/);
  }
  assert.deepEqual(openDescriptors(), before);
});

Deno.test("openTracefs() mounts it for itself alone where it is unmounted, and ktriage is as ready as before", async () => {
  const unmounted = "umount -l /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; test ! -e /sys/kernel/tracing/events";
  // the mounts after ktriage has ended go to stderr; none of them may be tracefs
  const script = `${unmounted} || exit 9; "$@" && ! grep tracefs /proc/self/mountinfo >&2`;
  const seen = await hostSeenBy([...PRIVATE_MOUNTS, "sh", "-c", script, "sh"]);
  assert.equal(seen.tracefs.how, "private");
  assert.match(seen.tracefs.root ?? "", /^\/proc\/self\/fd\/\d+$/);
  using mounted = openTracefs();
  assert.equal(seen.tracefs.id, Deno.readTextFileSync(`${mounted.root}/events/sched/sched_switch/id`).trim());
  assert.equal(byId(seen.host.capabilities).tracefs?.detail, "not mounted; ktriage mounts it for itself alone");
  assert.equal(isReady(seen.host.capabilities), true);
});

Deno.test("readHost() of a user without privileges says which ones are missing, and has all figures", async () => {
  const copy = Deno.makeTempDirSync();
  try {
    await new Deno.Command("cp", { args: ["-r", "--parents", "src", PRINT_HOST, copy], cwd: CHECKOUT }).output();
    await new Deno.Command("chmod", { args: ["-R", "a+rX", copy] }).output();
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
    assertUnprivileged(await hostSeenBy(nobody, `${copy}/`));
  } finally {
    Deno.removeSync(copy, { recursive: true });
  }
});

function assertUnprivileged(seen: Seen): void {
  const capabilities = byId(seen.host.capabilities);
  assert.equal(isReady(seen.host.capabilities), false);
  const wants_admin = Number(Deno.readTextFileSync("/proc/sys/kernel/perf_event_paranoid")) >= 3;
  const asked = wants_admin
    ? /lacks CAP_SYS_ADMIN \(.*\), CAP_DAC_READ_SEARCH/
    : /lacks CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH/;
  assert.match(capabilities.privileges?.detail ?? "", asked);
  for (
    const id of ["ring_buffer", "kernel_memory", "tracepoint", "raw_tracepoint", "uprobe", "perf_events", "tracefs"]
  ) {
    assert.equal(capabilities[id]?.available, false, id);
    // what the first line says need not stand in every one
    assert.match(capabilities[id]?.detail ?? "", /: the privileges named above are missing$/, id);
    assert.match(capabilities[id]?.fix ?? "", /root/, id);
  }
  assert.match(capabilities.kernel_symbols?.fix ?? "", /CAP_SYSLOG/);
  assert.match(seen.tracefs.error ?? "", /tracefs/);
  host.parse(seen.host);
  assert.ok(seen.host.figures.memory_total_bytes > 0);
  assert.ok(seen.host.figures.filesystems.length > 0);
}

Deno.test("readHost() in a pid namespace of its own knows that it is inside, and still traces", async () => {
  const script = 'mount -t proc proc /proc && exec "$@"';
  const seen = await hostSeenBy([...PRIVATE_MOUNTS, "unshare", "--pid", "--fork", "sh", "-c", script, "sh"]);
  assert.notEqual(seen.host.container, undefined);
  const capabilities = byId(seen.host.capabilities);
  assert.equal(capabilities.host_processes?.available, false);
  assert.match(capabilities.host_processes?.fix ?? "", /--pid=host/);
  assert.equal(capabilities.tracepoint?.available, true);
});

Deno.test("readHost() under a seccomp filter names it, for the capabilities are there", async () => {
  const { privileges, ring_buffer, tracepoint, uprobe } = byId(
    (await hostSeenBy([await compiled("refuse_bpf")])).host.capabilities,
  );
  assert.equal(privileges?.available, true);
  for (const { available, detail, fix } of [ring_buffer!, tracepoint!, uprobe!]) {
    assert.equal(available, false);
    assert.match(
      detail,
      /failed with EPERM \(Operation not permitted\): .*a seccomp filter, which probably refuses it$/,
    );
    assert.match(fix ?? "", /--security-opt seccomp/);
  }
});

Deno.test("readHost() as a user with the least capabilities is ready, and knows what the others would give", async () => {
  const least = `+bpf,+perfmon,+dac_read_search${mapsAreLockedMemory(Deno.osRelease()) ? ",+sys_resource" : ""}`;
  const user = [...WITH_TRACEFS, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const { host } = await hostSeenBy([...user, `--inh-caps=-all,${least}`, `--ambient-caps=-all,${least}`]);
  const { privileges, uprobe, kernel_symbols } = byId(host.capabilities);
  const paranoid = Number(Deno.readTextFileSync("/proc/sys/kernel/perf_event_paranoid"));
  assert.equal(isReady(host.capabilities), paranoid < 3, privileges?.detail);
  if (paranoid < 3) {
    assert.match(privileges?.detail ?? "", /; without CAP_SYS_ADMIN: no functions of programs \(uprobes\); /);
  } else assert.match(privileges?.detail ?? "", /lacks CAP_SYS_ADMIN \(kernel\.perf_event_paranoid is \d\)/);
  assert.equal(uprobe?.available, false);
  assert.match(uprobe?.fix ?? "", /CAP_SYS_ADMIN|those privileges/, uprobe?.detail);
  assert.equal(kernel_symbols?.available, false);
});

Deno.test("readHost() without cgroups, tracefs and securityfs is as ready as with them", async () => {
  const script = "umount -l /sys/fs/cgroup /sys/kernel/tracing /sys/kernel/debug /sys/kernel/security 2>/dev/null; " +
    '! grep -E " - (cgroup|tracefs|securityfs)" /proc/self/mountinfo && exec "$@"';
  const { host } = await hostSeenBy([...PRIVATE_MOUNTS, "sh", "-c", script, "sh"]);
  assert.equal(isReady(host.capabilities), true);
});

Deno.test("readHost() in a user namespace says that its capabilities do not count", async () => {
  const inside = ["unshare", "--user", "--map-root-user"];
  if (!(await new Deno.Command("unshare", { args: ["--user", "true"], stderr: "null" }).output()).success) {
    // nobody may make one here (a chroot, a hardened kernel): then nobody is in one, and the capabilities count
    assert.equal(byId(await readCapabilities()).privileges?.available, true);
    return;
  }
  const { privileges, tracepoint } = byId((await hostSeenBy(inside)).host.capabilities);
  assert.equal(privileges?.available, false);
  assert.match(privileges?.detail ?? "", /user namespace/);
  assert.equal(tracepoint?.available, false);
});

Deno.test("readHost() names a file system whose server does not answer, and does not wait for it", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    // a FUSE file system that nobody serves: the kernel waits for an answer as long as descriptor 3 is open
    const script =
      'd=$1; shift; exec 3<>/dev/fuse; mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 dead "$d"' +
      ' && "$@"';
    const seen = await hostSeenBy([...PRIVATE_MOUNTS, "sh", "-c", script, "sh", directory]);
    const { filesystems_unreadable } = seen.host.figures;
    assert.deepEqual(filesystems_unreadable?.filter(({ mount_point }) => mount_point === directory), [
      { mount_point: directory, type: "fuse", reason: "no answer within 500 ms: its server may be down" },
    ]);
    assert.ok(seen.host.figures.filesystems.some(({ mount_point }) => mount_point === "/"));
  } finally {
    Deno.removeSync(directory);
  }
});

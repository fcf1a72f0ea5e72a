import assert from "node:assert/strict";
import { type Needs, NO_NEEDS } from "../../../src/commands/needs.ts";
import { compileFilter } from "../../../src/commands/sandbox/filter.ts";
import { type FilterOptions, rulesFor } from "../../../src/commands/sandbox/rules.ts";
import { AUDIT_ARCH, callNumber, type SystemCall } from "../../../src/ffi/system_calls.ts";

const KILL = 0x8000_0000, ASK = 0x7fc0_0000, ALLOW = 0x7fff_0000;
const errno = (number: number): number => 0x0005_0000 | number;
const EPERM = errno(1), ENOSYS = errno(38);

/** Runs a filter as the kernel does (net/core/filter.c). */
function run(
  filter: Uint8Array<ArrayBuffer>,
  data: { number: number; arch?: number; args?: readonly bigint[] },
): number {
  const memory = new DataView(new ArrayBuffer(64));
  memory.setUint32(0, data.number, true);
  memory.setUint32(4, data.arch ?? AUDIT_ARCH, true);
  (data.args ?? []).forEach((arg, i) => memory.setBigUint64(16 + 8 * i, BigInt.asUintN(64, arg), true));
  const program = new DataView(filter.buffer);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = program.getUint16(8 * at, true), value = program.getUint32(8 * at + 4, true);
    const jump = (condition: boolean): number => program.getUint8(8 * at + (condition ? 2 : 3));
    if (code === 0x20) accumulator = memory.getUint32(value, true);
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x05) at += value;
    else if (code === 0x15) at += jump(accumulator === value);
    else if (code === 0x25) at += jump(accumulator > value);
    else if (code === 0x06) return value;
    else assert.fail(`instruction ${code.toString(16)}`);
  }
  return assert.fail("ran off its end");
}

/** The newest kernel with everything. */
const BEST: FilterOptions = {
  needs: NO_NEEDS,
  writes: "landlock",
  truncation_seen: true,
  signals_scoped: true,
  one_session: false,
};

function verdictOf(call: SystemCall, args: readonly number[], options: Partial<FilterOptions> = {}): number {
  const filter = compileFilter(rulesFor({ ...BEST, ...options }));
  const number = callNumber(call);
  return number === undefined ? ALLOW : run(filter, { number, args: args.map(BigInt) });
}

const needing = (needs: Partial<Needs>): { needs: Needs } => ({ needs: { ...NO_NEEDS, ...needs } });

Deno.test("the filter kills other architectures and knows no younger calls", () => {
  const filter = compileFilter(rulesFor(BEST));
  assert.equal(run(filter, { number: 1, arch: 0x4000_0003 }), KILL);
  assert.equal(run(filter, { number: 0x4000_0001 }), ENOSYS);
  assert.equal(run(filter, { number: 471 }), ENOSYS);
  assert.equal(run(filter, { number: callNumber("read")! }), ALLOW);
});

Deno.test("the filter denies what changes the host, and leaves its reading twin", () => {
  for (
    const call of [
      "mount",
      "umount2",
      "pivot_root",
      "move_mount",
      "init_module",
      "finit_module",
      "delete_module",
      "kexec_load",
      "reboot",
      "swapon",
      "swapoff",
      "settimeofday",
      "clock_settime",
      "bpf",
      "perf_event_open",
      "ptrace",
      "setns",
      "unshare",
      "process_vm_writev",
      "keyctl",
      "add_key",
      "sethostname",
      "acct",
      "io_uring_setup",
      "fchmodat",
      "fchownat",
      "setxattr",
      "utimensat",
      "mknodat",
      "open_by_handle_at",
      "mq_unlink",
      "chroot",
      "userfaultfd",
      "fanotify_init",
      "mq_timedreceive",
    ] as const
  ) assert.equal(verdictOf(call, []), EPERM, call);
  const pairs: readonly [SystemCall, readonly number[], readonly number[]][] = [
    ["clone", [0x0002_0000 | 17], [0x0120_0011]], // CLONE_NEWNS; what fork() uses
    ["syslog", [5], [3]],
    ["setpriority", [0, 77], [0, 0]],
    ["setpriority", [2, 0], [1, 0]], // all processes of the user; the own group
    ["prlimit64", [77, 7, 0x1000, 0], [77, 7, 0, 0x1000]],
    ["prlimit64", [77, 7, 2 ** 32, 0], [0, 7, 0x1000, 0]],
    ["shmctl", [1, 0], [1, 2]],
    ["semctl", [1, 0, 0x100], [1, 0, 2]],
    ["shmat", [1, 0, 0], [1, 0, 0o10000]],
    ["socket", [1, 1], [2, 1]],
    ["socket", [40, 1], [16, 3]],
    ["socket", [2, 1, 132], [2, 1, 6]], // SCTP, TCP
    ["socket", [10, 5, 132], [10, 3, 132]], // who may open raw sockets may choose
    ["socketpair", [1, 2], [1, 0o2000001]],
    ["fcntl", [3, 1024, 0], [3, 1, 0]], // F_SETLEASE, F_GETFD
    ["ioctl", [0, 0x8983], [0, 0x8993]], // SIOCSIFVLAN, SIOCBONDSLAVEINFOQUERY
    ["ioctl", [0, 0x89a2], [0, 0x8912]], // SIOCBRADDIF, SIOCGIFCONF
    ["ioctl", [0, 0x5412], [0, 0x5413]], // TIOCSTI, TIOCGWINSZ
    ["ioctl", [0, 0x4008_6602], [0, 0x8008_6601]], // FS_IOC_SETFLAGS, GETFLAGS
    ["ioctl", [0, 0x8914], [0, 0x8913]], // SIOCSIFFLAGS, SIOCGIFFLAGS
    ["mq_open", [0, 0o101], [0, 0]],
  ];
  for (const [call, denied, allowed] of pairs) {
    assert.equal(verdictOf(call, denied), EPERM, `${call} ${denied}`);
    assert.equal(verdictOf(call, allowed), ALLOW, `${call} ${allowed}`);
  }
  assert.equal(verdictOf("clone3", []), ENOSYS);
});

Deno.test("needs lift exactly what they name", () => {
  assert.equal(verdictOf("bpf", [], needing({ calls: ["bpf"] })), ALLOW);
  assert.equal(verdictOf("ptrace", [], needing({ calls: ["bpf"] })), EPERM);
  assert.equal(verdictOf("bpf", [2], needing({ calls: ["bpf"] })), EPERM); // BPF_MAP_UPDATE_ELEM
  assert.equal(verdictOf("bpf", [28], needing({ calls: ["bpf"] })), EPERM); // BPF_LINK_CREATE
  assert.equal(verdictOf("ptrace", [5], needing({ calls: ["ptrace"] })), EPERM); // PTRACE_POKEDATA
  assert.equal(verdictOf("ptrace", [2], needing({ calls: ["ptrace"] })), ALLOW);
  assert.equal(verdictOf("socket", [1], needing({ local_sockets: true })), ALLOW);
  assert.equal(
    verdictOf("mount", [], needing({ capabilities: ["SYS_ADMIN", "SYS_RAWIO"], local_sockets: true })),
    EPERM,
  );
  assert.equal(verdictOf("ioctl", [0, 0x2285]), EPERM);
  assert.equal(verdictOf("ioctl", [0, 0x2285], needing({ capabilities: ["SYS_RAWIO"] })), ALLOW);
});

Deno.test("signals stay within the command where Landlock does not see to it", () => {
  const options = { signals_scoped: false } as const;
  assert.equal(verdictOf("kill", [1, 15], options), EPERM);
  assert.equal(verdictOf("kill", [-1, 9], options), EPERM);
  assert.equal(verdictOf("kill", [0, 15], options), ALLOW);
  assert.equal(verdictOf("kill", [1, 0], options), ALLOW);
  assert.equal(verdictOf("pidfd_send_signal", [3, 9], options), EPERM);
  assert.equal(verdictOf("fcntl", [3, 8, 1], options), EPERM);
  assert.equal(verdictOf("fcntl", [3, 3], options), ALLOW);
  assert.equal(verdictOf("kill", [1, 15], { ...options, writes: "broker" }), ASK);
  assert.equal(verdictOf("kill", [1, 15]), ALLOW);
});

Deno.test("with the broker no file is opened for writing unasked", () => {
  const writes = { writes: "broker" } as const;
  for (const flags of [1, 2, 3, 0o100, 0o1000, 0o101, 0o20200002]) {
    assert.equal(verdictOf("openat", [-100, 0, flags], writes), ASK, flags.toString(8));
  }
  for (const flags of [0, 0o2000000, 0o200000, 0o10000000]) {
    assert.equal(verdictOf("openat", [-100, 0, flags], writes), ALLOW, flags.toString(8));
  }
  assert.equal(verdictOf("openat2", [], writes), ENOSYS);
  assert.equal(verdictOf("renameat2", [], writes), errno(13));
  assert.equal(verdictOf("unlinkat", [], writes), ASK);
  assert.equal(verdictOf("bind", [], writes), ASK);
});

Deno.test("no process leaves the session where it must not", () => {
  assert.equal(verdictOf("setsid", [], { one_session: true }), EPERM);
  assert.equal(verdictOf("setsid", []), ALLOW);
});

Deno.test("a file is not cut off where Landlock does not see it", () => {
  const old = { truncation_seen: false } as const;
  assert.equal(verdictOf("openat", [-100, 0, 0o1000], old), errno(13));
  assert.equal(verdictOf("openat", [-100, 0, 0o1101], old), ALLOW); // opened for writing: Landlock's
  assert.equal(verdictOf("truncate", [], old), errno(13));
  assert.equal(verdictOf("openat2", [], old), ENOSYS);
  assert.equal(verdictOf("openat", [-100, 0, 0o1000]), ALLOW);
});

import assert from "node:assert/strict";
import { errnoName, errnoOf } from "../../../src/kernel/errno.ts";
import { fieldMeaning } from "../../../src/kernel/tracing/meanings.ts";
import { syscallName, syscallNumber, syscallTable } from "../../../src/kernel/tracing/syscalls.ts";

type Value = number | bigint;

function say(event: string, field: string, value: Value, arch: "x86_64" | "aarch64" = "x86_64"): string | Value {
  const [category = "", name = ""] = event.split(":");
  const meaning = fieldMeaning(category, name, field, { arch });
  assert.ok(meaning, `${event}.${field}`);
  return meaning.describe(value);
}

Deno.test("fieldMeaning() decodes open flags with the access mode", () => {
  const openat = (flags: number): string | Value => say("syscalls:sys_enter_openat", "flags", flags);
  assert.equal(openat(0), "O_RDONLY");
  assert.equal(openat(0o2000000), "O_RDONLY|O_CLOEXEC");
  assert.equal(openat(0o2001101), "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC");
  assert.equal(openat(0o2200000), "O_RDONLY|O_DIRECTORY|O_CLOEXEC");
  assert.equal(openat(0o20200002), "O_RDWR|O_TMPFILE");
  assert.equal(openat(0o4010001), "O_WRONLY|O_SYNC");
  assert.equal(openat(0x40000000), "O_RDONLY|0x40000000");
});

Deno.test("fieldMeaning() knows that arm64 has four open flags elsewhere", () => {
  const event = "syscalls:sys_enter_openat";
  assert.equal(say(event, "flags", 0o40000, "x86_64"), "O_RDONLY|O_DIRECT");
  assert.equal(say(event, "flags", 0o40000, "aarch64"), "O_RDONLY|O_DIRECTORY");
  assert.equal(say(event, "flags", 0o200000, "aarch64"), "O_RDONLY|O_DIRECT");
});

Deno.test("fieldMeaning() names AT_FDCWD and leaves descriptors numbers", () => {
  assert.equal(say("syscalls:sys_enter_openat", "dfd", -100), "AT_FDCWD");
  assert.equal(say("syscalls:sys_enter_openat", "dfd", 5), 5);
});

Deno.test("fieldMeaning() decodes sockets, signals, mappings and modes of system calls", () => {
  assert.equal(say("syscalls:sys_enter_socket", "family", 2), "AF_INET");
  assert.equal(say("syscalls:sys_enter_socket", "type", 0x80801), "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK");
  assert.equal(say("syscalls:sys_enter_socket", "protocol", 17), "IPPROTO_UDP");
  assert.equal(say("syscalls:sys_enter_kill", "sig", 9), "SIGKILL");
  assert.equal(say("syscalls:sys_enter_mmap", "prot", 5), "PROT_READ|PROT_EXEC");
  assert.equal(say("syscalls:sys_enter_mmap", "prot", 0), "PROT_NONE");
  assert.equal(say("syscalls:sys_enter_mmap", "flags", 0x22), "MAP_PRIVATE|MAP_ANONYMOUS");
  assert.equal(say("syscalls:sys_enter_clone", "clone_flags", 17n), "SIGCHLD");
  assert.equal(
    say("syscalls:sys_enter_clone", "clone_flags", 0x3d0f00),
    "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID",
  );
  assert.equal(say("syscalls:sys_enter_futex", "op", 128), "FUTEX_WAIT|FUTEX_PRIVATE_FLAG");
  assert.equal(say("syscalls:sys_enter_mkdirat", "mode", 0o755), "0755");
  assert.equal(say("syscalls:sys_enter_unlinkat", "flag", 0x200), "AT_REMOVEDIR");
  assert.equal(say("syscalls:sys_enter_access", "mode", 0), "F_OK");
});

Deno.test("fieldMeaning() names errors of returning calls and leaves results numbers", () => {
  assert.equal(say("syscalls:sys_exit_connect", "ret", -111), "ECONNREFUSED");
  assert.equal(say("syscalls:sys_exit_read", "ret", 111), 111);
  assert.equal(say("raw_syscalls:sys_exit", "ret", -2n), "ENOENT");
  assert.equal(say("sock:inet_sk_error_report", "error", 110), "ETIMEDOUT");
  assert.equal(say("block:block_rq_complete", "error", -5), "EIO");
});

Deno.test("fieldMeaning() decodes signals, page faults and system call numbers of tracepoints", () => {
  assert.equal(say("signal:signal_generate", "sig", 11), "SIGSEGV");
  assert.equal(say("signal:signal_generate", "sig", 36), "SIGRTMIN+2");
  assert.equal(say("signal:signal_generate", "code", 128), "SI_KERNEL");
  assert.equal(say("signal:signal_generate", "code", -6), "SI_TKILL");
  assert.equal(say("signal:signal_generate", "result", 1), "ignored");
  assert.equal(say("exceptions:page_fault_user", "error_code", 6), "WRITE|USER");
  assert.equal(say("raw_syscalls:sys_enter", "id", 42, "x86_64"), "connect");
  assert.equal(say("raw_syscalls:sys_enter", "id", 203, "aarch64"), "connect");
  assert.equal(say("skb:kfree_skb", "protocol", 0x86dd), "IPv6");
});

Deno.test("fieldMeaning() leaves plain values alone", () => {
  for (
    const [category, event, field] of [
      ["syscalls", "sys_enter_read", "count"],
      ["syscalls", "sys_enter_set_mempolicy", "mode"],
      ["syscalls", "sys_enter_fallocate", "mode"],
      ["sched", "sched_switch", "next_pid"],
    ] as const
  ) assert.equal(fieldMeaning(category, event, field), undefined, `${event}.${field}`);
});

Deno.test("errnoName() takes both signs, kernel-internal errors too", () => {
  assert.equal(errnoName(-2), "ENOENT");
  assert.equal(errnoName(2n), "ENOENT");
  assert.equal(errnoName(11), "EAGAIN");
  assert.equal(errnoName(95), "EOPNOTSUPP");
  assert.equal(errnoName(35), "EDEADLK");
  assert.equal(errnoName(-512), "ERESTARTSYS");
  assert.equal(errnoName(0), undefined);
  assert.equal(errnoName(4000), undefined);
  assert.equal(errnoOf(-111)?.meaning, "Connection refused");
});

Deno.test("syscallName() follows each architecture's own numbers", () => {
  assert.deepEqual([0, 59, 257, 435, 472].map((nr) => syscallName(nr, "x86_64")), [
    "read",
    "execve",
    "openat",
    "clone3",
    "fchroot",
  ]);
  assert.deepEqual([56, 63, 221, 260, 435].map((nr) => syscallName(nr, "aarch64")), [
    "openat",
    "read",
    "execve",
    "wait4",
    "clone3",
  ]);
  assert.equal(syscallName(9999, "x86_64"), undefined);
  assert.equal(syscallNumber("openat", "aarch64"), 56);
  assert.equal(syscallNumber("open", "aarch64"), undefined);
  for (const arch of ["x86_64", "aarch64"] as const) {
    const names = [...syscallTable(arch).values()];
    assert.equal(new Set(names).size, names.length, "every name once");
  }
});

import assert from "node:assert/strict";
import {
  type FunctionResolution,
  type KernelFunctions,
  mayProbe,
  type ResolvedFunction,
  resolveFunction,
} from "../../../src/kernel/functions/mod.ts";
import { ALL_KERNELS, LINUX_KERNELS, recordedFunctions, type RecordedKernel } from "./recorded_functions.ts";

function found(target: string, kernel: KernelFunctions): ResolvedFunction {
  const resolution = resolveFunction(target, kernel);
  assert.ok(resolution.kind === "function", `${target}: ${Deno.inspect(resolution)}`);
  return resolution;
}

function failure(
  target: string,
  kernel: KernelFunctions,
): Extract<FunctionResolution, { kind: "unknown" | "pattern" }> {
  const resolution = resolveFunction(target, kernel);
  assert.ok("error" in resolution, `${target} was found`);
  return resolution;
}

/** What a target is called in each of Debian's kernels, 5.10, 6.1, 6.12 and 7.3, and in the hardened 6.18. */
const NAMES: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  tcp_connect: ["tcp_connect", "tcp_connect", "tcp_connect", "tcp_connect", "tcp_connect"],
  tcp_sendmsg: ["tcp_sendmsg", "tcp_sendmsg", "tcp_sendmsg", "tcp_sendmsg", "tcp_sendmsg"],
  do_fork: ["kernel_clone", "kernel_clone", "kernel_clone", "kernel_clone", "kernel_clone"],
  _do_fork: ["kernel_clone", "kernel_clone", "kernel_clone", "kernel_clone", "kernel_clone"],
  vfs_read: ["vfs_read", "vfs_read", "vfs_read", "vfs_read", "vfs_read"],
  vfs_write: ["vfs_write", "vfs_write", "vfs_write", "vfs_write", "vfs_write"],
  schedule: ["schedule", "schedule", "schedule", "schedule", "schedule"],
  __alloc_pages_nodemask: [
    "__alloc_pages_nodemask",
    "__alloc_pages",
    "__alloc_pages_noprof",
    "__alloc_frozen_pages_noprof",
    "__alloc_frozen_pages_noprof",
  ],
  __alloc_frozen_pages_noprof: [
    "__alloc_pages_nodemask",
    "__alloc_pages",
    "__alloc_pages_noprof",
    "__alloc_frozen_pages_noprof",
    "__alloc_frozen_pages_noprof",
  ],
  kfree_skb: ["kfree_skb", "kfree_skb_reason", "sk_skb_reason_drop", "sk_skb_reason_drop", "sk_skb_reason_drop"],
  finish_task_switch: [
    "finish_task_switch",
    "finish_task_switch.isra.0",
    "finish_task_switch.isra.0",
    "finish_task_switch.isra.0",
    "finish_task_switch.isra.0",
  ],
  generic_make_request: [
    "submit_bio_noacct",
    "submit_bio_noacct",
    "submit_bio_noacct",
    "submit_bio_noacct",
    "submit_bio_noacct",
  ],
  kmalloc: ["__kmalloc", "__kmalloc", "__kmalloc_noprof", "__kmalloc_noprof", "__kmalloc_noprof"],
  add_to_page_cache_lru: [
    "add_to_page_cache_lru",
    "add_to_page_cache_lru",
    "add_to_page_cache_lru",
    "add_to_page_cache_lru",
    "add_to_page_cache_lru",
  ],
  shrink_page_list: [
    "shrink_page_list",
    "shrink_folio_list",
    "shrink_folio_list",
    "shrink_folio_list",
    "shrink_folio_list",
  ],
  do_unlinkat: ["do_unlinkat", "do_unlinkat", "do_unlinkat", "filename_unlinkat", "do_unlinkat"],
};

Deno.test("resolveFunction() finds each target under the name of each kernel, and it may be probed", () => {
  for (const [target, names] of Object.entries(NAMES)) {
    ALL_KERNELS.forEach((kernel, index) => {
      const resolution = found(`kprobe:${target}`, recordedFunctions(kernel));
      assert.equal(resolution.name, names[index], `${target} on ${kernel}`);
      assert.ok(mayProbe(resolution), `${target} on ${kernel}: ${Deno.inspect(resolution.kprobe)}`);
      assert.equal(resolution.asked, target);
      assert.equal(typeof resolution.address, "bigint");
      assert.equal(resolution.note === undefined, resolution.name === target && !hasSuccessor(target, kernel));
    });
  }
});

/** The name is still there, and another one does its work. */
function hasSuccessor(target: string, kernel: RecordedKernel): boolean {
  return target === "add_to_page_cache_lru" && kernel !== "linux-5.10";
}

Deno.test("resolveFunction() says since when a function has another name, in both directions", () => {
  const note = (target: string, kernel: RecordedKernel) => found(target, recordedFunctions(kernel)).note;
  assert.equal(note("do_fork", "linux-7.3"), "do_fork became kernel_clone in Linux 5.10");
  assert.equal(note("kfree_skb", "linux-6.1"), "kfree_skb became kfree_skb_reason in Linux 5.17");
  assert.equal(
    note("__alloc_pages_noprof", "linux-5.10"),
    "__alloc_pages_noprof is __alloc_pages_nodemask before Linux 5.13",
  );
  assert.equal(note("__alloc_pages_noprof", "linux-6.1"), "__alloc_pages_noprof is __alloc_pages before Linux 6.10");
  assert.equal(note("anon_pipe_read", "linux-6.12"), "anon_pipe_read is pipe_read before Linux 6.15");
  assert.equal(note("do_unlinkat", "linux-7.3"), "do_unlinkat became filename_unlinkat in newer kernels");
});

Deno.test("resolveFunction() says so where most calls go to a newer function", () => {
  const pages = found("__alloc_pages_noprof", recordedFunctions("linux-7.3"));
  assert.equal(pages.name, "__alloc_pages_noprof");
  assert.equal(
    pages.note,
    "__alloc_pages_noprof became __alloc_frozen_pages_noprof in Linux 6.14, which this kernel has as well",
  );
  assert.equal(found("__alloc_pages_noprof", recordedFunctions("linux-6.12")).note, undefined);
  // both were there for long; what became of them later is nothing to a kernel of before
  const transmit = found("dev_queue_xmit", recordedFunctions("linux-5.10"));
  assert.deepEqual([transmit.name, transmit.note], ["dev_queue_xmit", undefined]);
});

Deno.test("resolveFunction() knows a copy that is left over of an inlined function: kallsyms proves nothing", () => {
  // static, described by BTF, not traceable: its callers have it inside of them
  const start = found("blk_account_io_start", recordedFunctions("linux-6.12"));
  assert.deepEqual(start.kprobe, {
    may: false,
    why: "blk_account_io_start is not traceable in this kernel (inlined, or marked notrace)",
  });
  assert.ok(!mayProbe(start));
  assert.ok(mayProbe(found("blk_account_io_start", recordedFunctions("linux-5.10"))));
  assert.equal(resolveFunction("blk_account_io_start", recordedFunctions("linux-6.1")).kind, "unknown");
  // the function that does the work now is better than such a copy
  const transmit = found("dev_queue_xmit", recordedFunctions("linux-6.1"));
  assert.equal(transmit.name, "__dev_queue_xmit");
  assert.ok(mayProbe(transmit));
});

Deno.test("resolveFunction() tells why fentry or kprobe cannot be tried", () => {
  const kernel = recordedFunctions("linux-6.12");
  const suffixed = found("finish_task_switch", kernel);
  assert.deepEqual(suffixed.fentry, { may: false, why: "finish_task_switch.isra.0 is not in this kernel's BTF" });
  assert.deepEqual(suffixed.kprobe, { may: true });
  assert.equal(suffixed.base_name, "finish_task_switch");
  const fault = found("exc_page_fault", kernel);
  assert.deepEqual(fault.kprobe, { may: false, why: "exc_page_fault is on the kernel's blacklist of kprobes" });
  assert.match(fault.fentry.may ? "" : fault.fentry.why, /^exc_page_fault is not traceable in this kernel/);
  const bare = found("tcp_connect", recordedFunctions("linux-6.12", { btf: () => undefined }));
  assert.deepEqual(bare.fentry, { may: false, why: "this kernel has no BTF" });
  assert.deepEqual(bare.kprobe, { may: true });
});

Deno.test("resolveFunction() does not attach by name where several functions share it", () => {
  const kernel = recordedFunctions("linux-6.12");
  const [first, ...others] = kernel.symbols("seq_show") ?? [];
  assert.ok(first !== undefined && others.length > 0, "seq_show was recorded more than once");
  const shared = found("seq_show", recordedFunctions("linux-6.12", { filter_functions: () => undefined }));
  assert.equal(shared.address, first.address);
  assert.match(shared.note ?? "", /^\d more of this name: seq_show at 0x[0-9a-f]{16}/);
  assert.equal(shared.fentry.may, false);
});

Deno.test("resolveFunction() never takes a cold part", () => {
  for (const kernel of LINUX_KERNELS) {
    for (const target of Object.keys(NAMES)) {
      assert.ok(!found(target, recordedFunctions(kernel)).name.includes(".cold"), `${target} on ${kernel}`);
    }
  }
  assert.equal(resolveFunction("tcp_connect.cold", recordedFunctions("linux-7.3")).kind, "unknown");
});

Deno.test("resolveFunction() says so where a part of a function is all there is", () => {
  const kallsyms = () => "ffffffff81000100 t lookup_slow.part.0\n";
  const part = found("lookup_slow", recordedFunctions("hardened-6.18", { kallsyms }));
  assert.equal(
    part.note,
    "the compiler made lookup_slow.part.0 of lookup_slow; its callers contain the rest of it, so not every call is seen",
  );
});

Deno.test("resolveFunction() takes modules, in front and behind", () => {
  const kernel = recordedFunctions("linux-7.3");
  for (const target of ["nf_conntrack:nf_conntrack_in", "nf_conntrack_in", "nf_conntrack_in [nf_conntrack]"]) {
    const resolution = found(target, kernel);
    assert.deepEqual([resolution.name, resolution.module, resolution.note], [
      "nf_conntrack_in",
      "nf_conntrack",
      undefined,
    ]);
    assert.ok(resolution.fentry.may);
  }
  assert.equal(found("vmlinux:tcp_connect", kernel).note, undefined);
  assert.equal(found("xfs:tcp_connect", kernel).note, "tcp_connect is in the kernel itself");
  assert.equal(found("vmlinux:nf_conntrack_in", kernel).note, "nf_conntrack_in is in module nf_conntrack");
  const old = found("nf_conntrack_in", recordedFunctions("linux-5.10"));
  assert.deepEqual(old.fentry, { may: false, why: "module nf_conntrack has no BTF" });
});

Deno.test("resolveFunction() answers functions of system calls by the system call", () => {
  const kernel = recordedFunctions("linux-6.12");
  for (
    const target of [
      "__x64_sys_connect",
      "sys_connect",
      "SyS_connect",
      "kprobe:__arm64_sys_connect",
      "__se_sys_connect",
    ]
  ) {
    const resolution = resolveFunction(target, kernel);
    assert.ok(resolution.kind === "syscall", `${target}: ${Deno.inspect(resolution)}`);
    assert.equal(resolution.call, "connect");
  }
  const stat = resolveFunction("__x64_sys_newstat", kernel);
  assert.ok(stat.kind === "syscall" && stat.call === "newstat");
  assert.equal(found("ksys_read", kernel).name, "ksys_read");
  assert.equal(found("__sys_connect", kernel).name, "__sys_connect");
  assert.equal(resolveFunction("sys_unheard_of", kernel).kind, "unknown");
});

Deno.test("resolveFunction() knows the system calls of the architecture, and those that it never had", () => {
  const kallsyms = () => "ffff800080010000 T __arm64_sys_connect\nffff800080010100 T __arm64_sys_some_new_call\n";
  const arm64 = recordedFunctions("linux-6.12", { arch: "aarch64", kallsyms });
  for (const call of ["connect", "some_new_call", "open"]) {
    const resolution = resolveFunction(`__arm64_sys_${call}`, arm64);
    assert.ok(resolution.kind === "syscall" && resolution.call === call, call);
  }
  assert.equal(resolveFunction("__arm64_sys_some_old_call", arm64).kind, "unknown");
});

Deno.test("resolveFunction() refuses instructions, patterns, and what is no name", () => {
  const kernel = recordedFunctions("linux-6.12");
  const inside = failure("tcp_connect+0x10", kernel);
  assert.equal(inside.hint, "Ask for tcp_connect.");
  assert.match(inside.error, /^Cannot probe tcp_connect\+0x10: an instruction inside of a function is not probed/);
  const pattern = failure("kprobe:vfs_*", kernel);
  assert.equal(pattern.kind, "pattern");
  assert.match(pattern.error, /^Cannot probe vfs_\*: it matches \d+ functions, and one program probes one function\.$/);
  assert.match(pattern.hint, /^Name one of: vfs_\w+, .*ktriage probes list 'vfs_\*' shows all\.$/);
  for (const target of ["", "  ", "kprobe:", "two words", "a;b", "../x"]) {
    assert.equal(failure(target, kernel).kind, "unknown", target);
  }
});

Deno.test("resolveFunction() takes a pattern that only one function matches", () => {
  const only = found("tcp_v4_connec?", recordedFunctions("linux-6.12"));
  assert.deepEqual([only.name, only.note], ["tcp_v4_connect", "tcp_v4_connec? matches only tcp_v4_connect"]);
});

Deno.test("resolveFunction() names the nearest functions that can be probed", () => {
  const kernel = recordedFunctions("linux-6.12");
  const typo = failure("tcp_conect", kernel);
  assert.equal(
    typo.error,
    "Cannot probe tcp_conect: this kernel has no such function, or the compiler has inlined it.",
  );
  assert.match(typo.hint, /^Nearest: tcp_connect/);
  assert.ok(!failure("blk_acount_io_start", kernel).hint.includes("blk_account_io_start"), "which cannot be probed");
  assert.equal(failure("zzzzzzzzzzzz", kernel).hint, "ktriage probes list '<pattern>' shows what can be probed.");
});

Deno.test("resolveFunction() goes on without addresses, and without kallsyms", () => {
  const kallsyms = recordedFunctions("linux-6.12");
  const hidden = (kallsyms.symbols("tcp_connect") ?? []).map(({ name }) => `0000000000000000 T ${name}\n`).join("");
  const without_address = found("tcp_connect", recordedFunctions("linux-6.12", { kallsyms: () => hidden }));
  assert.equal(without_address.address, undefined);
  assert.ok(without_address.fentry.may && without_address.kprobe.may);
  const none = recordedFunctions("linux-6.12", { kallsyms: () => undefined });
  assert.equal(found("do_fork", none).name, "kernel_clone");
  assert.equal(resolveFunction("tcp_conect", none).kind, "unknown");
  const nothing = recordedFunctions("linux-6.12", {
    kallsyms: () => undefined,
    btf: () => undefined,
    filter_functions: () => undefined,
  });
  const guess = found("tcp_connect", nothing);
  assert.deepEqual([guess.fentry.may, guess.kprobe.may], [false, true]);
});

Deno.test("resolveFunction() does not read the list of traceable functions for a global one that BTF describes", () => {
  let reads = 0;
  const kernel = recordedFunctions("linux-6.12", {
    filter_functions: () => {
      reads++;
      return [];
    },
  });
  assert.ok(mayProbe(found("tcp_connect", kernel)));
  assert.equal(reads, 0);
  assert.ok(!mayProbe(found("blk_account_io_start", kernel)));
  assert.equal(reads, 1);
});

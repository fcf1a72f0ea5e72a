import assert from "node:assert/strict";
import { equivalentsOf } from "../../../src/kernel/functions/mod.ts";
import { equivalentRows } from "../../../src/kernel/functions/equivalents_table.ts";
import { otherNames } from "../../../src/kernel/functions/renames.ts";
import { syscallNumber } from "../../../src/kernel/tracing/syscalls.ts";
import { recordedTexts } from "../recorded_formats.ts";
import { fieldOf, recordedFormat } from "../recorded_formats.ts";

const EVENTS = ["5.10", "7.3"].map((kernel) =>
  new Set(Deno.readTextFileSync(new URL(`../../data/formats/events-${kernel}.txt`, import.meta.url)).trim().split("\n"))
);
const [OLD, NEW] = EVENTS as [Set<string>, Set<string>];

/** The first one that a kernel has. */
function first(name: string, events: ReadonlySet<string>): string | undefined {
  return equivalentsOf(name, { arch: "x86_64" }).find(({ event }) => events.has(event))?.event;
}

Deno.test("equivalentsOf() has an event for every function of the contract, on old and new kernels", () => {
  for (
    const [name, old_event, new_event] of [
      ["do_fork", "sched:sched_process_fork", "sched:sched_process_fork"],
      ["kernel_clone", "sched:sched_process_fork", "sched:sched_process_fork"],
      ["tcp_connect", "sock:inet_sock_set_state", "sock:inet_sock_set_state"],
      ["tcp_sendmsg", "raw_syscalls:sys_enter", "sock:sock_send_length"],
      ["vfs_read", "raw_syscalls:sys_enter", "raw_syscalls:sys_enter"],
      ["vfs_write", "raw_syscalls:sys_enter", "raw_syscalls:sys_enter"],
      ["schedule", "sched:sched_switch", "sched:sched_switch"],
      ["__alloc_pages_nodemask", "kmem:mm_page_alloc", "kmem:mm_page_alloc"],
      ["__alloc_frozen_pages_noprof", "kmem:mm_page_alloc", "kmem:mm_page_alloc"],
      ["blk_account_io_start", "block:block_rq_issue", "block:block_io_start"],
      ["account_page_dirtied", "writeback:writeback_dirty_page", "writeback:writeback_dirty_folio"],
      ["kfree_skb", "skb:kfree_skb", "skb:kfree_skb"],
    ] as const
  ) {
    assert.deepEqual([first(name, OLD), first(name, NEW)], [old_event, new_event], name);
  }
});

Deno.test("equivalentsOf() narrows an event down to what the function is about", () => {
  const [connect] = equivalentsOf("tcp_connect");
  assert.deepEqual(connect?.match, { field: "newstate", values: [2] });
  const [send] = equivalentsOf("tcp_sendmsg");
  assert.deepEqual([send?.match, send?.returned_in], [{ field: "protocol", values: [6] }, "ret"]);
  assert.equal(equivalentsOf("do_fork")[0]?.match, undefined);
});

Deno.test("equivalentsOf() matches system calls by the numbers of the architecture", () => {
  for (const arch of ["x86_64", "aarch64"] as const) {
    const [read] = equivalentsOf("vfs_read", { arch });
    const numbers = [syscallNumber("read", arch), syscallNumber("pread64", arch)];
    assert.deepEqual(read?.match, { field: "id", values: numbers });
    assert.ok(read?.has_return && read.is_exact);
    // arm64 never had poll and select
    const [poll] = equivalentsOf("do_sys_poll", { arch });
    assert.equal(poll?.match?.values.length, arch === "x86_64" ? 2 : 1);
  }
});

Deno.test("equivalentsOf() answers functions of one system call by that call, whose arguments are decoded", () => {
  for (const name of ["ksys_read", "__sys_connect", "__do_sys_clone", "__x64_sys_openat", "sys_read"]) {
    const [only, ...others] = equivalentsOf(name);
    assert.deepEqual([others.length, only?.has_return, only?.match], [0, true, undefined], name);
    assert.ok(NEW.has(only?.event ?? ""), `${name}: ${only?.event}`);
  }
});

Deno.test("equivalentsOf() has an event of its own for the return, where the kernel has one", () => {
  const on_return = equivalentsOf("try_to_free_pages", { phase: "return" });
  assert.deepEqual(on_return.map(({ event, returned_in }) => [event, returned_in]), [
    ["vmscan:mm_vmscan_direct_reclaim_end", "nr_reclaimed"],
  ]);
  assert.deepEqual(equivalentsOf("try_to_free_pages").map(({ event }) => event), [
    "vmscan:mm_vmscan_direct_reclaim_begin",
  ]);
});

Deno.test("equivalentsOf() takes compiled variants, and has nothing for what it does not know", () => {
  assert.deepEqual(equivalentsOf("finish_task_switch.isra.0"), equivalentsOf("finish_task_switch"));
  assert.deepEqual(equivalentsOf("unheard_of"), []);
  assert.deepEqual(equivalentsOf(""), []);
});

Deno.test("every row names events, fields and system calls that kernels have, and says what is not the same", () => {
  const rows = [...equivalentRows()];
  assert.ok(rows.length > 300, `${rows.length} rows`);
  for (const { function_name, what, match, is_exact, says, returned_in } of rows) {
    const about = `${function_name}: ${what}`;
    assert.match(function_name, /^\w+$/);
    assert.ok(is_exact || says !== "", `${about} is not the same, and does not say how`);
    assert.ok(typeof what === "string" || match === undefined, about);
    if (typeof what === "string") {
      assert.ok(OLD.has(what) || NEW.has(what) || MODULES.test(what), `no such event: ${about}`);
    } else if (what.length === 1) {
      assert.ok(NEW.has(`syscalls:sys_enter_${what[0]}`), `no such event: ${about}`);
    } else {
      for (const call of what) assert.equal(typeof syscallNumber(call, "x86_64"), "number", `${about}: ${call}`);
      assert.ok(what.length <= 8, `${about}: more values than a program compares`);
    }
    const format = typeof what === "string" && recordedTexts("7.3").has(what) ? recordedFormat("7.3", what) : undefined;
    const fields = [match?.replace(/=.*/, ""), returned_in].filter((name) => name !== undefined);
    if (format !== undefined) fields.forEach((name) => assert.ok(fieldOf(format, name).size > 0, about));
  }
});

/** Their events are there while a module is loaded; icmp's came with 6.11, behind an option. */
const MODULES = /^(ext4|jbd2|nvme|scsi|migrate|icmp):/;

Deno.test("names of one function in different kernels share their equivalents", () => {
  for (
    const name of ["do_fork", "kfree_skb", "account_page_dirtied", "__alloc_pages_nodemask", "blk_account_io_start"]
  ) {
    for (const other of otherNames(name)) {
      assert.deepEqual(equivalentsOf(other.name), equivalentsOf(name), `${name} and ${other.name}`);
    }
  }
});

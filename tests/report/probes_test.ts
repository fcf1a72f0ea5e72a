import assert from "node:assert/strict";
import type { ListedProbe, Rehearsal } from "../../src/protocol/mod.ts";
import { ansi, plain } from "../../src/report/paint.ts";
import { listedText, rehearsalText } from "../../src/report/probes.ts";
import { assertGolden } from "../support/golden.ts";

const WIDE = { width: 100, paint: plain };

const NO_PROBES: Rehearsal = {
  asked: "kprobe:do_fork",
  resolution: {
    kind: "function",
    asked: "do_fork",
    name: "kernel_clone",
    base_name: "kernel_clone",
    address: 0xffffffff81356580n,
    note: "do_fork became kernel_clone in Linux 5.10",
    fentry: { may: true },
    kprobe: { may: true },
  },
  signature: "pid_t kernel_clone(struct kernel_clone_args *args)",
  steps: [
    { kind: "fentry", outcome: "refused", event: "fentry:kernel_clone", why: "this kernel refuses fentry" },
    { kind: "kprobe_multi", outcome: "refused", event: "kprobe:kernel_clone", why: "this kernel has no kprobe.multi" },
    { kind: "kprobe", outcome: "refused", event: "kprobe:kernel_clone", why: "this kernel has no kprobes" },
    { kind: "tracepoint", outcome: "taken", event: "sched:sched_process_fork", why: "without calls that fail" },
  ],
  event: "sched:sched_process_fork",
  attached_as: "kernel_clone (do_fork became kernel_clone in Linux 5.10) via tracepoint sched:sched_process_fork: " +
    "this kernel refuses fentry and has no kprobes; without calls that fail",
};

const MODULE: Rehearsal = {
  asked: "fentry:nf_conntrack_in",
  resolution: {
    kind: "function",
    asked: "nf_conntrack_in",
    name: "nf_conntrack_in",
    base_name: "nf_conntrack_in",
    module: "nf_conntrack",
    fentry: { may: true },
    kprobe: { may: true },
  },
  steps: [
    { kind: "fentry", outcome: "taken", event: "fentry:nf_conntrack_in" },
    { kind: "kprobe", outcome: "spare", event: "kprobe:nf_conntrack_in" },
  ],
  event: "fentry:nf_conntrack_in",
};

const UNPRIVILEGED: Rehearsal = {
  asked: "kprobe:blk_account_io_start",
  steps: [
    { kind: "fentry", outcome: "refused", why: "blk_account_io_start is not traceable in this kernel" },
    { kind: "kprobe", outcome: "untried", event: "kprobe:blk_account_io_start" },
    { kind: "tracepoint", outcome: "untried", event: "block:block_io_start" },
  ],
};

const LISTED: readonly ListedProbe[] = [
  {
    type: "tracepoint",
    target: "sock:inet_sock_set_state",
    arguments: [{ name: "skaddr", type: "const void *" }, { name: "newstate", type: "int" }, {
      name: "saddr",
      type: "__u8[4]",
    }],
  },
  { type: "tracepoint", target: "ftrace:function" },
  { type: "raw_tracepoint", target: "tcp_probe", arguments: [{ name: "sk", type: "struct sock *" }] },
  { type: "kprobe", target: "tcp_connect", arguments: [{ name: "sk", type: "struct sock *" }], returns: "int" },
  { type: "kprobe", target: "nf_conntrack:nf_ct_cleanup", arguments: [] },
  {
    type: "kprobe",
    target: "skb_clone",
    arguments: [{ name: "skb", type: "struct sk_buff *" }],
    returns: "struct sk_buff *",
  },
  { type: "kprobe", target: "a_function_with_a_name_that_is_longer_than_the_column" },
  { type: "uprobe", target: "libc:malloc" },
];

Deno.test("rehearsalText() reads as recorded: taken, spare and untried ways, wide and narrow", () => {
  assertGolden("probes_resolve", [NO_PROBES, MODULE, UNPRIVILEGED].map((each) => rehearsalText(each, WIDE)).join("\n"));
  assertGolden("probes_resolve_narrow", rehearsalText(NO_PROBES, { width: 60, paint: plain }));
});

Deno.test("rehearsalText() leaves what failed to standard error, and shows what was asked", () => {
  assert.equal(
    rehearsalText({ asked: "kprobe:nothing", steps: [], error: "Cannot probe nothing.", hint: "" }, WIDE),
    "kprobe:nothing\n",
  );
});

Deno.test("rehearsalText() of a hostile name moves no cursor", () => {
  const text = rehearsalText({
    asked: "kprobe:\x1b[2J",
    steps: [{ kind: "kprobe", outcome: "untried", why: "\x1b[A" }],
  }, WIDE);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert.doesNotMatch(text, /\x1b/);
});

Deno.test("listedText() reads as recorded, a target a line", () => {
  const text = listedText(LISTED, { paint: plain });
  assertGolden("probes_list", text);
  assert.equal(text.trimEnd().split("\n").length, LISTED.length);
  assert.match(listedText(LISTED, { paint: ansi }), new RegExp("^kprobe:tcp_connect +\u001b\\[2mint tcp_connect", "m"));
  assert.equal(listedText([], { paint: plain }), "");
});

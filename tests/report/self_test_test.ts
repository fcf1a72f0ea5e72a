import assert from "node:assert/strict";
import type { SelfTest } from "../../src/protocol/mod.ts";
import { plain } from "../../src/report/paint.ts";
import { selfTestText } from "../../src/report/self_test.ts";
import { assertGolden } from "../support/golden.ts";

const WIDE = { width: 90, paint: plain };

const WORKS: SelfTest = {
  schema: "ktriage.self_test/1",
  works: true,
  hostname: "db1",
  kernel: "6.1.0-25-amd64",
  architecture: "x86_64",
  duration_ms: 2140,
  items: [
    {
      id: "session",
      outcome: "ok",
      attached_as: "/sys/kernel/tracing",
      detail: "ring buffer made, own processes followed",
      duration_ms: 45,
    },
    {
      id: "kprobe",
      outcome: "absent",
      detail: "this kernel has no kprobe events: CONFIG_KPROBES is off",
      duration_ms: 0,
    },
    {
      id: "kernel_function",
      outcome: "ok",
      attached_as: "do_filp_open via tracepoint syscalls:sys_enter_openat: this kernel has no kprobes",
      detail: "20 calls, the best way that this kernel has",
      duration_ms: 263,
    },
    { id: "nothing_left", outcome: "ok", detail: "no descriptor, process or file is left", duration_ms: 6 },
  ],
};

const FAILS: SelfTest = {
  ...WORKS,
  works: false,
  items: [
    {
      id: "session",
      outcome: "failed",
      detail: "Cannot start eBPF programs: create map events failed with EPERM (Operation not permitted).",
      fix: "Allow bpf and perf_event_open in the seccomp profile of the container.",
      duration_ms: 3,
    },
    { id: "tracepoint", outcome: "untried", detail: "no eBPF program can run: see session", duration_ms: 0 },
    {
      id: "sandbox_broker",
      outcome: "failed",
      detail: 'it said "\x1b[2J"',
      fix: "Please report it.",
      duration_ms: 1040,
    },
  ],
};

Deno.test("selfTestText() shows each part, how it is done here, and what is to be done about what fails", () => {
  const interrupted = FAILS.items.filter(({ outcome }) => outcome === "untried");
  const text = [WORKS, FAILS, { ...FAILS, items: interrupted }].map((test) => selfTestText(test, WIDE)).join("\n");
  assertGolden("self_test", text);
});

Deno.test("selfTestText() keeps within the width", () => {
  for (const line of selfTestText(WORKS, { width: 72, paint: plain }).split("\n")) assert.ok(line.length <= 72, line);
});

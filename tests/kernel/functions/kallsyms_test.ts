import assert from "node:assert/strict";
import {
  findSymbols,
  findVariants,
  isPart,
  matchingSymbols,
  withoutSuffix,
} from "../../../src/kernel/functions/kallsyms.ts";
import { LINUX_KERNELS, recordedText } from "./recorded_functions.ts";

const TEXT = `\
ffffffff81000000 T _text
ffffffff81000100 t seq_show
ffffffff81000200 T tcp_connect
ffffffff81000300 t tcp_connect_init
ffffffff81000400 t my_tcp_connect
ffffffff81000500 t tcp_connect.cold
ffffffff81000600 t __pfx_tcp_connect
ffffffff81000700 t seq_show
ffffffff81000800 W weak_one
ffffffff81000810 t .E_copy
ffffffff81000900 D tcp_data
ffffffff81000a00 t finish_task_switch.part.0
ffffffff81000b00 t finish_task_switch.isra.0
ffffffff81000c00 t finish_task_switch.isra.0.cold
ffffffff81000d00 t link_path_walk.part.0.constprop.0
ffffffff81000e00 r finish_task_switch.7
ffffffffc0001000 t nf_conntrack_in	[nf_conntrack]
ffffffffc0002000 t bpf_prog_6deef7357e7b4530_sd_fw_egress	[bpf]
ffffffffc0003000 t ftrace_trampoline	[__builtin__ftrace]
ffffffffc0004000 t last_one	[some_module]`;

Deno.test("findSymbols() finds whole names only, with address, visibility and module", () => {
  assert.deepEqual(findSymbols(TEXT, "tcp_connect"), [
    { name: "tcp_connect", address: 0xffffffff81000200n, is_global: true },
  ]);
  assert.deepEqual(findSymbols(TEXT, "nf_conntrack_in"), [
    { name: "nf_conntrack_in", address: 0xffffffffc0001000n, is_global: false, module: "nf_conntrack" },
  ]);
  assert.deepEqual(findSymbols(TEXT, "weak_one")[0]?.is_global, true);
  assert.equal(findSymbols(TEXT, "last_one")[0]?.module, "some_module");
});

Deno.test("findSymbols() finds every function that shares a name", () => {
  assert.deepEqual(findSymbols(TEXT, "seq_show").map(({ address }) => address), [
    0xffffffff81000100n,
    0xffffffff81000700n,
  ]);
});

Deno.test("findSymbols() does not take data, paddings, generated code, cold parts or nothing for functions", () => {
  for (
    const name of [
      "tcp_data",
      "__pfx_tcp_connect",
      "bpf_prog_6deef7357e7b4530_sd_fw_egress",
      "ftrace_trampoline",
      "tcp_connect.cold",
      ".E_copy",
      "tcp",
      "absent",
      "",
    ]
  ) {
    assert.deepEqual(findSymbols(TEXT, name), [], name);
  }
});

Deno.test("findSymbols() leaves the address out where the kernel hides it", () => {
  assert.deepEqual(findSymbols("0000000000000000 T tcp_connect\n", "tcp_connect"), [
    { name: "tcp_connect", is_global: true },
  ]);
});

Deno.test("findVariants() finds what the compiler made of a function, whole ones first, never cold parts", () => {
  assert.deepEqual(findVariants(TEXT, "finish_task_switch").map(({ name }) => name), [
    "finish_task_switch.isra.0",
    "finish_task_switch.part.0",
  ]);
  assert.deepEqual(findVariants(TEXT, "link_path_walk").map(({ name }) => name), ["link_path_walk.part.0.constprop.0"]);
  assert.deepEqual(findVariants(TEXT, "tcp_connect"), []);
});

Deno.test("withoutSuffix() takes all suffixes of compilers off, and nothing else", () => {
  assert.equal(withoutSuffix("a.isra.0"), "a");
  assert.equal(withoutSuffix("a.part.0.constprop.12"), "a");
  assert.equal(withoutSuffix("a.llvm.1234567890"), "a");
  assert.equal(withoutSuffix("a.cold"), "a.cold");
  assert.equal(withoutSuffix("tcp_connect"), "tcp_connect");
  assert.ok(isPart("a.part.0") && !isPart("a.isra.0"));
});

Deno.test("matchingSymbols() finds functions", () => {
  assert.deepEqual([...matchingSymbols(TEXT, "*")].map(({ name }) => name), [
    "_text",
    "seq_show",
    "tcp_connect",
    "tcp_connect_init",
    "my_tcp_connect",
    "seq_show",
    "weak_one",
    "finish_task_switch.part.0",
    "finish_task_switch.isra.0",
    "link_path_walk.part.0.constprop.0",
    "nf_conntrack_in",
    "last_one",
  ]);
  assert.deepEqual([...matchingSymbols("", "*")], []);
  const names = (pattern: string): string[] => Array.from(matchingSymbols(TEXT, pattern), ({ name }) => name);
  assert.deepEqual(names("tcp_*"), ["tcp_connect", "tcp_connect_init"]);
  assert.deepEqual(names("tcp_connec?"), ["tcp_connect"]);
  assert.deepEqual(names("nf_conntrack:*"), ["nf_conntrack_in"]);
  assert.deepEqual(names("some*:last_*"), ["last_one"]);
  assert.deepEqual(names("vmlinux:*one"), ["weak_one"]);
  assert.deepEqual(names("tcp.connect"), []);
});

Deno.test("matchingSymbols() and findSymbols() agree about every line of recorded kernels", () => {
  for (const kernel of LINUX_KERNELS) {
    const text = recordedText(kernel, "kallsyms") ?? "";
    const names = new Set([...matchingSymbols(text, "*")].map(({ name }) => name));
    const lines = text.trim().split("\n").map((line) => line.split(/\s+/)[2] ?? "");
    assert.ok(names.size > 150, kernel);
    for (const name of lines) assert.equal(findSymbols(text, name).length > 0, names.has(name), `${kernel} ${name}`);
  }
});

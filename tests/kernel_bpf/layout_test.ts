import assert from "node:assert/strict";
import * as layout from "../../src/probes/engine/layout.ts";
import { BLOCK_LATENCY_LAYOUT } from "../../src/probes/tools/block_latency.ts";
import { DNS_LAYOUT } from "../../src/probes/tools/dns.ts";
import { FILE_ERRORS_LAYOUT } from "../../src/probes/tools/file_errors.ts";
import { ENDPOINT } from "../../src/probes/tools/inet.ts";
import * as tools from "../../src/probes/tools/layout.ts";
import { CPU_PROFILE_LAYOUT } from "../../src/probes/tools/cpu_profile.ts";
import { IRQ_TIME_LAYOUT } from "../../src/probes/tools/irq_time.ts";
import { LOCK_CONTENTION_LAYOUT } from "../../src/probes/tools/lock_contention.ts";
import { MEMORY_STALLS_LAYOUT } from "../../src/probes/tools/memory_stalls.ts";
import { OFF_CPU_LAYOUT } from "../../src/probes/tools/off_cpu.ts";
import { OOM_KILLS_LAYOUT } from "../../src/probes/tools/oom_kills.ts";
import { PROCESSES_LAYOUT } from "../../src/probes/tools/processes.ts";
import { PACKET_DROPS_LAYOUT } from "../../src/probes/tools/packet_drops.ts";
import { SCHED_LAYOUT } from "../../src/probes/tools/sched_rows.ts";
import { SLOW_FILES_LAYOUT } from "../../src/probes/tools/slow_files.ts";
import { SYSCALLS_LAYOUT } from "../../src/probes/tools/syscall_rows.ts";
import { TCP_CONNECTIONS_LAYOUT } from "../../src/probes/tools/tcp_connections.ts";
import { TCP_RESETS_LAYOUT } from "../../src/probes/tools/tcp_resets.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size: number;
  readonly members?: readonly { readonly name: string; readonly bits_offset: number }[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

async function btf(object: string): Promise<readonly BtfType[]> {
  const { stdout, success } = await new Deno.Command("bpftool", {
    args: ["-j", "btf", "dump", "file", object],
  })
    .output();
  assert.ok(success);
  return JSON.parse(new TextDecoder().decode(stdout)).types;
}

/** Of a structure in bpf/include/function.h that no map has, and that is therefore not in the object's BTF. */
async function btfOfHeader(struct: string): Promise<readonly BtfType[]> {
  const object = await Deno.makeTempFile({ suffix: ".o" });
  const source = await Deno.makeTempFile({ suffix: ".c" });
  try {
    await Deno.writeTextFile(source, `#include "function.h"\nstruct ${struct} object;\n`);
    const machine = `/usr/include/${Deno.build.arch}-linux-gnu`;
    const flags = ["-g", "-target", "bpf", `-I${ROOT}bpf/include`, `-I${ROOT}build/include`, "-idirafter", machine];
    const { success } = await new Deno.Command("clang", { args: [...flags, "-c", source, "-o", object] }).output();
    assert.ok(success);
    return await btf(object);
  } finally {
    await Deno.remove(object);
    await Deno.remove(source);
  }
}

function members(types: readonly BtfType[], name: string): Record<string, number> {
  const type = types.find((type) => type.kind === "STRUCT" && type.name === name);
  assert.ok(type, `no struct ${name} in the object's BTF`);
  const offsets = Object.fromEntries(type.members!.map(({ name, bits_offset }) => [name, bits_offset / 8]));
  return { ...offsets, bytes: type.size };
}

/** Every offset that TypeScript knows is the one in the object. */
function assertLayout(expected: Record<string, number>, actual: Record<string, number>) {
  for (const [name, offset] of Object.entries(expected)) assert.equal(offset, actual[name], name);
}

Deno.test("layout.ts has the offsets of the tracepoint object's BTF", async () => {
  const types = await btf(`${ROOT}build/bpf/tracepoint.bpf.o`);
  assertLayout(layout.EVENT, members(types, "event"));
  assertLayout(layout.EVENT_RETURN, members(types, "event_return"));
  assertLayout(layout.EXTRA, members(types, "extra"));
  assertLayout(layout.DIRECTIVE, members(types, "directive"));
  assertLayout(layout.SESSION_CONFIG, members(types, "session_config"));
  assertLayout(layout.TRACEPOINT_CONFIG, members(types, "tracepoint_config"));
  assertLayout(layout.COUNT_KEY, members(types, "count_key"));
  assertLayout(layout.CALL, members(types, "call"));
  assertLayout(layout.STATS, members(types, "stats"));
});

Deno.test("layout.ts has the offsets of the function object's BTF", async () => {
  const types = await btf(`${ROOT}build/bpf/function.bpf.o`);
  assertLayout(layout.FUNCTION_CONFIG, members(types, "function_config"));
  assertLayout(layout.CALL_KEY, members(types, "call_key"));
  assertLayout(layout.FUNCTION_CALL, members(types, "function_call"));
  assertLayout(layout.READ, members(types, "read"));
  assertLayout(layout.PATH_LAYOUT, members(types, "path_layout"));
  assertLayout(layout.PACKET_LAYOUT, members(types, "packet_layout"));
  assertLayout(layout.FUNCTION_EVENT, members(await btfOfHeader("function_event"), "function_event"));
});

Deno.test("the tools' layouts have the offsets of their objects' BTF", async () => {
  const syscalls = await btf(`${ROOT}build/bpf/tool_syscalls.bpf.o`),
    sched = await btf(`${ROOT}build/bpf/tool_sched.bpf.o`);
  const { max_offsets: _, max_numbers: __, ...config } = tools.TOOL_CONFIG;
  assertLayout(config, members(syscalls, "tool_config"));
  assertLayout(tools.TOOL_STATS, members(syscalls, "tool_stats"));
  assertLayout(tools.SLOT, members(syscalls, "slot"));
  for (const [name, offsets] of Object.entries(SYSCALLS_LAYOUT)) assertLayout(offsets, members(syscalls, name));
  for (const [name, offsets] of Object.entries(SCHED_LAYOUT)) assertLayout(offsets, members(sched, name));
});

const TOOL_LAYOUTS: Readonly<Record<string, Readonly<Record<string, Record<string, number>>>>> = {
  file_errors: FILE_ERRORS_LAYOUT,
  tcp_connections: { ...TCP_CONNECTIONS_LAYOUT, endpoint: ENDPOINT },
  dns: { ...DNS_LAYOUT, endpoint: ENDPOINT },
  block_latency: BLOCK_LATENCY_LAYOUT,
  slow_files: { slow: SLOW_FILES_LAYOUT.slow },
  packet_drops: PACKET_DROPS_LAYOUT,
  tcp_resets: { ...TCP_RESETS_LAYOUT, endpoint: ENDPOINT },
  cpu_profile: CPU_PROFILE_LAYOUT,
  irq_time: IRQ_TIME_LAYOUT,
  lock_contention: LOCK_CONTENTION_LAYOUT,
  memory_stalls: MEMORY_STALLS_LAYOUT,
  off_cpu: OFF_CPU_LAYOUT,
  oom_kills: OOM_KILLS_LAYOUT,
  processes: PROCESSES_LAYOUT,
};

for (const [tool, structs] of Object.entries(TOOL_LAYOUTS)) {
  Deno.test(`the tool ${tool} knows the offsets of its object's BTF`, async () => {
    const types = await btf(`${ROOT}build/bpf/tool_${tool}.bpf.o`);
    for (const [name, layout] of Object.entries(structs)) assertLayout(layout, members(types, name));
  });
}

Deno.test("the tool slow_files knows what stands behind its exemplars", async () => {
  const { exemplar, ...rest } = members(await btf(`${ROOT}build/bpf/tool_slow_files.bpf.o`), "slow_call");
  assert.equal(exemplar, 0);
  const { path, ...named } = SLOW_FILES_LAYOUT.slow_call;
  assertLayout(named, Object.fromEntries(Object.entries(rest).map(([name, at]) => [name, at - tools.EXEMPLAR.bytes])));
  // the path's union has no name; it ends the structure
  assert.equal(rest["bytes"]! - tools.EXEMPLAR.bytes - path, 1024);
});

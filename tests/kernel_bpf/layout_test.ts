import assert from "node:assert/strict";
import * as layout from "../../src/probes/engine/layout.ts";

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

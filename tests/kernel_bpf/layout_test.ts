import assert from "node:assert/strict";
import * as layout from "../../src/probes/layout.ts";

const OBJECT = new URL("../../build/bpf/tracepoint.bpf.o", import.meta.url).pathname;

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size: number;
  readonly members?: readonly { readonly name: string; readonly bits_offset: number }[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

async function btf(): Promise<readonly BtfType[]> {
  const { stdout, success } = await new Deno.Command("bpftool", { args: ["-j", "btf", "dump", "file", OBJECT] })
    .output();
  assert.ok(success);
  return JSON.parse(new TextDecoder().decode(stdout)).types;
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

Deno.test("layout.ts has the offsets of the compiled object's BTF", async () => {
  const types = await btf();
  assertLayout(layout.EVENT, members(types, "event"));
  assertLayout(layout.EVENT_RETURN, members(types, "event_return"));
  assertLayout(layout.EXTRA, members(types, "extra"));
  assertLayout(layout.DIRECTIVE, members(types, "directive"));
  assertLayout(layout.CONFIG, members(types, "config"));
  assertLayout(layout.COUNT_KEY, members(types, "count_key"));
  assertLayout(layout.CALL, members(types, "call"));
  assertLayout(layout.STATS, members(types, "stats"));
});

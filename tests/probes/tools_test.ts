/** The registry of curated tools, and the documents made from it. */
import assert from "node:assert/strict";
import { TOOL_OBJECTS } from "../../src/ffi/tool_assets.ts";
import { CONTRACT } from "../../src/models/prompts.ts";
import { parseIo } from "../../src/probes/tools/proc_io.ts";
import { parseSchedstat } from "../../src/probes/tools/proc_sched.ts";
import { allTools, TOOL_NAMES, toolNamed } from "../../src/probes/tools/registry.ts";
import { toolDocuments } from "../support/tools_documents.ts";

for (const [path, expected] of Object.entries(await toolDocuments())) {
  Deno.test(`${path.split("/").slice(-2).join("/")} tells of every tool what the tool says`, () => {
    if (Deno.env.get("UPDATE_GOLDEN") === "1") Deno.writeTextFileSync(path, expected);
    assert.equal(Deno.readTextFileSync(path), expected, "UPDATE_GOLDEN=1 writes it anew");
  });
}

Deno.test("every tool is named as it is registered, has a way without BTF, and says what it needs", async () => {
  for (const [i, tool] of (await allTools()).entries()) {
    assert.equal(tool.name, TOOL_NAMES[i]);
    assert.match(tool.name, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(tool.needs.length > 20 && tool.summary.length > 20, tool.name);
    assert.ok(!/[.]$/.test(tool.summary), `${tool.name}: its summary stands inside of sentences`);
    assert.ok(tool.ways.length > 0, tool.name);
    const last = tool.ways.at(-1)?.source ?? "";
    assert.match(last, /tracepoint|\/proc|\/sys|perf|cpu.stat|kmsg/, `${tool.name} ends with ${last}`);
  }
});

Deno.test("the contract that every model is sent names all tools", () => {
  for (const name of TOOL_NAMES) assert.ok(CONTRACT.includes(`\`${name}\``), name);
});

Deno.test("every compiled object of bpf/tools is carried along", () => {
  const sources = [...Deno.readDirSync(new URL("../../bpf/tools", import.meta.url))]
    .flatMap(({ name }) => name.endsWith(".bpf.c") ? [name.slice(0, -6)] : []);
  assert.deepEqual(Object.keys(TOOL_OBJECTS).sort(), sources.sort());
});

Deno.test("toolNamed() takes a name as people write it, and offers the nearest for one that is none", async () => {
  const found = await toolNamed(" Run_Queue latency ");
  assert.equal("name" in found && found.name, "run-queue-latency");
  const refused = await toolNamed("run-qeue-latency");
  assert.match("error" in refused ? refused.hint : "", /Nearest: run-queue-latency/);
  const unknown = await toolNamed("xyzzy");
  assert.match("error" in unknown ? unknown.hint : "", /There are .*syscalls/);
});

Deno.test("parseIo() and parseSchedstat() read the kernel's text, and take nothing else for it", () => {
  const io = "rchar: 1\nwchar: 2\nsyscr: 30\nsyscw: 4\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n";
  assert.deepEqual(parseIo(io), { reads: 30, writes: 4 });
  assert.equal(parseIo("syscr: x"), undefined);
  assert.deepEqual(parseSchedstat("123 45 6\n"), { ran_ns: 123, wait_ns: 45, runs: 6 });
  for (const text of ["", "0", "1 2", "a b c", "1 2 3 4"]) assert.equal(parseSchedstat(text), undefined);
});

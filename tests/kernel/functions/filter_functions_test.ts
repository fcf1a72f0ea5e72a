import assert from "node:assert/strict";
import {
  isListed,
  matchingListed,
  parseBlacklist,
  parseFilterLine,
} from "../../../src/kernel/functions/filter_functions.ts";
import { inPieces, recordedText } from "./recorded_functions.ts";

const TEXT = `\
__ftrace_invalid_address___64
tcp_connect_init
my_tcp_connect
tcp_connect
nf_conntrack_in [nf_conntrack]
finish_task_switch.isra.0
`;

Deno.test("parseFilterLine() reads names and modules, and skips what ftrace gave up", () => {
  assert.deepEqual(parseFilterLine("tcp_connect"), { name: "tcp_connect" });
  assert.deepEqual(parseFilterLine("nf_conntrack_in [nf_conntrack]"), {
    name: "nf_conntrack_in",
    module: "nf_conntrack",
  });
  assert.equal(parseFilterLine("__ftrace_invalid_address___64"), undefined);
  assert.equal(parseFilterLine(""), undefined);
});

Deno.test("isListed() finds whole names, wherever the text is cut", () => {
  for (let length = 1; length < TEXT.length + 1; length++) {
    for (const name of ["tcp_connect", "my_tcp_connect", "finish_task_switch.isra.0", "nf_conntrack_in"]) {
      assert.ok(isListed(inPieces(TEXT, length), { name }), `${name} in pieces of ${length}`);
    }
    for (const name of ["connect", "tcp_conn", "finish_task_switch", "nf_conntrack", "__ftrace_invalid_address___64"]) {
      assert.ok(!isListed(inPieces(TEXT, length), { name }), `${name} in pieces of ${length}`);
    }
  }
});

Deno.test("isListed() takes a module at its word", () => {
  assert.ok(isListed([TEXT], { name: "nf_conntrack_in", module: "nf_conntrack" }));
  assert.ok(!isListed([TEXT], { name: "nf_conntrack_in", module: "nf_nat" }));
  assert.ok(!isListed([TEXT], { name: "tcp_connect", module: "nf_conntrack" }));
});

Deno.test("matchingListed() finds what a pattern matches, wherever the text is cut", () => {
  for (const length of [1, 7, 1000]) {
    const names = (pattern: string): string[] =>
      Array.from(matchingListed(inPieces(TEXT, length), pattern), ({ name }) => name);
    assert.deepEqual(names("tcp_*"), ["tcp_connect_init", "tcp_connect"]);
    assert.deepEqual(names("nf_conntrack:*"), ["nf_conntrack_in"]);
    assert.deepEqual(names("vmlinux:*conn*"), ["tcp_connect_init", "my_tcp_connect", "tcp_connect"]);
    assert.equal(names("*").length, 5);
  }
});

Deno.test("isListed() reads a last line without its end", () => {
  assert.ok(isListed(["a\nb"], { name: "b" }));
});

Deno.test("isListed() reads no further than where the function is", () => {
  function* pieces(): Generator<string> {
    yield "tcp_connect\n";
    throw new Error("read on");
  }
  assert.ok(isListed(pieces(), { name: "tcp_connect" }));
  assert.throws(() => isListed(pieces(), { name: "absent" }), /read on/);
});

Deno.test("parseBlacklist() reads the names of a recorded list", () => {
  const names = parseBlacklist(recordedText("linux-6.12", "blacklist") ?? "");
  assert.ok(names.has("do_user_addr_fault") && names.has("exc_page_fault"));
  assert.ok(!names.has("tcp_connect"));
  assert.deepEqual([...parseBlacklist("")], []);
});

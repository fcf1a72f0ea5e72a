import assert from "node:assert/strict";
import { nameOf, rcodeName, typeName } from "../../../src/probes/tools/dns_message.ts";

function wire(...labels: readonly string[]): Uint8Array {
  return new Uint8Array(labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]).concat(0));
}

Deno.test("nameOf() joins labels in lower case; bytes that no host name has are escaped", () => {
  assert.equal(nameOf(wire("www", "Example", "ORG")), "www.example.org");
  assert.equal(nameOf(wire()), ".");
  assert.equal(nameOf(wire("a b", "c.d")), "a\\032b.c\\046d");
});

Deno.test("nameOf() says that a name was cut", () => {
  assert.equal(nameOf(wire("www", "example").subarray(0, 8)), "www…");
  assert.equal(nameOf(new Uint8Array()), "…");
});

Deno.test("no bytes make nameOf() throw, nor print a control character", () => {
  for (let i = 0; i < 5000; i++) {
    const bytes = crypto.getRandomValues(new Uint8Array(i % 129));
    // short labels, so that many are read
    const name = nameOf(i % 2 === 0 ? bytes : bytes.map((byte) => byte % 9));
    assert.ok([...name].every((letter) => letter > " " && letter !== "\x7f"), JSON.stringify([...bytes]));
  }
});

Deno.test("types and codes without a name are numbers", () => {
  assert.deepEqual([typeName(28), typeName(999), rcodeName(3), rcodeName(11)], [
    "AAAA",
    "type 999",
    "NXDOMAIN",
    "rcode 11",
  ]);
});

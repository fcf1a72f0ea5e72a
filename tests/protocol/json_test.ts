import assert from "node:assert/strict";
import { parse, stringify } from "../../src/protocol/json.ts";

Deno.test("stringify() and parse() keep every digit of integers beyond 2^53", () => {
  const text = '{"timestamp":1795240140123456789,"negative":-9223372036854775808,"small":[1,-2.5,9007199254740991]}';
  const value = parse(text);
  assert.deepEqual(value, {
    timestamp: 1795240140123456789n,
    negative: -9223372036854775808n,
    small: [1, -2.5, 9007199254740991],
  });
  assert.equal(stringify(value), text);
});

Deno.test("parse() leaves numbers that are no integers to Number", () => {
  assert.deepEqual(parse("[1e300, 1.5, 1e3]"), [1e300, 1.5, 1000]);
});

Deno.test("stringify() indents like JSON.stringify", () => {
  assert.equal(stringify({ a: [1n] }, 2), JSON.stringify({ a: [1] }, null, 2));
});

Deno.test("parse() throws on text that is not JSON", () => {
  assert.throws(() => parse("{'a': 1}"), SyntaxError);
});

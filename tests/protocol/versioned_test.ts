import assert from "node:assert/strict";
import * as z from "zod";
import { NewerSchema, readVersioned, stringify } from "../../src/protocol/mod.ts";

const THING = z.object({
  schema: z.literal("ktriage.thing/2"),
  at: z.union([z.int(), z.bigint()]),
  inner: z.array(z.object({ a: z.string(), b: z.string().default("b") })).optional(),
});

Deno.test("readVersioned() hands out what was written, keys in their order, numbers exact", () => {
  const text = '{"inner":[{"b":"2","a":"1"}],"at":9007199254740993,"schema":"ktriage.thing/2"}';
  assert.equal(stringify(readVersioned(text, THING)), text);
  const { inner } = readVersioned('{"inner":[{"a":"1"}],"at":1,"schema":"ktriage.thing/2","new":1}', THING);
  assert.deepEqual(inner, [{ a: "1", b: "b" }]);
});

for (
  const [text, kind, message] of [
    ['{"schema":"ktriage.thing/3"}', NewerSchema, /a newer ktriage wrote it \(ktriage\.thing\/3; this version reads/],
    ['{"schema":"ktriage.thing/10"}', NewerSchema, /thing\/10/],
    ['{"schema":"ktriage.thing/1","at":1}', SyntaxError, /it is ktriage\.thing\/1, and not ktriage\.thing\/2/],
    ['{"schema":"ktriage.other/3"}', SyntaxError, /it is ktriage\.other\/3, and not/],
    ['{"at":1}', SyntaxError, /it does not say "schema"/],
    ["null", SyntaxError, /it does not say "schema"/],
    ['{"schema":"ktriage.thing/2","at":"x"}', SyntaxError, /^at: /],
    ["{", SyntaxError, /JSON/],
  ] as const
) {
  Deno.test(`readVersioned() refuses ${text}`, () => {
    assert.throws(() => readVersioned(text, THING), (error) => {
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

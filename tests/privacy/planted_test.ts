import assert from "node:assert/strict";
import { Redactor } from "../../src/privacy/redactor.ts";
import { PLANTED } from "./planted.ts";

Deno.test("planted.ts holds more than 60 kinds and places, each of which has its secret", () => {
  assert.ok(new Set(PLANTED.map(({ where }) => where)).size >= 60);
});

for (const { where, text, secrets } of PLANTED) {
  Deno.test(`redact() leaves nothing of a secret: ${where}`, () => {
    const redacted = new Redactor().redact(text);
    for (const secret of secrets) assert.ok(!redacted.includes(secret), `${secret} is left in\n${redacted}`);
    assert.match(redacted, /<secret:\d+>/);
  });
}

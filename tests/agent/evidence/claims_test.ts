import assert from "node:assert/strict";
import { checkOne, readScenes } from "./scene.ts";

Deno.test("checkEvidence() judges every claim of the corpus as expected", () => {
  const wrong: string[] = [];
  let claims = 0;
  for (const { scene, turns, claims: expected } of readScenes()) {
    for (const { claim, evidence, expect, why = "" } of expected) {
      claims++;
      const checked = checkOne(claim, evidence, turns);
      if (checked.status !== expect || !checked.why.includes(why)) {
        wrong.push(
          `${scene}: ${claim} [${
            evidence.join(", ")
          }]\n  expected ${expect} (${why}), is ${checked.status}: ${checked.why}`,
        );
      }
    }
  }
  assert.ok(claims >= 60, `${claims} claims`);
  assert.equal(wrong.length, 0, `\n${wrong.join("\n")}`);
});

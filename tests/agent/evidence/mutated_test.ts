import assert from "node:assert/strict";
import { stringify, type Turn } from "../../../src/protocol/mod.ts";
import { checkOne, readScenes } from "./scene.ts";

const MUTATIONS = 30;

/** With thousands and decimals; a group of an IPv6 address is none, since not every number is one. */
const NUMBER = /(?<![\w:])(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+(?![.\d]))?)(?![\w]*:)|(?<=\.\d{1,3}:|[a-z/])\d+(?![\w:])/g;

/** Numbers whose neighbours are as true as they are: bounds, and what is said to be absent. */
const BOUND = /(?:more than|over|at least|within|less than|at most|up to) $/i;
const DENIAL = /\b(?:no|not|nothing|did not|is closed|instead of)\b/i;

/** Deterministic, so that a failure can be repeated (mulberry32). */
function randomFrom(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** A number of as many digits, or one more, that occurs nowhere in the evidence and is not close to the one that it replaces. */
function another(digits: string, evidence: string, random: () => number): string | undefined {
  const original = Number(digits.replaceAll(",", ""));
  for (let attempt = 0; attempt < 50; attempt++) {
    const number = 1 + Math.floor(random() * (10 ** (digits.replace(/\..*|,/g, "").length + 1)));
    const isClose = Math.abs(number - original) <= 0.25 * original;
    if (!isClose && !evidence.includes(String(number))) return String(number);
  }
  return undefined;
}

Deno.test("checkEvidence() verifies no claim of which one number was changed to one that is not in the evidence", () => {
  const random = randomFrom(6);
  const wrong: string[] = [];
  let mutated = 0;
  for (const { turns, claims } of readScenes()) {
    const evidence = evidenceText(turns);
    for (
      const { claim, evidence: ids } of claims.filter(({ expect, claim }) =>
        expect === "verified" && !DENIAL.test(claim)
      )
    ) {
      for (const { 0: digits, index } of claim.matchAll(NUMBER)) {
        if (BOUND.test(claim.slice(0, index)) || /<secret:$/.test(claim.slice(0, index))) continue;
        for (let round = 0; round < MUTATIONS; round++) {
          const number = another(digits, evidence, random);
          if (number === undefined) continue;
          mutated++;
          const forged = claim.slice(0, index) + number + claim.slice(index + digits.length);
          const { status, why } = checkOne(forged, ids, turns);
          if (status === "verified") wrong.push(`${claim}\n  → ${forged}: ${why}`);
        }
      }
    }
  }
  assert.ok(mutated > 1000, `${mutated} mutations`);
  assert.equal(
    wrong.length,
    0,
    `${wrong.length} of ${mutated}\n${
      [...new Map(wrong.map((text) => [text.split("\n")[0], text])).values()].slice(0, 20).join("\n")
    }`,
  );
});

function evidenceText(turns: readonly Turn[]): string {
  return stringify(turns);
}

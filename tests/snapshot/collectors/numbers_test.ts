/**
 * Every file of every written host, cut at its bytes, with each line doubled and its numbers made impossible in turn: no
 * collector throws, and no figure and no sentence holds what cannot be.
 */
import assert from "node:assert/strict";
import { figure as figureSchema } from "../../../src/protocol/snapshot.ts";
import type { Collected } from "../../../src/snapshot/collector.ts";
import { collect } from "../recorded.ts";
import type { Case } from "./cases/case.ts";
import { CASES } from "./cases/mod.ts";

const IMPOSSIBLE = ["", "-1", "18446744073709551615", "9".repeat(400), "NaN", "0"];
/** The only ones that may be below zero: a clock may be slow, and a certificate may have ended. */
const MAY_BE_NEGATIVE = new Set(["clock.offset_s", "certificate.soonest_end_s"]);
/** A number that is none, as a word of a sentence; one below zero only where a collector computed it. */
const NO_NUMBER = /(?:^|[\s(])(?:NaN|-?Infinity|undefined|null)(?=$|[\s,;:)%])|(?:rose by|of|are|is|took|has|only) -\d/;

function* withDoubledLines(text: string): Iterable<string> {
  const all = text.split("\n");
  for (const [at, line] of all.entries()) yield all.toSpliced(at, 0, line).join("\n");
}

/** Of a long file so many places at most, evenly spread: its lines are alike. */
const MAX_PLACES = 24;

function spread<T>(places: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.ceil(places.length / MAX_PLACES));
  return places.filter((_, at) => at % step === 0);
}

function* withImpossibleNumbers(text: string): Iterable<string> {
  for (const { 0: digits, index } of spread([...text.matchAll(/\d+/g)])) {
    for (const value of IMPOSSIBLE) yield text.slice(0, index) + value + text.slice(index + digits.length);
  }
}

function* cutShort(text: string): Iterable<string> {
  const places = Array.from({ length: text.length }, (_, at) => at);
  for (const at of spread(places)) yield text.slice(0, at);
}

function check({ figures, findings }: Collected): void {
  for (const figure of figures) {
    figureSchema.parse(figure);
    const { name, value, unit, max } = figure;
    assert.ok(value >= 0 || MAY_BE_NEGATIVE.has(name), `${name} is ${value}`);
    assert.ok(unit !== "percent" || max !== 100 || value <= 100, `${name} is ${value} %`);
  }
  for (const { title, evidence, severity } of findings) {
    assert.ok(severity === "warning" || severity === "critical");
    // the log is quoted as it stands
    const own = evidence.filter((text) => !text.startsWith("/dev/kmsg: ["));
    for (const text of [title, ...own]) assert.doesNotMatch(text, NO_NUMBER);
  }
}

/** The host once more, with one file of its start or end replaced. */
async function holds({ collector, host }: Case, at: "start" | "end", path: string, text: string): Promise<void> {
  const spoilt = { ...host, [at]: { ...host[at], [path]: text } };
  try {
    check(await collect(collector, spoilt));
  } catch (error) {
    throw new Error(`${collector.name}, ${path} at the ${at}: ${JSON.stringify(text.slice(0, 400))}`, { cause: error });
  }
}

async function everyFile(damages: (text: string) => Iterable<string>): Promise<number> {
  let count = 0;
  for (const each of CASES) {
    for (const at of ["start", "end"] as const) {
      for (const [path, text] of Object.entries(each.host[at] ?? {})) {
        // a long file is many lines that are alike
        if (typeof text !== "string" || text.length > 2000) continue;
        for (const damaged of damages(text)) {
          count++;
          await holds(each, at, path, damaged);
        }
      }
    }
  }
  return count;
}

Deno.test("collectors take every file cut short", async () => {
  assert.ok(await everyFile(cutShort) > 5000);
});

Deno.test("collectors take every file with each line doubled", async () => {
  assert.ok(await everyFile(withDoubledLines) > 1000);
});

Deno.test("collectors take every file with each number made empty, negative, huge, no number and zero", async () => {
  assert.ok(await everyFile(withImpossibleNumbers) > 5000);
});

/** Values of another type than the contract's, read where what they mean is beyond doubt. */
import type { CONFIDENCE } from "../../protocol/mod.ts";
import { stringify } from "../../protocol/mod.ts";
import { isFields } from "./names.ts";

type Confidence = (typeof CONFIDENCE)[number];

/** A text, or what stands in its place: a list becomes lines, an object its JSON. Undefined for null and nothing. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string" || value === undefined) return value;
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map((item) => textOf(item) ?? "").filter((line) => line !== "").join("\n");
  return stringify(value);
}

/** The steps of a plan, one a line: of an object in the place of a step, its texts. */
export function stepsOf(value: unknown): string | undefined {
  const steps = isFields(value) ? Object.values(value) : value;
  if (!Array.isArray(steps)) return textOf(value);
  return textOf(steps.map((step) => {
    const texts = isFields(step) ? Object.values(step).filter((item) => typeof item === "string") : [];
    return texts.length === 0 ? step : texts.join(": ");
  }));
}

/** A number written as text; anything else as it is. */
export function numberOf(value: unknown): unknown {
  const is_number = typeof value === "string" && value.length < 40 && /^\s*-?\d{1,15}(?:\.\d{1,15})?\s*$/.test(value);
  return is_number ? Number(value) : value;
}

const UNIT_S: Readonly<Record<string, number>> = { "": 1, ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds from a number, or from a text such as "15", "15s", "15 seconds", "1m30s", "500ms", "PT15S". */
export function secondsOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || value.length > 40) return undefined;
  const [, first, unit = "", second = "0", second_unit = ""] =
    /^\s*(?:pt)?(-?\d+(?:\.\d+)?)\s*([a-z]*)\.?\s*(?:(\d+)\s*([a-z]+))?\s*$/i.exec(value) ?? [];
  const units = [unitOf(unit), unitOf(second_unit)];
  const [unit_s, second_unit_s] = units;
  if (first === undefined || unit_s === undefined || second_unit_s === undefined) return undefined;
  return Math.round((Number(first) * unit_s + Number(second) * second_unit_s) * 1e6) / 1e6;
}

function unitOf(word: string): number | undefined {
  const short = word.toLowerCase().replace(/^(?:milli(?:second|sec)s?|msecs?)$/, "ms").replace(
    /^(?:seconds?|secs?)$/,
    "s",
  )
    .replace(/^(?:minutes?|mins?)$/, "m").replace(/^(?:hours?|hrs?)$/, "h");
  return Object.hasOwn(UNIT_S, short) ? UNIT_S[short] : undefined;
}

/** High, Medium or Low from another case, other words, or a share of 1 or of 100; the lower one where two are named. */
export function confidenceOf(value: unknown): Confidence | undefined {
  if (typeof value === "string" && value.includes("|")) return undefined;
  const number = shareOf(value);
  if (number !== undefined) {
    const share = number > 1 ? number / 100 : number;
    if (share < 0 || share > 1) return undefined;
    return share >= 0.8 ? "High" : share >= 0.5 ? "Medium" : "Low";
  }
  if (typeof value !== "string") return undefined;
  const words = value.slice(0, 80).toLowerCase();
  if (/\bnot\b|n't\b/.test(words)) return undefined;
  if (/\blow(?:er)?\b|\buncertain\b|\bweak\b|\bnone\b/.test(words)) return "Low";
  if (/\bmed(?:ium)?\b|\bmoderate(?:ly)?\b/.test(words)) return "Medium";
  return /\bhigh(?:ly|er)?\b|\bcertain\b|\bstrong\b/.test(words) ? "High" : undefined;
}

function shareOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const text = typeof value === "string" && value.length <= 20 ? value.trim() : "";
  const [, digits, percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) / (percent === "%" ? 100 : 1);
}

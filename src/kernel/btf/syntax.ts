/** How a capture is written: `sk.__sk_common.skc_dport:be16`, `(struct tcp_sock *)sk.snd_cwnd`, `arg0+16:u64`, `ret`. */
import { nearest } from "../nearest.ts";
import { type Format, FORMATS, isFormat } from "./formats.ts";

export type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "element"; readonly index: number }
  /** So many bytes from where the value before it points. */
  | { readonly kind: "offset"; readonly bytes: number };

/** A step, and the expression up to its end, as messages name it. */
export type WrittenStep = Step & { readonly text: string };

export interface Expression {
  /** Without the format: what the field of the event is called. */
  readonly name: string;
  /** A struct's name: what `first` points to, whatever its type says. */
  readonly cast: string | undefined;
  /** An argument's name, `arg<n>`, or `ret`. */
  readonly first: string;
  readonly steps: readonly WrittenStep[];
  readonly format: Format | undefined;
}

/** What cannot be captured, and what could be. */
export interface Refusal {
  readonly ok: false;
  readonly error: string;
  readonly hint: string;
}

const FORMAT = /:\s*(\w+)$/;
const START = /^(\*?)\s*(?:\(?\s*\(\s*(?:const\s+)?(?:struct|union)\s+(\w+)\s*\*\s*\)\s*)?([A-Za-z_]\w*)\s*\)?/;
const STEP = /\s*(?:(?:\.|->)\s*([A-Za-z_]\w*)|\[\s*(\d{1,6})\s*\]|\+\s*(0x[0-9a-f]{1,8}|\d{1,9}))/iy;
const HOW =
  "write ARGUMENT.FIELD.FIELD or ret, and :FORMAT where the type is not enough: sk.__sk_common.skc_dport:be16; " +
  "arg0 is the first argument, arg0+16:u64 lies 16 bytes behind where it points";

/** Takes a capture apart; whether such a field exists is not looked at. */
export function parseExpression(text: string): { readonly ok: true; readonly expression: Expression } | Refusal {
  const trimmed = text.trim();
  const format = FORMAT.exec(trimmed)?.[1];
  if (format !== undefined && !isFormat(format)) return unknownFormat(text, format);
  const name = trimmed.replace(FORMAT, "").trim();
  const start = START.exec(name);
  const [whole = "", star, cast, first = ""] = start ?? [];
  const steps = start === null ? undefined : parseSteps(name, whole.length);
  if (steps === undefined) return { ok: false, error: `Cannot understand the capture "${text}"`, hint: HOW };
  if (star === "*") steps.push({ kind: "element", index: 0, text: name });
  return { ok: true, expression: { name, cast, first, steps, format } };
}

/** @returns undefined where the text goes on in no way that is known */
function parseSteps(name: string, from: number): WrittenStep[] | undefined {
  const steps: WrittenStep[] = [];
  STEP.lastIndex = from;
  while (STEP.lastIndex < name.length) {
    const found = STEP.exec(name);
    if (found === null) return undefined;
    const [, field, index, offset] = found;
    const text = name.slice(0, STEP.lastIndex);
    if (field !== undefined) steps.push({ kind: "field", name: field, text });
    else if (index !== undefined) steps.push({ kind: "element", index: Number(index), text });
    else steps.push({ kind: "offset", bytes: Number(offset), text });
  }
  return steps;
}

function unknownFormat(text: string, format: string): Refusal {
  const [near] = nearest(format, FORMATS);
  const meant = near === undefined ? "" : `nearest: ${near}; `;
  return {
    ok: false,
    error: `Cannot capture "${text}": no format is called ${format}`,
    hint: `${meant}${FORMATS.join(", ")}`,
  };
}

/** Every rule, looked for in one pass. */
import { decodeBase64Text } from "../views.ts";
import { Scanner } from "../scanner.ts";
import { BLOCK_RULES } from "./blocks.ts";
import { COMMAND_LINE_RULES } from "./command_line.ts";
import { NAMED_RULE } from "./named.ts";
import { findRecords } from "./records.ts";
import type { Found, Rule } from "./rule.ts";
import { TOKEN_RULES } from "./tokens.ts";
import { WEB_RULES } from "./web.ts";

export type { Found } from "./rule.ts";

const UNMISTAKABLE = scannerOf([...TOKEN_RULES, ...BLOCK_RULES]);
const ALL = scannerOf([...TOKEN_RULES, ...BLOCK_RULES, NAMED_RULE, ...WEB_RULES, ...COMMAND_LINE_RULES]);

/** A secret, where it stands, and what it stands for. */
export type Secret = Required<Found>;

/** Secrets in a text, in no order; some may overlap. */
export function findSecrets(text: string): readonly Secret[] {
  return [...scanWith(ALL, text), ...findRecords(text)].map((found) => secretOf(text, found));
}

/** Only those that tell by their own form what they are, in any text whatever. */
export function findUnmistakable(text: string): readonly Secret[] {
  return scanWith(UNMISTAKABLE, text).map((found) => secretOf(text, found));
}

function scannerOf(rules: readonly Rule[]): Scanner<Rule> {
  const scanner = new Scanner<Rule>();
  for (const rule of rules) {
    for (const word of rule.words) scanner.add(word, rule);
  }
  return scanner;
}

function scanWith(scanner: Scanner<Rule>, text: string): readonly Found[] {
  const all: Found[] = [];
  // Nothing is looked for inside of what a rule has found: it goes as a whole, and the time stays linear.
  let covered = 0;
  scanner.scan(text, (index, rule, length) => {
    if (index < covered) return;
    for (const found of rule.look({ text, index, length })) {
      if (found.end <= found.start) continue;
      all.push(found);
      if (found.start - index < 256) covered = Math.max(covered, found.end);
    }
  });
  return all;
}

function secretOf(text: string, { start, end, value, also = [] }: Found): Secret {
  const written = value ?? text.slice(start, end);
  const plain = decodeBase64Text(written);
  if (plain === undefined) return { start, end, value: percentDecoded(written), also };
  // user:password, as in an Authorization header and in Docker's configuration
  const [, password] = /^[^\s:]+:(\S+)$/.exec(plain) ?? [];
  return { start, end, value: plain, also: password === undefined ? also : [...also, password] };
}

/** As it would stand outside of a URL. */
function percentDecoded(text: string): string {
  if (!/%[0-9a-fA-F]{2}/.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

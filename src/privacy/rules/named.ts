/** Values behind names: `DB_PASSWORD=x`, `"token": "x"`, `<password>x</password>`, `--api-key x`, `password => 'x'`. */
import { type Found, isWordCharacter, lineBefore, lineFrom, NOTHING, type Place, type Rule } from "./rule.ts";
import { isPlausible, surenessOf } from "./names.ts";

const MAX_NAME = 80;
const MAX_VALUE = 16_384;
/** A value without quotes is judged by its beginning; only what is taken out is read to its end. */
const MAX_HEAD = 512;

const WORDS = [
  "passw",
  "passphrase",
  "passcode",
  "pass",
  "pwd",
  "secret",
  "token",
  "key",
  "credential",
  "psk",
  "_pw",
  "bindpw",
  "rootpw",
  "requirepass",
  "masterauth",
  "authtok",
  "kennwort",
  "sessid",
  "sessionid",
  "session",
  "cookie",
  ".sid",
  "salt",
  "nature",
  "sig=",
  "sid=",
  "code=",
  'auth"',
  "auth=",
  "csrf",
  "xsrf",
  "-data",
];

/** Configuration directives whose value follows without a sign. */
const DIRECTIVES =
  /^(?:requirepass|masterauth|bindpw|rootpw|olcrootpw|passphrase|password|passwd|secret|psk|wpa-psk|wpa_passphrase|wep-key|pass)$/i;

const SIGN = /\\?["'`]?\]?[ \t]{0,40}(?:=>|:=|==?|:(?!:))[ \t]{0,64}/y;
const BASE64_SIGN = /::[ \t]+/y;
const ELEMENT = /(?:[ \t][^<>\n]{0,200})?>/y;
const VALUE_ATTRIBUTE = /\\?["'](?:\s{0,20},?\s{0,80})(?:-\s{0,20})?\\?["']?value\\?["']?\s{0,20}[=:]\s{0,20}/yi;
const YAML_VALUE = /[ \t]{0,20}\r?\n[ \t]{0,80}value:[ \t]{1,20}/y;
const ELEMENT_VALUE = /["'][^<>\n]{0,200}>/y;
const COMMA = /["']\s{0,20},\s{0,20}(?=["'])/y;
const SPACES = /["']?[ \t]+(?=[^\s=:-])/y;
const DASHED_SPACES = /[ \t]+/y;

export const NAMED_RULE: Rule = { words: WORDS, look };

function look({ text, index, length }: Place): readonly Found[] {
  const start = nameStart(text, index);
  const end = nameEnd(text, index + length);
  const name = text.slice(start, end);
  const sureness = surenessOf(name);
  if (sureness === undefined) return NOTHING;
  const sign = signAfter(text, { start, end, name });
  if (sign === undefined) return NOTHING;
  return valuesAt(text, sign.end, { start, name, sign: sign.kind })
    .filter(({ found, quoted, inConfig }) =>
      isPlausible(text.slice(found.start, found.end), sureness, { quoted, inConfig })
    )
    .map(({ found }) => found.end - sign.end < MAX_HEAD ? found : { ...found, end: wordEnd(text, found.end) });
}

/** Letters, digits and `_ . - $`. */
function isNameCharacter(code: number): boolean {
  return isWordCharacter(code) || code === 46 || code === 45 || code === 36;
}

function nameStart(text: string, index: number): number {
  let start = index;
  while (start > 0 && index - start < MAX_NAME && isNameCharacter(text.charCodeAt(start - 1))) start--;
  return start;
}

function nameEnd(text: string, from: number): number {
  let end = from;
  // The word that was looked for may hold the sign already.
  while (/[="]/.test(text[end - 1] ?? "")) end--;
  while (end - from < MAX_NAME && isNameCharacter(text.charCodeAt(end))) end++;
  return end;
}

interface Name {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

type SignKind = "=" | ":" | "element" | "flag" | "directive" | "pair";

function signAfter(
  text: string,
  { start, end, name }: Name,
): { readonly end: number; readonly kind: SignKind } | undefined {
  const opened = text[start - 1];
  const attempt = (pattern: RegExp, kind: SignKind): { end: number; kind: SignKind } | undefined => {
    pattern.lastIndex = end;
    return pattern.test(text) ? { end: pattern.lastIndex, kind } : undefined;
  };
  const quote = opened === '"' || opened === "'";
  if (quote) {
    const pair = attempt(VALUE_ATTRIBUTE, "pair") ?? attempt(COMMA, "pair") ??
      (/[=]$/.test(text.slice(start - 2, start - 1)) ? attempt(ELEMENT_VALUE, "element") : undefined);
    if (pair !== undefined) return pair;
  }
  if (opened === "<") return attempt(ELEMENT, "element") ?? attempt(SIGN, "=");
  const base64 = attempt(BASE64_SIGN, ":");
  if (base64 !== undefined) return base64;
  const sign = attempt(SIGN, ":");
  if (sign !== undefined) {
    const written = text.slice(end, sign.end);
    // x=password==… compares; a:b without a space is more often something else than a setting.
    if (/==/.test(written)) return undefined;
    return { end: sign.end, kind: written.includes("=") ? "=" : ":" };
  }
  if (lineBefore(text, start, 40).endsWith("name: ")) {
    const yaml = attempt(YAML_VALUE, "pair");
    if (yaml !== undefined) return yaml;
  }
  if (name.startsWith("--") || (name.startsWith("-") && name.length > 4)) return attempt(DASHED_SPACES, "flag");
  if (DIRECTIVES.test(name) && isDirective(text, start)) return attempt(SPACES, "directive");
  return undefined;
}

/** A line that begins with the directive and has one word after it (a sentence has more), or a login of .netrc. */
function isDirective(text: string, start: number): boolean {
  const before = lineBefore(text, start, 300);
  if (/^\s*$/.test(before)) {
    return /^\S+[ \t]+["']?(?![[(])\S+["']?[ \t]*$/.test(lineFrom(text, start, 1024));
  }
  return /\bmachine\s+\S+\s+login\s+\S+\s+$/.test(before) || /\b(?:SET|username\s+\S+)\s+$/.test(before);
}

interface Value {
  readonly found: Found;
  readonly quoted: boolean;
  readonly inConfig: boolean;
}

function valuesAt(
  text: string,
  at: number,
  name: { readonly start: number; readonly name: string; readonly sign: SignKind },
): readonly Value[] {
  const rest = lineFrom(text, at, MAX_HEAD);
  if (name.sign === "element") {
    const end = text.slice(at, at + MAX_VALUE).search(/</);
    return end <= 0 ? [] : [plain(at, at + end, "config")].map(trimmed(text));
  }
  if (/^[[(]\s*$|^\[\s*\\?["']/.test(rest)) return listAt(text, at);
  if (/^[|>][+-]?\d?\s*$/.test(rest)) return blockAt(text, at + rest.length, name.start);
  const quoted = /^(?:!!\w+ |[brufRBUF]{1,2}(?=["'])|@)?(\\{0,3}["'`])/.exec(rest);
  if (quoted !== null) {
    const [opening = "", quote = ""] = quoted;
    const from = at + opening.length;
    const end = closingQuote(text, from, quote);
    return [{ found: { start: from, end }, quoted: true, inConfig: true }];
  }
  if (rest.startsWith("{") && /^\{[^{}]+\}/.test(rest) && /;/.test(lineBefore(text, name.start, 400))) {
    return [plain(at + 1, at + rest.indexOf("}"), "config")];
  }
  return bareAt(text, at, { rest, ...name });
}

function bareAt(
  text: string,
  at: number,
  { rest, start, name, sign }: {
    readonly rest: string;
    readonly start: number;
    readonly name: string;
    readonly sign: SignKind;
  },
): readonly Value[] {
  const before = lineBefore(text, start, 300);
  const first = /^[^\s]+/.exec(rest)?.[0] ?? "";
  if (first === "") return [];
  // NAME="value" in quotes as a whole, as in systemd's Environment=
  const around = /(?:^|[\s=,([])(["'])$/.exec(before)?.[1];
  if (around !== undefined && sign === "=") return [plain(at, closingQuote(text, at, around), "config")];
  if (sign === "flag" || sign === "directive") return [plain(at, at + unquotedEnd(first, before), "config")];
  const anchored =
    /^[\s#;*+>|-]*(?:export\s+|set\s+|env\s+|Environment=|ENV\s+|ARG\s+|[\w./-]+:(?:\d+:)?\s*)?["']?$/.test(before) ||
    /^[\s#;*+>|-]*(?:[\w.-]+\s*[:=]\s*)?\{\s*["']?$/.test(before);
  if (anchored) {
    const line = rest.replace(/\s+(?:#|;|\/\/)\s.*$/, "").replace(/[\s,;]+$/, "");
    const words = line.split(/\s+/);
    if (words.length === 1) {
      return [plain(at, at + line.length, sign === ":" && !/\s$/.test(text.slice(at - 1, at)) ? "text" : "config")];
    }
    const command = sign === "=" && text[at - 1] === "=" && /\s-{1,2}\w|\s[A-Za-z_]\w*=|\s[|&]/.test(line);
    if (!command && (sign === "=" || isPhrase(line, name))) return [plain(at, at + line.length, "config")];
    if (sign === "=") return [plain(at, at + unquotedEnd(first, before), "config")];
  }
  // `password:x` without a space is seldom a setting; `?token=x` and `--password=x` are.
  const inConfig = sign === "=" && /[?&;,]$|^-|\bENV\b/.test(before.slice(-1) + name) || name.startsWith("--") ||
    sign === "=" && /^[A-Z][A-Z0-9_]+$/.test(name);
  return [plain(at, at + unquotedEnd(first, before), inConfig ? "config" : "text")];
}

/** Several words after a colon: a passphrase, unless they are a sentence. */
function isPhrase(line: string, name: string): boolean {
  const words = line.split(/\s+/);
  if (words.length > 8 || /[.!?:,]$|[.:,] /.test(line)) return false;
  if (/[_.]|[a-z][A-Z]/.test(name)) return true;
  return /^[a-z]/.test(name) &&
    !words.some((word) => !isPlausible(word, "password", { quoted: true, inConfig: true }) && word.length > 2);
}

/** Where a value without quotes ends, within its word. */
function unquotedEnd(word: string, before: string): number {
  const query = /[?&]$/.test(before) || /[?&][\w.%-]+=[^\s"'<>]*$/.test(before);
  const list = /;\s*$|=[^;]*;[^;]*$/.test(before.slice(-200));
  const stop = query ? /[&#"'<>`]/ : list ? /[;"'<>`]/ : /["'<>`]|[,;&](?=[\w.-]{2,40}=)/;
  const end = word.search(stop);
  const value = end === -1 ? word : word.slice(0, end);
  return value.replace(/[,;)\]}.]+$/, "").length;
}

function wordEnd(text: string, from: number): number {
  const rest = /^[^\s"'<>`]*/.exec(text.slice(from, from + MAX_VALUE))?.[0] ?? "";
  return from + rest.length;
}

function plain(start: number, end: number, where: "config" | "text"): Value {
  return { found: { start, end }, quoted: false, inConfig: where === "config" };
}

function trimmed(text: string): (value: Value) => Value {
  return (value) => {
    const { start, end } = value.found;
    const inner = text.slice(start, end);
    const lead = inner.length - inner.trimStart().length;
    return { ...value, found: { start: start + lead, end: start + Math.max(lead, inner.trimEnd().length) } };
  };
}

/** The quote that closes what was opened, on this line; the line's end when there is none: it was cut. */
function closingQuote(text: string, from: number, quote: string): number {
  const line = lineFrom(text, from, MAX_VALUE);
  if (quote.startsWith("\\")) {
    const end = line.indexOf(quote);
    return from + (end === -1 ? line.length : end);
  }
  for (let at = 0; at < line.length; at++) {
    if (line[at] === "\\") at++;
    else if (line[at] === quote) return from + at;
  }
  // A backslash before the last quote, as at the end of a Windows path, escapes nothing.
  const last = line.lastIndexOf(quote);
  return from + (last === -1 ? line.length : last);
}

/** `["a", "b"]`: every string of it. */
function listAt(text: string, at: number): readonly Value[] {
  const list = text.slice(at, at + 4000);
  const end = list.search(/[\])]/);
  const inner = end === -1 ? list : list.slice(0, end);
  return [...inner.matchAll(/(\\?["'])([^"'\\\n]{3,})/g)].map(({ 1: quote = "", 2: value = "", index }) => {
    const start = at + index + quote.length;
    return { found: { start, end: start + value.length }, quoted: true, inConfig: true };
  }).filter((_, place) => place < 50);
}

/** YAML's `|` and `>`: the lines after it that stand further in than the name. */
function blockAt(text: string, lineEnd: number, nameAt: number): readonly Value[] {
  const outer = /^\s*/.exec(lineBefore(text, nameAt, 300))?.[0].length ?? 0;
  let end = lineEnd;
  let start = -1;
  while (text[end] === "\n" || text[end] === "\r") {
    const line = lineFrom(text, end + 1, 4096);
    const indent = /^\s*/.exec(line)?.[0].length ?? 0;
    if (line.trim() !== "" && indent <= outer) break;
    if (start === -1 && line.trim() !== "") start = end + 1 + indent;
    end += 1 + line.length;
    if (end - lineEnd > MAX_VALUE || line === "" && end >= text.length) break;
  }
  return start === -1 ? [] : [plain(start, Math.max(start, end), "config")].map(trimmed(text));
}

/** Secrets of several lines: keys in PEM, PuTTY's keys, the data of a Kubernetes secret, vaults. */
import { decodeBase64Text } from "../views.ts";
import { type Found, lineFrom, NOTHING, type Place, type Rule } from "./rule.ts";

const MAX_BLOCK = 128 << 10;
const HEADER = /-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----/y;
const DASHES = /---- BEGIN (SSH2 [A-Z ]{0,40}PRIVATE KEY) ----/y;
/** A line that can belong to the block: its letters, one of its headers, or nothing. */
const BODY_LINE =
  /[A-Za-z0-9+/=_-]{16,}|^\W*[A-Za-z0-9+/]*={0,2}\W*$|^\W*(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject):/;

/** Where a string of JSON ends, be it in a string itself: a block that was cut goes no further. Arrays of lines do. */
const JSON_STRING_END = /"\s*(?:[}\]]|,\s*(?:\\*"[^"\\]{1,60}\\*"\s*:|[{[]))/;
/** Where the string of a field begins. */
const JSON_KEY = /"[^"\\]{1,60}\\*"\s*:\s*(?:\[\s*)?\\*"/g;

/** The body of a PEM block, or of what is left of one that was cut; the lines that name it stay. */
function pem({ text, index }: Place): readonly Found[] {
  const opening = text[index + 4] === "-" ? HEADER : DASHES;
  opening.lastIndex = index;
  const header = opening.exec(text);
  // What everyone may see says much about a broken TLS set-up, and nothing that helps to get in.
  if (header === null || /PUBLIC KEY|CERTIFICATE REQUEST/.test(header[1] ?? "")) return NOTHING;
  const start = index + header[0].length;
  return bodyFrom(text, start, bodyEnd(text, start));
}

function bodyEnd(text: string, start: number): number {
  const reach = text.slice(start, start + MAX_BLOCK);
  const next = reach.indexOf("-----BEGIN ");
  const to_next = next === -1 ? reach : reach.slice(0, next);
  const json_end = to_next.search(JSON_STRING_END);
  const own = json_end === -1 ? to_next : to_next.slice(0, json_end);
  const close = own.search(/-----END |---- END /);
  if (close !== -1) return start + close;
  // It has no end: it was cut. As far as lines look like a part of it.
  let end = 0;
  while (end < own.length) {
    const line = lineFrom(own, end, MAX_BLOCK);
    if (end > 0 && !BODY_LINE.test(line)) break;
    end += line.length + 1;
  }
  return start + Math.min(end, own.length);
}

/** The end of a block whose beginning was cut away. */
function pemEnd({ text, index }: Place): readonly Found[] {
  const close = /-----END (?:[A-Z0-9 ]{0,40}PRIVATE KEY|PGP [A-Z ]{4,30})-----/y;
  close.lastIndex = index;
  if (!close.test(text)) return NOTHING;
  const from = Math.max(0, index - MAX_BLOCK, text.lastIndexOf("-----END ", index - 1) + 1);
  const all_before = text.slice(from, index);
  const json_start = [...all_before.matchAll(JSON_KEY)].at(-1);
  const before = json_start === undefined ? all_before : all_before.slice(json_start.index + json_start[0].length);
  if (before.includes("-----BEGIN ")) return NOTHING;
  let start = before.length;
  while (start > 0) {
    const lineStart = before.lastIndexOf("\n", start - 2) + 1;
    if (!/[A-Za-z0-9+/=_-]{16,}|^\W*[A-Za-z0-9+/]+={0,2}\W*$/.test(before.slice(lineStart, start))) break;
    start = lineStart;
  }
  return bodyFrom(text, index - before.length + start, index);
}

function bodyFrom(text: string, from: number, to: number): readonly Found[] {
  const body = text.slice(from, to);
  const trimmed = body.trim().replace(/[\s"'\\]+$/, "");
  if (trimmed.length < 8) return NOTHING;
  const start = from + body.indexOf(trimmed);
  const lines = trimmed.split(/\s+/).filter((line) => line.length >= 40).slice(0, 100);
  return [{ start, end: start + trimmed.length, also: lines }];
}

/** PuTTY: `Private-Lines: 14`, then as many lines. */
function putty({ text, index, length }: Place): readonly Found[] {
  const count = /^\s*(\d{1,3})\r?\n/.exec(text.slice(index + length, index + length + 12));
  if (count === null) return NOTHING;
  const start = index + length + count[0].length;
  let end = start;
  for (let left = Number(count[1]); left > 0 && end < text.length; left--) end += lineFrom(text, end, 200).length + 1;
  return bodyFrom(text, start, Math.min(end, text.length));
}

/** Ansible's vault, and an age key: a line or a few of hex. */
function vault({ text, index, length }: Place): readonly Found[] {
  const body = /^;[\d.;\w-]*\s+((?:[0-9a-f]{6,}\s*)+)/.exec(text.slice(index + length, index + length + MAX_BLOCK));
  const [whole = "", hex = ""] = body ?? [];
  return body === null
    ? NOTHING
    : bodyFrom(text, index + length + whole.length - hex.length, index + length + whole.length);
}

/** A document with `kind: Secret`: every value of `data` and `stringData`, whatever its name. */
function kubernetesSecret({ text, index, length }: Place): readonly Found[] {
  if (!/^["']?\s*:\s*["']?Secret(?:List)?\b/.test(text.slice(index + length, index + length + 30))) return NOTHING;
  const from = Math.max(0, text.lastIndexOf("\n---", index), index - MAX_BLOCK);
  // The first one of a document speaks for all of it.
  if (/kind["']?\s*:\s*["']?Secret/.test(text.slice(from, index))) return NOTHING;
  const next = text.indexOf("\n---", index);
  const to = Math.min(next === -1 ? text.length : next, index + MAX_BLOCK);
  return [...text.slice(from, to).matchAll(/(?:^|[\s{,"'])(?:data|stringData)["']?\s*:\s*(\{|\r?\n)/g)]
    .flatMap(({ 0: opening, 1: kind, index: at }) => {
      const start = from + at + opening.length;
      return kind === "{" ? jsonValues(text, start, to) : yamlValues(text, start, to);
    });
}

function jsonValues(text: string, start: number, to: number): Found[] {
  const end = text.indexOf("}", start);
  const inner = text.slice(start, end === -1 ? to : end);
  return [...inner.matchAll(/:\s*"((?:[^"\\]|\\.){3,})"/g)].map(({ 0: whole, 1: value = "", index }) => {
    const valueStart = start + index + whole.length - 1 - value.length;
    return found(valueStart, value);
  });
}

function yamlValues(text: string, start: number, to: number): Found[] {
  const outer = /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", start - 2) + 1))?.[0].length ?? 0;
  const values: Found[] = [];
  for (let at = start; at < to;) {
    const line = lineFrom(text, at, MAX_BLOCK);
    const indent = /^\s*/.exec(line)?.[0].length ?? 0;
    if (indent <= outer && line.trim() !== "") break;
    const value = /^\s*[\w.-]+:\s+["']?([^"'\s][^"']{2,})["']?\s*$/.exec(line)?.[1];
    if (value !== undefined) values.push(found(at + line.lastIndexOf(value), value));
    at += line.length + 1;
  }
  return values;
}

function found(start: number, value: string): Found {
  return { start, end: start + value.length, value: decodeBase64Text(value) ?? value };
}

export const BLOCK_RULES: readonly Rule[] = [
  { words: ["-----BEGIN ", "---- BEGIN SSH2 "], look: pem },
  { words: ["-----END "], look: pemEnd },
  { words: ["Private-Lines:"], look: putty },
  { words: ["$ANSIBLE_VAULT"], look: vault },
  { words: ["kind"], look: kubernetesSecret },
];

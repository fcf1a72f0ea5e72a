/** The ways in which a known value may be written: a base64 text that holds it, JSON in JSON, a URL, hex. */
import { MIN_WORD } from "./scanner.ts";

/** Every spelling of a value, itself first; those too short to be told from other text are left out. */
export function spellings(value: string): readonly string[] {
  const escaped = jsonSpellings(value);
  const twice = escaped.flatMap(jsonSpellings);
  const bytes = new TextEncoder().encode(value);
  const all = [
    value,
    ...escaped,
    ...twice,
    ...urlSpellings(value),
    ...base64Spellings(bytes),
    ...(bytes.length < 4 ? [] : [bytes.toHex()]),
  ];
  return [...new Set(all)].filter((spelling) => spelling.length >= Math.max(MIN_WORD, Math.min(4, value.length)));
}

/** As JSON.stringify writes it, and as encoders do that keep to ASCII, or to what is safe in HTML, or escape slashes. */
function jsonSpellings(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const unicode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return [
    plain,
    plain.replaceAll("/", "\\/"),
    plain.replaceAll(/[<>&]/g, unicode),
    plain.replaceAll(/[^\0-\x7f]/g, unicode),
    plain.replaceAll(/[<>&'+]|[^\0-\x7f]/g, unicode),
  ];
}

function urlSpellings(value: string): string[] {
  if (!value.isWellFormed()) return [];
  const encoded = encodeURIComponent(value);
  return [encoded, encoded.replaceAll("%20", "+"), encodeURI(value)];
}

/** The letters that a value alone decides, at each of the three places where it can begin in a group of three bytes. */
function base64Spellings(bytes: Uint8Array): string[] {
  if (bytes.length < 6) return [];
  return [0, 1, 2].flatMap((shift) => {
    const shifted = new Uint8Array(shift + bytes.length);
    shifted.set(bytes, shift);
    const letters = shifted.toBase64({ omitPadding: true });
    const start = Math.ceil(shift * 8 / 6);
    const sure = letters.slice(start, Math.floor(shifted.length * 8 / 6));
    return [sure, sure.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

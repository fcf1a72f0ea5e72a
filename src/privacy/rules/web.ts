/** What stands in URLs, HTTP headers and protocols that log in with a line of text. */
import { decodeBase64Text } from "../views.ts";
import { isRandom } from "./names.ts";
import { type Found, lineBefore, lineFrom, NOTHING, type Place, type Rule } from "./rule.ts";

const MAX_LINE = 8192;

export const WEB_RULES: readonly Rule[] = [
  { words: ["://"], look: userInfo },
  { words: ["jdbc:oracle:"], look: oracle },
  { words: ["authorization", "proxy-authorization"], look: authorization },
  { words: ["bearer ", "basic ", "negotiate "], look: scheme },
  { words: ["cookie:", 'cookie"', "cookie'", "cookie="], look: cookies },
  { words: ["auth plain ", "auth login ", "authenticate plain "], look: saslPlain },
  { words: ["pass "], look: passCommand },
];

/** `scheme://user:password@host`, `redis://:password@host`, `https://token@host`. */
function userInfo({ text, index }: Place): readonly Found[] {
  const from = index + 3;
  const word = /^[^\s"'<>`\\]*/.exec(text.slice(from, from + 1024))?.[0] ?? "";
  // A password may hold a slash or an @ that nobody encoded; a name does not.
  const slash = word.search(/[/?#]|$/);
  const strict = word.slice(0, slash);
  const colon = strict.indexOf(":");
  const authority = colon === -1 ? strict : word;
  const at = colon === -1 ? authority.indexOf("@") : authority.lastIndexOf("@");
  if (at === -1) return NOTHING;
  if (colon === -1 || colon > at) return isRandom(authority.slice(0, at)) ? [{ start: from, end: from + at }] : NOTHING;
  if (/[/?#@]/.test(authority.slice(0, colon))) return NOTHING;
  const password = authority.slice(colon + 1, at);
  // host:8080/path?mail=a@b
  if (password === "" || /^\d{1,5}[/?#]/.test(password) || /^[*x]+$|^\$|^</.test(password)) return NOTHING;
  const token = /^x-(?:access-token|oauth-basic)$/.test(password) ? [{ start: from, end: from + colon }] : [];
  return [...token, { start: from + colon + 1, end: from + at }];
}

/** `jdbc:oracle:thin:scott/tiger@//host` */
function oracle({ text, index }: Place): readonly Found[] {
  const match = /^jdbc:oracle:\w+:[\w.$-]+\/([^@\s"']+)@/.exec(text.slice(index, index + 512));
  const [whole = "", password = ""] = match ?? [];
  return match === null
    ? NOTHING
    : [{ start: index + whole.length - 1 - password.length, end: index + whole.length - 1 }];
}

/** Everything after the scheme: a signature of AWS or a digest has several parts. */
function authorization({ text, index, length }: Place): readonly Found[] {
  const rest = lineFrom(text, index + length, MAX_LINE);
  const lead =
    /^\\?["']?\]?\s*(?:=>|[:=,])\s*\\?["']?\s*(?:(?:Basic|Bearer|Digest|Negotiate|NTLM|Token|token|ApiKey|AWS4-HMAC-SHA256|OAuth|Splunk|Key|GoogleLogin|SharedKey|SharedAccessSignature)\s+)?/i
      .exec(rest)?.[0];
  if (lead === undefined) return NOTHING;
  const value = beforeQuote(rest.slice(lead.length));
  // "authorization: denied" and the like
  if (value.length < 6 || /^[a-z ]+$/.test(value) || /^\$/.test(value)) return NOTHING;
  const start = index + length + lead.length;
  return [{ start, end: start + value.length }];
}

function scheme({ text, index, length }: Place): readonly Found[] {
  if (/\w/.test(text[index - 1] ?? "")) return NOTHING;
  const value = /^\s*([\w.~+/=:-]{6,})/.exec(lineFrom(text, index + length, MAX_LINE));
  const [whole = "", token = ""] = value ?? [];
  const isBasic = /^basic/i.test(text.slice(index, index + 5));
  const start = index + length + whole.length - token.length;
  if (isBasic) return isUserAndPassword(token) ? [{ start, end: start + token.length }] : NOTHING;
  const plausible = isRandom(token) || (token.length >= 20 && /\d/.test(token)) ||
    (token.length >= 8 && /\d/.test(token) && /[A-Za-z]/.test(token));
  return plausible ? [{ start, end: start + token.length }] : NOTHING;
}

function isUserAndPassword(value: string): boolean {
  return /^[^:]+:./.test(decodeBase64Text(value) ?? "");
}

/** Values of each cookie; of Set-Cookie only the first, for the others are attributes. */
function cookies({ text, index, length }: Place): readonly Found[] {
  const before = lineBefore(text, index, 8).toLowerCase();
  if (/[\w]$/.test(before) || /magic-$/.test(before)) return NOTHING;
  const rest = lineFrom(text, index + length, MAX_LINE);
  const lead = /^[\s:="'\\,\[]*/.exec(rest)?.[0] ?? "";
  const list = beforeQuote(rest.slice(lead.length));
  const start = index + length + lead.length;
  const pairs = [...list.matchAll(/(?:^|[;,]\s*)([\w.$!#%&'*+^`|~-]+)=([^;,\s]+)/g)];
  const wanted = /set-$/.test(before) ? pairs.slice(0, 1) : pairs;
  return wanted.flatMap(({ 0: pair, 2: value = "", index: at }) => {
    const end = start + at + pair.length;
    // tcp_syncookies = 1, an OpenFlow cookie=0x0
    return value.length < 6 || /^(?:0x)?[\da-f]{1,16}$/i.test(value) && value.length < 12
      ? []
      : [{ start: end - value.length, end }];
  });
}

/** SASL in SMTP, IMAP and POP3: base64 of \0user\0password. */
function saslPlain({ text, index, length }: Place): readonly Found[] {
  const [token = ""] = /^[A-Za-z0-9+/=]{8,}/.exec(lineFrom(text, index + length, MAX_LINE)) ?? [];
  const start = index + length;
  if (token === "") return NOTHING;
  const password = saslPassword(token);
  return [{ start, end: start + token.length, ...(password === undefined ? {} : { also: [password] }) }];
}

function saslPassword(token: string): string | undefined {
  try {
    return atob(token).split("\0")[2];
  } catch {
    return undefined;
  }
}

/** FTP, POP3 and IRC log in with a line `PASS secret`. */
function passCommand({ text, index }: Place): readonly Found[] {
  if (text.slice(index, index + 4) !== "PASS" || !/^\W*$|["'>:\]]\s*$/.test(lineBefore(text, index, 100))) {
    return NOTHING;
  }
  const value = /^PASS ([^\s"']+)\s*(?=$|["'\\])/.exec(lineFrom(text, index, 300))?.[1];
  if (value === undefined || /^[<([*$:-]/.test(value) || value.length < 3) return NOTHING;
  return [{ start: index + 5, end: index + 5 + value.length }];
}

function beforeQuote(rest: string): string {
  const end = rest.search(/\\?["'`]|\s-{1,2}[A-Za-z]|\s+https?:\/\//);
  return (end === -1 ? rest : rest.slice(0, end)).trimEnd();
}

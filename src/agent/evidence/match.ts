/** How what a claim names is looked for in a text of the run. */
import { errnoByName } from "../../kernel/errno.ts";

/** True when the text holds it. */
export type Matches = (text: string) => boolean;

/** Names that `ss` and `netstat` without `-n` print for ports. */
const SERVICES: Readonly<Record<number, string>> = {
  22: "ssh",
  25: "smtp",
  53: "domain",
  80: "http",
  443: "https",
  3306: "mysql",
  5432: "postgresql",
  6379: "redis",
  8080: "http-alt",
};

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
  SIGSYS: 31,
};

/** Numbers that stand alone: not inside of a longer number, name or address. */
export function matchesId(number: number): Matches {
  return tester(new RegExp(`(?<![\\w.])${number}(?!\\w|\\.\\d)`));
}

export function matchesPort(port: number): Matches {
  const service = SERVICES[port];
  return tester(
    new RegExp(`(?<![\\w.]|\\d:)${port}(?!\\w|\\.\\d)|:${port}(?![\\w:])${service ? `|:${service}\\b` : ""}`, "i"),
  );
}

/** IPv4 in dotted form, IPv6 however it is shortened. */
export function matchesAddress(address: string): Matches {
  if (!address.includes(":")) return tester(new RegExp(`(?<![\\d.])${escape(address)}(?!\\d|\\.\\d)`));
  const canonical = expandIpv6(address);
  return (text) =>
    text.toLowerCase().includes(address.toLowerCase()) ||
    [...text.matchAll(/[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}/gi)].some(([found]) => expandIpv6(found) === canonical);
}

/** A path, or a path below it. */
export function matchesPath(path: string): Matches {
  const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
  return tester(new RegExp(`(?<![\\w/.-])${escape(plain)}(?![\\w-]|\\.\\w)`));
}

/** A word: of a process also with what `ps` and `comm` make of it. */
export function matchesName(name: string): Matches {
  return tester(new RegExp(`(?<![\\w.-])${escape(name)}(?![\\w-]|\\.\\w)`, "i"));
}

/** By name, by its words, or by the negative number that a system call returns. */
export function matchesError(name: string): Matches {
  const error = errnoByName(name);
  const words = error === undefined
    ? ""
    : `|${escape(error.meaning)}|\\bret=-${error.number}\\b(?! error=)|errno[ =]${error.number}\\b`;
  return tester(new RegExp(`\\b${name}\\b${words}`, "i"));
}

export function matchesSignal(name: string): Matches {
  const number = SIGNAL_NUMBERS[name];
  return tester(
    new RegExp(
      `\\b${name}\\b${number === undefined ? "" : `|\\bsig(?:nal)?[ =]${number}\\b|exited by signal ${number}\\b`}`,
    ),
  );
}

export function signalByNumber(number: number): string | undefined {
  return Object.entries(SIGNAL_NUMBERS).find(([, value]) => value === number)?.[0];
}

/** Text as it is quoted: spaces count as one, the ends of a shortened quotation may be left out. */
export function matchesQuote(quote: string): Matches {
  const parts = quote.split(/…|\.\.\./).map(oneSpaced).filter((part) => part !== "");
  return (text) => {
    const spaced = remembered(text);
    return parts.length > 0 && parts.every((part) => spaced.includes(part));
  };
}

let last = { text: "", spaced: "" };

/** Several quotations are looked for in the same output, which may be long. */
function remembered(text: string): string {
  if (last.text !== text) last = { text, spaced: oneSpaced(text) };
  return last.spaced;
}

function oneSpaced(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

/** Eight groups without leading zeros. */
function expandIpv6(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = (text: string): string[] => text === "" ? [] : text.split(":");
  const [first, last] = [groups(head), groups(tail ?? "")];
  const middle = tail === undefined
    ? []
    : Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  return [...first, ...middle, ...last].map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}

function tester(pattern: RegExp): Matches {
  return (text) => pattern.test(text);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

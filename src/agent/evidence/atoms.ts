/** What of a claim can be looked up: names, addresses, paths, errors, numbers. */
import { errnoByName, errnoName } from "../../kernel/errno.ts";
import {
  type Matches,
  matchesAddress,
  matchesError,
  matchesId,
  matchesName,
  matchesPath,
  matchesPort,
  matchesQuote,
  matchesSignal,
  signalByNumber,
} from "./match.ts";

export type NameKind = "address" | "port" | "pid" | "process" | "path" | "error" | "signal" | "name" | "quote";

/** A name that a claim uses. */
export interface Name {
  readonly kind: NameKind;
  readonly text: string;
  readonly at: number;
  readonly matches: Matches;
  /** False: it only helps to find the right events; the claim may use the word in another sense. */
  readonly is_required: boolean;
}

export interface Names {
  readonly names: readonly Name[];
  /** The claim with everything blanked that was recognised, at the same places: for the numbers. */
  readonly rest: string;
  /** Placeholders of values that were taken out and cannot be compared. */
  readonly secrets: readonly string[];
}

/** What the run knows, to recognise it in a claim. */
export interface Vocabulary {
  /** Ids, keys and program names. */
  readonly ids: ReadonlySet<string>;
  /** Names of processes that occur in the run. */
  readonly processes: ReadonlySet<string>;
}

const PORT_LIST =
  /\b(?:ports?|TCP|UDP)[ #:/]*((?:\d{1,5})(?:(?:,\s*|\s+and\s+|\s+or\s+)\d{1,5}\b(?!\s*(?:%|ms|s\b)))*)\b(?![.]\d)/gi;
const PID_LIST = /\b(?:pids?|tgid|tid|process(?:es)?(?: id)?|PIDs?)[ #:=]+(\d+(?:(?:,\s*|\s+and\s+)\d+)*)\b(?!\s*%)/gi;
/** Words after `process` that are no name. */
const NO_PROCESS =
  /^(?:that|which|is|was|are|were|ids?|list(?:ed|s)?|names?|named|called|table|exit(?:s|ed)?|ends?|ended|with|without|at|in|on|of|has|had|have|and|or|to|could|can|cannot|may|uses?|used|holds?|runs?|running|looks?|itself|accepts?|fail(?:s|ed|ures?)?|does|do|did|not|count|owns?|needs?|died|dies|from|for|but|there|here|start(?:s|ed)?|alone|limit|group|tree|state|memory|cpu|than|as|by|per|it|they|the|a|an|no|be|been|creation|management|tries|got|gets|after|before|while|when|because|so|this|these|connect(?:s|ed)?|listen(?:s|ing|ed)?|writes?|reads?|opens?|killed|crash(?:es|ed)?|seen|ever|also|only|still|now|slots?|stat(?:us|istics)|table|restarts?|lives?|live|being|waits?|above|below|left|were)$/i;
/** Subjects of a sentence that are no process. */
const NO_SUBJECT =
  /^(?:it|this|that|which|who|what|there|nothing|nobody|something|someone|everything|none|all|every|each|one|he|they|we|you|host|server|service|database|application|app|process|program|kernel|system|client|peer|connection|connections|connects?|port|socket|name|resolver|also|then|and|or|but|not|no|never|only|still|now|memory|swap|disk|load|cpu|file|user|root|container|queue|listener|daemon|worker|workers|job|script|task|thread|which|both)$/i;
const SUBJECT_VERB =
  /(?:^|[;:.]\s+|,\s+|\b(?:and|while|but|because|that|where)\s+)([a-z][\w.-]{1,30}) (?:listens|is listening|connects to|connected to|was refused|is refused|was killed|is killed|was OOM|crashes|crashed|exited|exits|is running|runs as|opens|opened|wrote|writes to|holds|owns|has|is|was|uses|used|makes|made|sent|sends|got|fails|failed|cannot|could not|asked|asks|tries|tried)\b/g;
const DOTTED = /(?<![\w.@/-])[\w@-]+(?:\.[\w@-]+)+(?![\w-])/g;

/**
 * Reads a claim. What is recognised first is blanked, so that an address is not read as four numbers.
 *
 * @param claim as the model wrote it
 */
export function readNames(claim: string, { ids, processes }: Vocabulary): Names {
  const reader = new Reader(claim);
  const secrets = reader.take(/<(?:secret|text):\d+>/g, () => []).map(([whole]) => whole);
  reader.take(/(["“«])([^"”»\n]{2,300})(["”»])/g, ([, , quoted = ""], at) => quotedName(quoted, at + 1));
  reader.take(/`([^`\n]{2,300})`/g, ([, quoted = ""], at) => quotedName(quoted, at + 1));
  reader.take(/(?<![\w])'([^'\n]{2,200})'(?!\w)/g, ([, quoted = ""], at) => quotedName(quoted, at + 1));
  for (const id of ids) {
    // a bare word such as "memory" is an id only where it is marked as one
    const isKey = /_\d+$/.test(id);
    reader.take(new RegExp(`(?<![\\w])${RegExp.escape(id)}${isKey ? "(?!\\w)" : "(?=:\\s|\\))"}`, "g"), () => []);
  }
  reader.take(/\bfd[ =]\d+\b/g, () => []);
  reader.take(/\bIPv[46]\b|\bHTTP\/[\d.]+|\bTLS ?v?1\.\d\b/g, () => []);
  reader.take(
    /(?<![\w.:])\[?((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?=[0-9a-f:]*::)(?:[0-9a-f]{1,4})?(?::[0-9a-f]{0,4}){2,7})(?:\](?::(\d{1,5}))?)?(?![\w:])/gi,
    endpointNames,
  );
  reader.take(/(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?:\/\d{1,2})?(?![\d]|\.\d)/g, endpointNames);
  reader.take(
    /(?<![\p{L}\d_.~<-])(?:\/[\w@%+=.,~#:-]*[\w@%+=~#-])+\/?/gu,
    ([path], at) => [name("path", path, at, matchesPath(path))],
  );
  reader.take(
    /(?<=\b[a-z][\w.-]*|[*\]]|\s|^):(\d{2,5})\b(?![:.]\d)/gi,
    ([, port = ""], at) => [portName(port, at + 1)],
  );
  reader.take(/\b(\d{1,5})\/(?:tcp|udp)\b/gi, ([, port = ""], at) => [portName(port, at)]);
  reader.take(PORT_LIST, ([, list = ""], at) => numbersOf(list).map((port) => portName(port, at)));
  if (/\b(?:listen\w*|bound|ports?)\b/i.test(claim)) {
    // "listens on 5433, not on 5432"
    reader.take(
      /\b(?:on|at) (\d{2,5})\b(?!\s*(?:%|[nµm]?s\b|seconds|times|of\b)|[.,]\d)/g,
      ([, port = ""], at) => [portName(port, at)],
    );
    reader.take(
      /\b(\d{2,5})(?= (?:is|was) (?:open|closed|free|taken|in use)\b)/g,
      ([, port = ""], at) => [portName(port, at)],
    );
  }
  reader.take(
    PID_LIST,
    ([, list = ""], at) => numbersOf(list).map((pid) => name("pid", `pid ${pid}`, at, matchesId(Number(pid)))),
  );
  reader.take(/\bE[A-Z0-9]{2,}\b/g, ([error], at) => errnoByName(error) ? [errorAtom(error, at)] : undefined);
  reader.take(/\berrno[ =](\d{1,3})\b/gi, ([, number = ""], at) => {
    const error = errnoName(Number(number));
    return error === undefined ? undefined : [errorAtom(error, at)];
  });
  reader.take(/\bSIG[A-Z]{2,}\d*\b/g, ([signal], at) => [name("signal", signal, at, matchesSignal(signal))]);
  reader.take(/\bsignal (\d{1,2})\b/gi, ([, number = ""], at) => {
    const signal = signalByNumber(Number(number));
    return signal === undefined ? undefined : [name("signal", signal, at, matchesSignal(signal))];
  });
  reader.take(
    DOTTED,
    ([word], at) =>
      /^\d+(\.\d+)?\p{L}{0,3}$/u.test(word) || /^(?:e\.g|i\.e|a\.k\.a)$/i.test(word) ? undefined : [wordName(word, at)],
  );
  reader.take(/(?<![\w-])[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?![\w-])/g, ([word], at) => [wordName(word, at)]);
  readProcesses(reader, claim, processes);
  return { names: reader.names.toSorted((a, b) => a.at - b.at), rest: reader.rest, secrets };
}

/** Names of processes: known ones anywhere, unknown ones where the sentence says that they are processes. */
function readProcesses(reader: Reader, claim: string, processes: ReadonlySet<string>): void {
  reader.note(
    /(?<![\w/.-])([\w.:+\/-]*[A-Za-z][\w.:+\/-]*) \((?:host )?(?:pid|PID|\d+ processes)/g,
    ([, word = ""], at) => NO_SUBJECT.test(word) ? [] : [processName(word, at)],
  );
  reader.note(
    /\bprocess(?:es)?(?: (?:called|named))? ([A-Za-z][\w.-]*[\w])/g,
    ([, word = ""], at) =>
      NO_PROCESS.test(word) || word.endsWith("ing") || word.endsWith("ed") ? [] : [processName(word, at)],
  );
  reader.note(
    SUBJECT_VERB,
    ([, word = ""], at) =>
      NO_SUBJECT.test(word) || !/[a-z]/.test(word) ? [] : [processName(word, at, processes.has(word))],
  );
  for (const known of processes) {
    if (known.length < 3 || !claim.includes(known)) continue;
    reader.note(
      new RegExp(`(?<![\\w./-])${RegExp.escape(known)}(?![\\w-])`, "g"),
      ([word], at) => [processName(word, at, false)],
    );
  }
}

/** A single word in quotes is a name as it would be without them, and must occur. */
function quotedName(quoted: string, at: number): readonly Name[] | undefined {
  if (/^<\w+:\d+>$/.test(quoted)) return undefined;
  if (/^[/\d[]/.test(quoted) && !/\s/.test(quoted)) return undefined; // a path, a number or an address: read as such
  return [name("quote", `"${quoted}"`, at, matchesQuote(quoted))];
}

function endpointNames([, address = "", port]: RegExpExecArray, at: number): readonly Name[] {
  return [
    name("address", address, at, matchesAddress(address)),
    ...(port === undefined ? [] : [portName(port, at)]),
  ];
}

function portName(port: string, at: number): Name {
  return name("port", `port ${port}`, at, matchesPort(Number(port)));
}

function errorAtom(error: string, at: number): Name {
  return name("error", error, at, matchesError(error));
}

function wordName(word: string, at: number): Name {
  const unit = /^(.+)\.(?:service|socket|timer)$/.exec(word)?.[1];
  const [whole, short] = [matchesName(word), unit === undefined ? undefined : matchesName(unit)];
  return name("name", word, at, (text) => whole(text) || short?.(text) === true);
}

function processName(word: string, at: number, is_required = true): Name {
  return { kind: "process", text: word, at, matches: matchesName(word), is_required };
}

function name(kind: NameKind, text: string, at: number, matches: Matches): Name {
  return { kind, text, at, matches, is_required: true };
}

function numbersOf(list: string): readonly string[] {
  return list.match(/\d+/g) ?? [];
}

/** Takes names out of a text, one kind after the other. */
class Reader {
  readonly names: Name[] = [];
  rest: string;

  constructor(text: string) {
    this.rest = text;
  }

  /** Blanks what matches, unless the reader of the match says (by undefined) that it is something else. */
  take(pattern: RegExp, read: (match: RegExpExecArray, at: number) => readonly Name[] | undefined): RegExpExecArray[] {
    const taken = [...this.rest.matchAll(pattern)].filter((match) => {
      const names = read(match, match.index);
      this.names.push(...names ?? []);
      return names !== undefined;
    });
    for (const { 0: whole, index } of taken) {
      // a mark, no space: a number beside it must not become another number
      this.rest = this.rest.slice(0, index) + "\u{2022}".repeat(whole.length) + this.rest.slice(index + whole.length);
    }
    return taken;
  }

  /** As {@link take}, and leaves the text: the same name may be found in two ways. */
  note(pattern: RegExp, read: (match: RegExpExecArray, at: number) => readonly Name[]): void {
    for (const match of this.rest.matchAll(pattern)) {
      for (const found of read(match, match.index + match[0].indexOf(match[1] ?? match[0]))) this.#add(found);
    }
  }

  #add(found: Name): void {
    const index = this.names.findIndex(({ kind, text, at }) =>
      kind === found.kind && text === found.text && at === found.at
    );
    if (index < 0) this.names.push(found);
    else if (found.is_required) this.names[index] = found;
  }
}

/** What of a case may leave its host. */
import { mapStrings } from "../models/map_strings.ts";
import { readIdentities } from "../privacy/identities.ts";
import { Redactor } from "../privacy/redactor.ts";
import { KINDS } from "../privacy/span.ts";
import type { CaseDocument, CasePrivate } from "../protocol/case.ts";
import type { CommandResult, DiagnosticReply, Turn } from "../protocol/mod.ts";
import type { CaseContent } from "./text.ts";

const PLACEHOLDER = /<(?:secret|address|host|user|text):\d{1,9}>/g;

/**
 * The redactor of a case: one that knows what the case's placeholders stand for. Those that the private file does not
 * explain, for it was lost at some time, stay as they are, and new ones count on behind them.
 */
export function redactorOf(
  { redacted, placeholders }: Pick<CaseDocument, "redacted" | "placeholders">,
  private_content?: CasePrivate,
): Redactor {
  const named = redacted.includes("hosts") || redacted.includes("users");
  const given = Object.values(placeholders).reduce<number>((sum, count = 0) => sum + count, 0);
  const state = private_content?.redactor;
  return new Redactor({
    categories: redacted,
    ...(named ? { identities: readIdentities() } : {}),
    ...(state === undefined ? {} : { state }),
    ...(given <= (state?.placeholders.length ?? 0) ? {} : { foreign: placeholders }),
  });
}

/** What one step on the host adds to a case, as the host knows it. */
export interface HostWords {
  /** Only new ones: those that the case already has were redacted before. */
  readonly turns: readonly Turn[];
  readonly issue?: string;
  readonly host?: CaseDocument["host"];
}

/**
 * A case with what the host adds to it, redacted. Everything is looked through first, so that a secret which one output
 * gives away is taken out of all the others, and of what was written earlier.
 */
export function redactInto(content: CaseContent, words: HostWords, redactor: Redactor): CaseContent {
  const { issue, host, turns } = words;
  mapStrings(words, (text) => {
    redactor.learn(text);
    return text;
  });
  // What a placeholder of ours says now was ours before; what the host says that looks like one is not.
  const again = <T>(part: T): T => mapStrings(part, (text) => redactor.redact(text, { from: "model" }));
  const anew = <T>(part: T): T => mapStrings(part, (text) => redactor.redact(text));
  return {
    ...content,
    issue: issue === undefined ? again(content.issue) : anew(issue),
    host: host === undefined ? again(content.host) : anew(host),
    turns: [...again(content.turns), ...turns.map((turn) => redactTurn(turn, { again, anew }))],
  };
}

interface Redact {
  /** Of text that may hold placeholders of this case: the model's. */
  readonly again: <T>(part: T) => T;
  /** Of text of the host. */
  readonly anew: <T>(part: T) => T;
}

function redactTurn({ request, command_results, ebpf_results, notes }: Turn, { again, anew }: Redact): Turn {
  const result = (given: CommandResult): CommandResult => {
    // It repeats what the case has already, with its placeholders.
    if (given.slice !== undefined || given.repeat_of !== undefined) return again(given);
    const { stdout, stderr, ...rest } = given;
    return { ...again(rest), ...anew({ stdout, stderr }) };
  };
  return {
    request: again(request),
    command_results: command_results.map(result),
    ebpf_results: Object.fromEntries(
      Object.entries(ebpf_results).map(([key, each]) => [key, each.repeat_of === undefined ? anew(each) : again(each)]),
    ),
    ...(notes === undefined ? {} : { notes: again(notes) }),
  };
}

/** How many placeholders of each kind were given out so far, by this redactor or before it. */
export function countsOf(redactor: Redactor): CaseDocument["placeholders"] {
  return Object.fromEntries(
    KINDS.filter((kind) => kind !== "cut").flatMap((kind) => {
      const count = redactor.counts.get(kind);
      return count === undefined ? [] : [[kind, count]];
    }),
  );
}

/** A request of the model with names and addresses put back; what has no meaning here stays a placeholder. */
export function restoreRequest(request: DiagnosticReply, redactor: Redactor): DiagnosticReply {
  return mapStrings(request, (text) => redactor.restore(text));
}

/** Placeholders that a text still has: secrets, and what nothing here stands for. */
export function placeholdersIn(text: string): readonly string[] {
  return [...new Set(text.match(PLACEHOLDER))];
}

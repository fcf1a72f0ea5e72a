/** A claim in parts, each with what can be looked up: what one part denies, another may assert. */
import { type Name, readNames, type Vocabulary } from "./atoms.ts";
import { type Quantity, readQuantities } from "./quantities.ts";

/** A number as the claim means it. */
export interface Claimed extends Quantity {
  /** `more than 10` is above, `within 1 s` below. */
  readonly bound: "above" | "below" | undefined;
  /** `about 2 s` */
  readonly is_about: boolean;
}

export interface Clause {
  readonly text: string;
  /** Where it begins in the claim. */
  readonly at: number;
  readonly names: readonly Name[];
  readonly numbers: readonly Claimed[];
  /** It says that something is not there: then it may be that its names do not occur. */
  readonly is_denial: boolean;
}

export interface ReadClaim {
  readonly clauses: readonly Clause[];
  readonly secrets: readonly string[];
}

const BREAK =
  /[.;!?](?=\s|$)|,\s+(?=(?:not|but|and not|while|whereas|although|though|which|so|because|and)\b)|\s(?=(?:but|whereas|although|because|while)\s)|\s[–—-]\s|:\s(?=\p{L})|\n/gu;

/** What is denied here is not that something exists, but that it works: its names still have to be seen. */
const FAILURE =
  /\b(?:not|n't|no|never|cannot|nobody|none)\b[ \w]{0,12}\b(?:permitted|allowed|answer\w*|responses?|respond\w*|repl(?:y|ies)|reach\w*|open\w*|connect(?:ed|s)?|resolv\w*|accept\w*|enough|only|write|written|read|start\w*|load\w*|acknowledged|space|inodes|left|found by|be|yet|allocated?|errors?|failures?|loss|problems?)\b|\bwithout (?:an? |any )?(?:\w+ )?(?:errors?|failures?|loss|problems?|answer)\b/gi;
const DENIAL = /\b(?:nothing|nobody|no one|none|no|not|never|neither|nor|without|lacks?|lacking)\b|n't\b/i;

/** What follows is what was expected, not what was seen. */
const CONTRAST =
  /\b(?:instead of|rather than|as opposed to|expected)\s+(?:the\s+)?(?:(?:expected|usual|default|standard|configured)\s+)?(?:port\s+)?$/i;

const ABOVE =
  /(?:more than|over|above|at least|exceed(?:s|ed|ing)?|longer than|greater than|beyond|upwards of|no (?:less|fewer) than|[>≥]=?)\s*$/i;
const BELOW =
  /(?:less than|fewer than|below|under|at most|up to|within|shorter than|no(?:t)? more than|no longer than|[<≤]=?)\s*$/i;
const ABOUT =
  /(?:about|around|roughly|approximately|approx\.?|some|circa|ca\.|nearly|almost|close to|just over|just under|just|[~≈])\s*$/i;
const ABOVE_AFTER = /^\s*(?:or more|or longer|and (?:more|longer)|\+|at least)/i;
/** Not "at most": that is how a maximum is told, which has to occur. */
const BELOW_AFTER = /^\s*(?:or less|or fewer)/i;

const NUMBER_WORDS = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];
/** What number words count when they are meant as a count. */
const COUNTED =
  "times|of|connect\\w*|attempts?|events?|errors?|failures?|process(?:es)?|calls?|requests?|quer(?:y|ies)|packets?|sockets?|listeners?|kills?|crash(?:es)?|exits?|files?|seconds?|minutes?|hours?|milliseconds?|percent";
const WORD_NUMBER = new RegExp(`\\b(${NUMBER_WORDS.slice(2).join("|")}) (?=(?:${COUNTED})\\b)`, "gi");

/** A claim is a sentence; of what is far longer only this much is read. */
const MAX_LENGTH = 3000;

/** Reads a claim into its clauses. */
export function readClaim(whole: string, vocabulary: Vocabulary): ReadClaim {
  const claim = whole.slice(0, MAX_LENGTH);
  const { names, rest, secrets } = readNames(claim, vocabulary);
  const numbers = readQuantities(numbered(rest)).filter(({ at, text }) =>
    !isListNumber(rest, at, text) && !CONTRAST.test(claim.slice(0, at))
  ).map((
    quantity,
  ) => claimed(quantity, rest));
  const ends = [...rest.matchAll(BREAK)].map(({ 0: mark, index }) => index + mark.length);
  const bounds = [0, ...ends, claim.length];
  const clauses = bounds.slice(1).map((end, index): Clause => {
    const start = bounds[index] ?? 0;
    const isHere = ({ at }: { readonly at: number }): boolean => at >= start && at < end;
    const text = claim.slice(start, end);
    return {
      text,
      at: start,
      names: names.filter(isHere).map((name) =>
        CONTRAST.test(claim.slice(0, name.at)) ? { ...name, is_required: false } : name
      ),
      numbers: numbers.filter(isHere),
      is_denial: DENIAL.test(text.replace(FAILURE, "")),
    };
  });
  return { clauses: clauses.filter(({ text }) => text.trim() !== ""), secrets };
}

/** Number words as digits, at the same places. */
function numbered(text: string): string {
  return text.replace(
    WORD_NUMBER,
    (word, name: string) => String(NUMBER_WORDS.indexOf(name.toLowerCase())).padStart(word.length - 1) + " ",
  );
}

/** `1. ` before a step. */
function isListNumber(text: string, at: number, number: string): boolean {
  return /(?:^|\n)\s*$/.test(text.slice(0, at)) && /^[.)]\s/.test(text.slice(at + number.length));
}

function claimed(quantity: Quantity, text: string): Claimed {
  const before = text.slice(Math.max(0, quantity.at - 24), quantity.at);
  const after = text.slice(quantity.at + quantity.text.length, quantity.at + quantity.text.length + 16);
  const bound = ABOVE.test(before) || ABOVE_AFTER.test(after)
    ? "above"
    : BELOW.test(before) || BELOW_AFTER.test(after)
    ? "below"
    : undefined;
  return { ...quantity, bound, is_about: ABOUT.test(before) };
}

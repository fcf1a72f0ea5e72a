/** One claim, held against the results that it names. */
import { type CheckedClaim, citedResults, type Host, type Turn } from "../../protocol/mod.ts";
import type { Name, Vocabulary } from "./atoms.ts";
import { type Clause, readClaim } from "./clauses.ts";
import { type Found, lookUpNames, lookUpNumbers } from "./lookup.ts";
import { judge } from "./rules/mod.ts";
import type { Judgement } from "./rules/rule.ts";
import type { Background, Source } from "./source.ts";
import { sharedWords } from "./words.ts";

/** A run, arranged so that many claims can be held against it. */
export interface Captured {
  readonly turns: readonly Turn[];
  /** Every result, in the order in which they came. */
  readonly sources: readonly Source[];
  readonly vocabulary: Vocabulary;
  readonly background: Background;
  readonly host: Host | undefined;
  /** The problem, in the words of who has it; empty where it is not known. */
  readonly issue: string;
}

export interface Statement {
  readonly claim: string;
  readonly evidence: readonly string[];
  /** Where the resolution says it: a finding names its evidence, a sentence of the other two may stand on all of it. */
  readonly part: NonNullable<CheckedClaim["part"]>;
}

export interface Judged extends CheckedClaim {
  /** False: nothing of it can be compared, through no fault of whoever wrote it. */
  readonly counts: boolean;
  /** Results that it does not name, and that speak against it. */
  readonly against: readonly Judgement[];
}

/** Shorter sentences may mean something else than the text that they occur in. */
const MIN_QUOTED = 40;

/** Claims that something could not be looked at stand on results that did not run. */
const OF_FAILURE =
  /\b(?:could|can|did|was|were)(?: ?not|n't)\b|\bcannot\b|\brefused\b|\bnot (?:run|permitted|allowed)\b|\bfailed to\b|\bunavailable\b/i;

/**
 * Holds a statement against the evidence.
 *
 * @returns undefined for a sentence outside of the findings that says nothing which could be looked up
 */
export function checkClaim(statement: Statement, captured: Captured): Judged | undefined {
  const { claim, part } = statement;
  const evidence = [...statement.evidence];
  const cited = evidence.length === 0 && part !== "finding" ? captured.sources : citedBy(evidence, captured);
  const read = readClaim(claim, captured.vocabulary);
  const names = read.clauses.flatMap((clause) => clause.names);
  const isCheckable = names.some(({ is_required }) => is_required) ||
    read.clauses.some(({ numbers }) => numbers.length > 0);

  const ran = cited.filter(({ not_run }) => not_run === undefined);
  const usable = OF_FAILURE.test(claim) ? cited : ran;
  const quoted = cited.find((source) => quotes(claim, source));
  if (quoted !== undefined) {
    return {
      claim,
      evidence,
      part,
      status: "verified",
      why: `stands in ${quoted.id} word for word`,
      counts: true,
      against: [],
    };
  }
  const judgements = read.clauses.flatMap((clause) => judge(viewOf(clause, { claim, cited: ran, captured })));
  const contradictions = judgements.filter(({ verdict }) => verdict === "contradicted");
  const against = contradictions.filter(({ source }) =>
    source === undefined || !cited.includes(source) || part !== "finding"
  );
  const result = (status: CheckedClaim["status"], why: string, counts = true): Judged => ({
    claim,
    evidence,
    part,
    status,
    why,
    counts,
    against,
  });

  if (contradictions.length > 0) {
    return result(
      "contradicted",
      unique(contradictions.map(({ says }) => says)).join("; "),
    );
  }
  const unusable = part === "finding" ? whyUnusable(evidence, { cited, usable, captured, names }) : undefined;
  if (unusable !== undefined) return result("unsupported", unusable);

  const excused = new Set(judgements.flatMap(({ covers = [] }) => covers));
  const looked = read.clauses.map((clause) => lookUp(clause, { usable, captured, names, excused }));
  const missing = looked.flatMap((each) => each.missing);
  const found = looked.flatMap((each) => each.found);
  const withheld = read.secrets.length === 0
    ? ""
    : `${unique(read.secrets).join(", ")} was taken out of what the model saw and cannot be compared`;
  if (missing.length > 0) {
    return result(
      "unsupported",
      sentence([...missing.map((each) => missingText(each, { usable, captured, names, part })), withheld]),
    );
  }
  const supports = judgements.filter(({ verdict }) => verdict === "supported").map(({ says }) => says);
  const absent = looked.flatMap((each) => each.absent);
  if (found.length + supports.length + absent.length > 0) {
    return result("verified", sentence([...unique(supports), foundText(found), absentText(absent, usable), withheld]));
  }
  if (part !== "finding" && !isCheckable) return undefined;
  const words = sharedWords(claim, usable);
  if (words !== undefined) {
    return result(
      "verified",
      sentence([
        `names nothing exact; ${usable.map(({ id }) => id).slice(0, 3).join(", ")} speaks of ${
          words.slice(0, 4).join(", ")
        }`,
        withheld,
      ]),
    );
  }
  if (withheld !== "") return result("unsupported", withheld, false);
  return result("unsupported", "nothing that it says can be found in what it names");
}

/** True for a sentence that only repeats what a result says. */
function quotes(claim: string, { id, body }: Source): boolean {
  const said = claim.startsWith(`${id}: `) ? claim.slice(id.length + 2) : claim;
  return said.length >= MIN_QUOTED && body.includes(said);
}

/** The results behind the ids, each once; a name that several programs have stands for all of them. */
function citedBy(ids: readonly string[], { turns, sources }: Captured): readonly Source[] {
  const results = new Set(ids.flatMap((id) => citedResults(id, turns)).map(({ result }) => result));
  return sources.filter(({ cited }) => results.has(cited.result));
}

function viewOf(
  clause: Clause,
  { claim, cited, captured }: {
    readonly claim: string;
    readonly cited: readonly Source[];
    readonly captured: Captured;
  },
): Parameters<typeof judge>[0] {
  const all = captured.sources.filter(({ not_run }) => not_run === undefined);
  return { clause, claim, cited, all, host: captured.host };
}

function whyUnusable(
  ids: readonly string[],
  { cited, usable, captured, names }: {
    readonly cited: readonly Source[];
    readonly usable: readonly Source[];
    readonly captured: Captured;
    readonly names: readonly Name[];
  },
): string | undefined {
  if (ids.length === 0) return `it names no evidence${elsewhere(names, captured.sources)}`;
  if (cited.length === 0) return `no result of this run is called ${ids.join(", ")}`;
  if (usable.length === 0) return unique(cited.map(({ id, not_run }) => `${id} did not run: ${not_run}`)).join("; ");
  return undefined;
}

interface LookedUp extends Found {
  /** Names that do not occur, as the clause says. */
  readonly absent: readonly Name[];
}

function lookUp(
  clause: Clause,
  { usable, captured: { background }, names, excused }: {
    readonly usable: readonly Source[];
    readonly captured: Captured;
    readonly names: readonly Name[];
    readonly excused: ReadonlySet<Name>;
  },
): LookedUp {
  const isWhole = usable.some(({ is_complete }) => is_complete);
  const absent = clause.is_denial && isWhole
    ? clause.names.filter(({ matches, is_required, kind }) =>
      is_required && kind !== "pid" && !usable.some(({ body }) => matches(body))
    )
    : [];
  const byName = lookUpNames(clause, { sources: usable, background, excused: new Set([...excused, ...absent]) });
  const byNumber = lookUpNumbers(clause, { sources: usable, background, names });
  return {
    found: [...byName.found, ...byNumber.found],
    missing: [...byName.missing, ...byNumber.missing],
    absent: absent.filter((name) => !excused.has(name)),
  };
}

function missingText(
  { text, why }: Found["missing"][number],
  { usable, captured, names, part }: {
    readonly usable: readonly Source[];
    readonly captured: Captured;
    readonly names: readonly Name[];
    readonly part: Statement["part"];
  },
): string {
  if (why !== "") return `${text}: ${why}`;
  if (part !== "finding") return `${text} occurs in no result`;
  const others = captured.sources.filter((source) => !usable.includes(source) && source.not_run === undefined);
  const name = names.find((each) => each.text === text);
  const where = usable.map(({ id }) => id).slice(0, 3).join(", ");
  return `${text} does not occur in ${where}${name === undefined ? "" : elsewhere([name], others)}`;
}

/** Where else in the run the names occur, for whoever cited the wrong result. */
function elsewhere(names: readonly Name[], sources: readonly Source[]): string {
  const required = names.filter(({ is_required }) => is_required);
  const holders = required.length === 0
    ? []
    : sources.filter(({ body }) => required.every(({ matches }) => matches(body)));
  return holders.length === 0 ? "" : `, but in ${holders.map(({ id }) => id).slice(0, 3).join(", ")}`;
}

function foundText(found: Found["found"]): string {
  if (found.length === 0) return "";
  const texts = unique(found.map(({ text }) => text)).slice(0, 6);
  const where = unique(found.map((each) => each.where)).slice(0, 3);
  return `${texts.join(", ")} ${texts.length === 1 ? "stands" : "stand"} in ${where.join(", ")}, or ${
    texts.length === 1 ? "follows" : "follow"
  } from it`;
}

function absentText(absent: readonly Name[], usable: readonly Source[]): string {
  if (absent.length === 0) return "";
  const [names, where] = [unique(absent.map(({ text }) => text)), usable.map(({ id }) => id).slice(0, 3).join(", ")];
  return `${names.join(", ")} ${names.length === 1 ? "does" : "do"} not occur in ${where}, as it says`;
}

function sentence(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("; ");
}

function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

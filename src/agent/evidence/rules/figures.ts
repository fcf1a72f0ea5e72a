/** Claims about figures that the results hold under a name: how many failed, how long calls took, how a command ended. */
import { timeText } from "../../../probes/result/time_text.ts";
import type { Host } from "../../../protocol/mod.ts";
import type { Claimed } from "../clauses.ts";
import { endingOf, type Source } from "../source.ts";
import { type Judgement, namesOf, type Rule, type View } from "./rule.ts";

/** Histograms are right within 13 %; people round. */
const LATENCY_TOLERANCE = 0.2;
/** Results list this many errors at most: of a list as long as this some are missing. */
const LISTED_ERRORS = 10;

export const figures: Rule = (view) => [
  ...failuresOf(view),
  ...otherErrors(view),
  ...latencies(view),
  ...exitCodes(view),
  ...loads(view),
  ...loadsInWords(view),
  ...memory(view),
  ...didNotHappen(view),
];

/** The one program that the claim cites, when it is one. */
function onlyProgram(view: View): Source | undefined {
  const programs = view.cited.filter(({ program }) => program !== undefined);
  return programs.length === 1 && view.cited.length === 1 ? programs[0] : undefined;
}

/** `212 of 230 failed`: with every event in hand the failures can be counted, those of what the claim names too. */
function failuresOf(view: View): readonly Judgement[] {
  const match = /(\d[\d,]*) (?:out )?of (?:the |all )?(\d[\d,]*)\b(?! *%)/.exec(view.clause.text);
  const source = onlyProgram(view);
  const { program } = source ?? {};
  if (match === null || source === undefined || program === undefined) return [];
  if (!/\b(?:fail\w*|refused|errors?|denied|rejected|E[A-Z]{3,})\b/.test(view.clause.text)) return [];
  const [part, total] = [match[1], match[2]].map((digits = "") => Number(digits.replaceAll(",", "")));
  const errors = namesOf(view, "error");
  const others = view.clause.names.filter(({ kind, is_required }) => kind !== "error" && is_required);
  const counted = program.aggregates?.errors ?? [];
  if (others.length > 0 || counted.length === 0) {
    if (!source.is_complete) return [];
    const rows = source.rows.filter(({ text }) => others.every(({ matches }) => matches(text)));
    const failed = rows.filter(({ event, text }) =>
      event && endingOf(event) === "failed" && errors.every(({ matches }) => matches(text))
    );
    if (failed.length === part || rows.length === 0) return [];
    return [{ verdict: "contradicted", source, says: `${source.id} shows ${failed.length} of ${rows.length}` }];
  }
  const failed = counted.filter(({ value }) => errors.length === 0 || errors.some(({ text }) => text === value))
    .reduce((sum, { count }) => sum + count, 0);
  // of a sample the counts are those of the sample
  const is_known = !program.sampled && program.lost_events === 0 &&
    (errors.length > 0 || counted.length < LISTED_ERRORS);
  if (failed === part || !is_known || program.event_count !== total && failed * (total ?? 0) === 0) return [];
  return [{ verdict: "contradicted", source, says: `${source.id} counts ${failed} of ${program.event_count}` }];
}

/** `fails with EACCES`, where all errors of the program have other names. */
function otherErrors(view: View): readonly Judgement[] {
  const source = onlyProgram(view);
  const errors = source?.program?.aggregates?.errors ?? [];
  if (
    source === undefined || errors.length === 0 || errors.length >= LISTED_ERRORS || source.program?.sampled === true ||
    view.clause.is_denial
  ) {
    return [];
  }
  return namesOf(view, "error").filter(({ matches }) => !matches(source.body)).map(({ text }) => ({
    verdict: "contradicted",
    source,
    says: `${source.id} has no ${text}; its errors are ${
      errors.slice(0, 3).map(({ value, count }) => `${value} ${count}`).join(", ")
    }`,
  }));
}

const LATENCY_NAMES = [
  { pattern: /\bmedian\b|\bp50\b|50th percentile|\bhalf of\b/i, field: "p50_ns", label: "median" },
  { pattern: /\bp99\b|99th percentile|\b99 ?%/i, field: "p99_ns", label: "99th percentile" },
  { pattern: /\bmax(?:imum)?\b|\bat most\b|\blongest\b|\bslowest\b/i, field: "max_ns", label: "maximum" },
  { pattern: /\b(?:mean|average|avg)\b/i, field: "mean_ns", label: "mean" },
] as const;

/** `the median is 3 s`, where the program's own median is 40 µs. */
function latencies(view: View): readonly Judgement[] {
  const source = onlyProgram(view);
  const latency = source?.program?.aggregates?.latency;
  const named = LATENCY_NAMES.filter(({ pattern }) => pattern.test(view.clause.text));
  const [claimed, ...more] = view.clause.numbers.filter(({ dimension, bound }) =>
    dimension === "seconds" && bound !== "above"
  );
  const [name] = named;
  if (
    source === undefined || latency === undefined || named.length !== 1 || name === undefined ||
    claimed === undefined || more.length > 0
  ) return [];
  // with names the claim is about some of the calls
  if (view.clause.names.some(({ kind }) => kind === "address" || kind === "process" || kind === "path")) return [];
  const [value = 0, found] = [claimed.values[0], latency[name.field] / 1e9];
  if (Math.abs(value - found) <= Math.max(LATENCY_TOLERANCE * found, claimed.half_digit[0] ?? 0)) return [];
  return [{
    verdict: "contradicted",
    source,
    says: `${source.id} has a ${name.label} of ${timeText(latency[name.field])}`,
  }];
}

function exitCodes(view: View): readonly Judgement[] {
  const [source] = view.cited;
  const code = /\bexit(?:ed|s)?(?: with)?(?: (?:code|status))?(?: of)?[: ]+(\d+)\b/i.exec(view.clause.text)?.[1];
  const { command } = source ?? {};
  if (code === undefined || source === undefined || view.cited.length !== 1 || command?.exit_code === undefined) {
    return [];
  }
  if (
    command.exit_code === null || command.exit_code === Number(code) ||
    source.numbers.has("count", exactly(Number(code)))
  ) return [];
  return [{ verdict: "contradicted", source, says: `${source.id} ended with exit code ${command.exit_code}` }];
}

function loads(view: View): readonly Judgement[] {
  const [claimed] = view.clause.numbers.filter(({ dimension, is_about }) => dimension === "count" && !is_about);
  if (claimed === undefined || !/\bload(?: average)?\b/i.test(view.clause.text) || claimed.bound !== undefined) {
    return [];
  }
  return view.cited.flatMap((source): Judgement[] => {
    const three = loadsIn(source);
    if (three.length === 0 || isNear(claimed, source)) return [];
    return [{ verdict: "contradicted", source, says: `${source.id} says ${three.join(", ")}` }];
  });
}

const LOW_LOAD = loadThatIs("low|light|small|normal|negligible|unremarkable");
const HIGH_LOAD = loadThatIs("high|heavy|excessive|extreme");
/** Queues this many times as long as the CPUs can take are no low load, and half as long no high one. */
const NOT_LOW_PER_CPU = 2;
const NOT_HIGH_PER_CPU = 0.5;

function loadThatIs(words: string): RegExp {
  const how = `(?:(?:very|quite|rather|extremely) )?(?:${words})`;
  return new RegExp(
    `\\bload(?: averages?)? (?:is|are|was|were|looks|seems|stays) ${how}\\b|\\b(?:${words}) (?:system )?load\\b`,
    "i",
  );
}

/** `the load is low`, where far more waits than the CPUs take. */
function loadsInWords({ clause, cited, host }: View): readonly Judgement[] {
  const cpus = cpusOfLoad(host);
  if (cpus === undefined || clause.is_denial) return [];
  return cited.flatMap((source): Judgement[] => {
    const three = loadsIn(source);
    if (three.length === 0) return [];
    const is_wrong = LOW_LOAD.test(clause.text) && Math.min(...three.slice(0, 2)) > NOT_LOW_PER_CPU * cpus ||
      HIGH_LOAD.test(clause.text) && Math.max(...three) < NOT_HIGH_PER_CPU * cpus;
    return is_wrong
      ? [{ verdict: "contradicted", source, says: `${source.id} says ${three.join(", ")} on ${cpus} CPUs` }]
      : [];
  });
}

/** The CPUs that the load is of; in a container it is that of the whole machine, and its CPUs may be fewer: undefined. */
export function cpusOfLoad(host: Host | undefined): number | undefined {
  return host?.container === undefined ? host?.figures.cpus : undefined;
}

/** The load averages of 1, 5 and 15 minutes, of a command that prints them. */
export function loadsIn({ command }: Source): readonly number[] {
  const match = /load averages?:\s*([\d.]+),? ([\d.]+),? ([\d.]+)|^([\d.]+) ([\d.]+) ([\d.]+) \d+\/\d+ \d+\s*$/.exec(
    command?.stdout ?? "",
  );
  return (match ?? []).slice(1).filter((part) => part !== undefined).map(Number);
}

/** Memory that is said to be used up, where much of it is available; limits of cgroups are another matter. */
function memory(view: View): readonly Judgement[] {
  const { clause: { text } } = view;
  if (
    !/\bmemory\b|\bRAM\b/i.test(text) ||
    !/\b(?:exhausted|used up|full|ran out|runs out|out of memory|no (?:free |available )?memory)\b/i.test(text)
  ) return [];
  if (view.clause.is_denial && !/\bno (?:free |available )?memory\b/i.test(text)) return [];
  if (
    /\b(?:cgroup|container|limit|heap|pod|unit|shared|locked)\b/i.test(view.claim) ||
    view.all.some(showsShortage)
  ) return [];
  return view.all.flatMap((source): Judgement[] => {
    const output = source.command?.stdout ?? "";
    const [total, available] = [/^MemTotal:\s+(\d+)/m, /^MemAvailable:\s+(\d+)/m].map((pattern) =>
      Number(pattern.exec(output)?.[1])
    );
    const share = (available ?? NaN) / (total ?? NaN) * 100;
    if (!(share > 30)) return [];
    return [{ verdict: "contradicted", source, says: `${source.id} has ${Math.round(share)} % of memory available` }];
  });
}

/** Something ran out of memory all the same: a cgroup at its limit does, with the host's memory free. */
function showsShortage({ program, body }: Source): boolean {
  return program
    ? program.event_count > 0 && /mark_victim|oom|ENOMEM/.test(body)
    : /oom-kill|Out of memory|ENOMEM/i.test(body);
}

/** `no connect failed`, `it did not occur`, against what was counted. */
function didNotHappen(view: View): readonly Judgement[] {
  const source = onlyProgram(view);
  const { program } = source ?? {};
  const { clause: { text } } = view;
  if (source === undefined || program === undefined) return [];
  const says_no_failure = /\b(?:no|zero|none|without)\b[^,;]{0,20}\b(?:errors?|fail\w*|refus\w*)/i.test(text) ||
    /\bnever fail|\bnone failed/i.test(text);
  const says_nothing =
    /\b(?:did(?: not|n't) (?:occur|happen|fire)|never (?:occurred|happened|fired)|no (?:events?|hits?|calls?) (?:was|were|of|at all)|no \w+(?:[ -]\w+)? (?:was|were) (?:seen|captured|observed|recorded))\b/i
      .test(text);
  if (!says_no_failure && !says_nothing) return [];
  const names = view.clause.names.filter(({ kind, is_required }) => is_required && kind !== "name");
  const rows = source.rows.filter(({ text }) => names.every(({ matches }) => matches(text)));
  const failed = rows.filter(({ event }) => event && endingOf(event) === "failed").length;
  const counted = program.aggregates?.errors.reduce((sum, { count }) => sum + count, 0) ?? 0;
  const seen = says_no_failure
    ? (names.length > 0 ? failed : Math.max(failed, counted))
    : (names.length > 0 ? rows.length : program.event_count);
  const what = says_no_failure ? "failures" : "events";
  if (seen > 0) return [{ verdict: "contradicted", source, says: `${source.id} has ${seen} ${what} of it` }];
  if (!source.is_complete) return [];
  return [{
    verdict: "supported",
    source,
    says: `${source.id} watched for ${source.traced_s.toFixed(1)} s and has none`,
    // what did not fail was seen, what did not happen was not
    covers: says_nothing ? names : [],
  }];
}

function isNear(claimed: Claimed, { numbers }: Source): boolean {
  const [value = 0, half = 0] = [claimed.values[0], claimed.half_digit[0]];
  return numbers.has("count", { low: value - half, high: value + half });
}

function exactly(value: number): { readonly low: number; readonly high: number } {
  return { low: value, high: value };
}

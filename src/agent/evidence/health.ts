/**
 * The reverse check of an answer that calls the host healthy: what no healthy host shows, however busy it is.
 *
 * Each sign has a threshold that load alone does not pass, and what the answer itself speaks of does not count: whoever
 * says that a file system is full, and calls the host healthy all the same, has weighed it.
 */
import type { ResolutionReply } from "../../protocol/mod.ts";
import type { Captured, Judged } from "./claim.ts";
import { readClaim } from "./clauses.ts";
import { cpusOfLoad, loadsIn } from "./rules/figures.ts";
import { usagesOf } from "./rules/file_systems.ts";
import { connectsTo } from "./rules/listening.ts";
import { type Judgement, namesOf, type View } from "./rules/rule.ts";
import { sentencesOf } from "./statements.ts";

/** A sentence that speaks of the whole host; "no problem was found in the logs" does not. */
const HEALTHY =
  /^\W*healthy\b|(?:\b(?:the|this)|^) ?(?:host|system|machine|everything) (?:itself )?(?:is|looks|seems|appears)(?: to be)? (?:perfectly |completely )?(?:healthy|fine|normal|in order|ok)\b|\bno (?:problems?|issues?|faults?|anomal\w+) (?:(?:was|were|is|are|could be|have been) )?(?:found|seen|detected|identified|visible)(?: on (?:this|the) (?:host|system|machine))?\s*(?:[.;:,!]|$)|\bnothing (?:is|was|seems|looks) (?:wrong|unusual|abnormal)\b(?: (?:on|with) (?:this|the) (?:host|system|machine))?\s*(?:[.;:,!]|$)/i;
/** It names the exception itself. */
const EXCEPT = /\b(?:but|except|apart from|aside from|although|however|besides|other than)\b/i;
const DENIAL = /\b(?:no|not|none|never|without|nothing (?:is|was|seems|looks))\b|n't\b/i;
/** It names a cause, which may lie elsewhere, with this host in order. */
const FAULT =
  /\b(?:cannot|fail\w*|refus\w*|unreachable|nothing listens|wrong|down|crash\w*|kill\w*|leak\w*|exhausted|misconfigured|caused|because|due to)\b/i;

/** Queues this many times longer than the CPUs can take, for minutes: a host that is busy on purpose stays below. */
const LOAD_PER_CPU = 8;
/** What the kernel killed longer ago may have been dealt with. */
const RECENT_S = 3600;
const OOM_KILL = /^(?:<\d+>)?\[\s*(\d+)\.\d+\].*\b(?:oom-kill:|[Oo]ut of memory: Kill)/;
/** A single connect that failed may be a probe. */
const MIN_CONNECTS = 3;

interface Sign extends Judgement {
  /** Where the answer speaks of it. */
  readonly spoken_of: RegExp;
}

/** The sentences of the root cause that call the host healthy against what was captured, contradicted. */
export function againstHealth(resolution: ResolutionReply, captured: Captured): readonly Judged[] {
  const { root_cause, findings = [] } = resolution;
  const said = sentencesOf(root_cause);
  const claims = said.filter((sentence) => HEALTHY.test(sentence));
  const names_cause = EXCEPT.test(root_cause) || assertedIn(said).some((part) => FAULT.test(part));
  if (claims.length === 0 || names_cause) return [];
  const admitted = assertedIn([...said, ...findings.map(({ claim }) => claim)]);
  const against = SIGNS.flatMap((sign) => sign(captured))
    .filter(({ spoken_of }) => !admitted.some((part) => spoken_of.test(part)));
  if (against.length === 0) return [];
  const why = against.map(({ says }) => says).join("; ");
  return claims.map((claim) => ({
    claim,
    evidence: [],
    part: "root_cause",
    status: "contradicted",
    why,
    counts: true,
    against,
  }));
}

/** The parts of sentences that do not deny something. */
function assertedIn(sentences: readonly string[]): readonly string[] {
  return sentences.flatMap((sentence) => sentence.split(/[;:,]\s/)).filter((part) => !DENIAL.test(part));
}

const SIGNS: readonly ((captured: Captured) => readonly Sign[])[] = [
  fullFileSystems,
  oomKills,
  overload,
  failedConnects,
];

/** Storage with nothing left; images and media that are read only are full by nature. */
function fullFileSystems({ sources: all, host }: Captured): readonly Sign[] {
  const storage = new Map(host?.figures.filesystems.map((each) => [each.mount_point, each]));
  const newest = new Map(usagesOf({ all, host }).map((usage) => [`${usage.of} ${usage.mount_point}`, usage]));
  return [...newest.values()].filter(({ is_used_up, mount_point }) =>
    is_used_up && storage.get(mount_point)?.read_only === false
  ).map(({ mount_point, of, source }) => ({
    verdict: "contradicted",
    says: `${source?.id ?? "the host's figures"} shows no ${
      of === "space" ? "space" : "inodes"
    } left on ${mount_point}`,
    ...(source === undefined ? {} : { source }),
    spoken_of: new RegExp(`(?<![\\w/.-])${RegExp.escape(mount_point)}(?![\\w/-])`),
  }));
}

/** Seen while it was traced, or in the kernel's log with the time since boot. */
function oomKills({ sources, host }: Captured): readonly Sign[] {
  const uptime_s = host?.figures.uptime_s ?? Infinity;
  return sources.flatMap((source): Sign[] => {
    const { program, rows } = source;
    const count = program === undefined
      ? rows.filter(({ text }) => uptime_s - Number(OOM_KILL.exec(text)?.[1] ?? -Infinity) <= RECENT_S).length
      : /\b(?:mark_victim|oom_kill_process)\b/.test(program.target)
      ? program.event_count
      : 0;
    if (count === 0) return [];
    const says = `${source.id} shows that the kernel killed for want of memory`;
    return [{ verdict: "contradicted", source, says, spoken_of: /\boom\b|\bout of memory\b|\bkilled\b/i }];
  });
}

/** Of the newest load that is known. */
function overload({ sources, host }: Captured): readonly Sign[] {
  const cpus = cpusOfLoad(host);
  if (host === undefined || cpus === undefined) return [];
  const { load_1m, load_5m } = host.figures;
  const source = sources.findLast((each) => loadsIn(each).length > 0);
  const [now = load_1m, before = load_5m] = source === undefined ? [] : loadsIn(source);
  if (Math.min(now, before) < LOAD_PER_CPU * cpus) return [];
  return [{
    verdict: "contradicted",
    says: `${source?.id ?? "the host's figures"} shows a load of ${now} and ${before} on ${cpus} CPUs`,
    ...(source === undefined ? {} : { source }),
    spoken_of: /\bload\b.*\d|\bbusy\b/i,
  }];
}

/** To a port that the issue names. */
function failedConnects({ sources, host, issue, vocabulary }: Captured): readonly Sign[] {
  const all = sources.filter(({ not_run }) => not_run === undefined);
  return readClaim(issue, vocabulary).clauses.flatMap((clause) => {
    const view: View = { clause, claim: issue, cited: all, all, host };
    return namesOf(view, "port").flatMap((port) =>
      connectsTo(port, view).filter(({ failed, succeeded, undecided }) =>
        failed >= MIN_CONNECTS && succeeded + undecided === 0
      ).map(({ source, failed }): Sign => ({
        verdict: "contradicted",
        source,
        says: `${source.id} shows ${failed} connects to ${port.text}, and all failed`,
        spoken_of: /\b(?:connect|reach|listen|answer|fail|refus)\w*/i,
      }))
    );
  });
}

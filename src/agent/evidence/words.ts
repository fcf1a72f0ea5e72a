/** Words of a claim that names nothing and counts nothing: does the evidence speak of the same things? */
import type { Source } from "./source.ts";

const COMMON = new Set(
  ("about after all also and any are around because been before being between but can could does during each every " +
    "everything for from had has have her here his host how into its itself just like more most much nor not now off " +
    "only order other our out over own same see seen shows some such system than that the their them then there these they " +
    "this those through too under until very was well were what when where which while who why will with within without " +
    "would you your claim evidence captured found problem issue cause fault wrong right clearly normal again often")
    .split(" "),
);

/** What people write for what outputs show. */
const SAID_OTHERWISE: Readonly<Record<string, RegExp>> = {
  refus: /ECONNREFUSED|refused/i,
  deni: /EACCES|EPERM|denied/i,
  permission: /EACCES|EPERM|permission/i,
  missing: /ENOENT|No such file|not found/i,
  exist: /ENOENT|No such file|not found/i,
  full: /ENOSPC|No space left|100%/i,
  space: /ENOSPC|No space left|Avail|Use%/i,
  inodes: /IUse%|Inodes/i,
  timeout: /ETIMEDOUT|timed out|pending/i,
  timed: /ETIMEDOUT|timed out|pending/i,
  hang: /ETIMEDOUT|pending/i,
  kill: /SIGKILL|oom|killed/i,
  crash: /SIGSEGV|SIGABRT|SIGBUS|segfault|core dump/i,
  listen: /LISTEN/i,
  connect: /connect|ESTAB|SYN/i,
  memory: /Mem(?:Total|Available|:)|rss|oom/i,
  load: /loadavg|load average|uptime/i,
  disk: /\bdf\b|Filesystem|\/dev\//i,
  fail: /\berror=|\bE[A-Z]{3,}\b|fail|error/i,
  succe: /\bret=\d/i,
  process: /\bpid=|\bPID\b/i,
  route: /\bvia\b|default/i,
  resolver: /nameserver/i,
  server: /nameserver|LISTEN/i,
};

/** Share of the words that the evidence has to know. */
const SHARE = 1 / 3;

/** The words of the claim that occur in the results; undefined when too few do. */
export function sharedWords(claim: string, sources: readonly Source[]): readonly string[] | undefined {
  const words = [...new Set(claim.toLowerCase().split(/[^\p{L}\d_]+/u))].filter((word) =>
    word.length >= 3 && !COMMON.has(word)
  );
  const shared = words.filter((word) => sources.some((source) => speaksOf(word, source)));
  return shared.length > 0 && shared.length >= words.length * SHARE ? shared : undefined;
}

function speaksOf(word: string, { body, context }: Source): boolean {
  const stem = word.length > 4 ? word.replace(/(?:ing|ed|es|s)$/, "") : word;
  const pattern = new RegExp(`(?<![\\p{L}])${RegExp.escape(stem)}`, "iu");
  if (pattern.test(body) || pattern.test(context)) return true;
  const [, otherwise] =
    Object.entries(SAID_OTHERWISE).find(([said]) => said.startsWith(stem) || stem.startsWith(said)) ?? [];
  return otherwise?.test(body) === true;
}

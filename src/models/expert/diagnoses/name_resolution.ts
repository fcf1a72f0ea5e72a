/** Name resolution fails: name servers refuse queries, or do not answer them. */
import { type Candidate, count, type Diagnose, enumerate, groupBy, processesOf, processNames } from "../candidate.ts";
import { type Evidence, isComplete, keysOf, outputOf, programsOf, type Seen, seenOf } from "../evidence.ts";
import { type Endpoint, endpointOf, errorName, numberOf, peerOf } from "../fields.ts";
import { parseNameServers } from "../readers/tables.ts";

const DNS_PORT = 53;
/** A name server that is well answers in milliseconds; glibc asks again after 5 s. */
const NO_ANSWER_US = 1_500_000;

/** One use of a socket to ask one name server: from its connect (or first send) to the next one on the same socket. */
export interface Query {
  readonly server: string;
  readonly seen: Seen;
  readonly end_us: number;
  readonly sent: readonly Seen[];
  readonly received: readonly Seen[];
}

export const nameResolution: Diagnose = (evidence) => {
  const queries = nameQueries(evidence);
  const reports = seenOf(evidence, "inet_sk_error_report").filter(({ data }) => peerOf(data)?.port === DNS_PORT);
  const servers = new Set([
    ...queries.map(({ server }) => server),
    ...reports.flatMap((seen) => peerOf(seen.data)?.address ?? []),
  ]);
  const failing = [...servers].flatMap((server) =>
    describe(server, {
      evidence,
      queries: queries.filter((query) => query.server === server),
      reports: reports.filter((seen) => peerOf(seen.data)?.address === server),
    })
  );
  return [...failing, ...unknownNames(evidence)];
};

/** Names of the issue that this host's own resolver does not find: `getent` exits with 2 for those. */
function unknownNames({ intent, commands }: Evidence): readonly Candidate[] {
  return intent.host_names.flatMap((name, index): Candidate[] => {
    const id = `lookup_${index + 1}`;
    if (commands.get(id)?.exit_code !== 2) return [];
    return [{
      category: "name_resolution",
      score: 60,
      confidence: "Medium",
      root_cause: `The name ${name} is not found by this host's resolver.`,
      plan: [
        `Check that ${name} is spelled right and exists (\`getent ahosts ${name}\`, and the same on a host that works).`,
        "Check the name servers and search domains in /etc/resolv.conf, and the zone that should hold the name.",
        `Verify: \`getent ahosts ${name}\` prints its addresses.`,
      ],
      findings: [{ claim: `a lookup of ${name} found nothing (exit status 2)`, evidence: [id] }],
      processes: [],
    }];
  });
}

function describe(
  server: string,
  { evidence, queries, reports }: {
    readonly evidence: Evidence;
    readonly queries: readonly Query[];
    readonly reports: readonly Seen[];
  },
): readonly Candidate[] {
  const refusals = [
    ...reports.filter(({ data }) => errorName(data.error) === "ECONNREFUSED"),
    ...queries.flatMap(({ seen, sent, received }) => [seen, ...sent, ...received]).filter(({ error }) =>
      error === "ECONNREFUSED"
    ),
  ];
  // without every receive in hand, an answer may have been missed: then only repetition speaks
  const isSilenceShown = isComplete(evidence, "recvfrom");
  const silent = queries.filter((query) =>
    isSilenceShown && query.sent.length > 0 && query.end_us - query.seen.time_us >= NO_ANSWER_US &&
    !isAnswered(query)
  );
  const failed = refusals.length > 0 ? refusals : silent.flatMap(({ seen, sent }) => [seen, ...sent]);
  if (failed.length === 0) return [];

  const askers = queries.length > 0 ? queries.map(({ seen }) => seen) : refusals;
  const who = processesOf(askers);
  const configured = parseNameServers(outputOf(evidence, "name_servers") ?? "");
  const isConfigured = configured.includes(server);
  const how = refusals.length > 0
    ? "refuses queries (ECONNREFUSED): nothing listens there on port 53"
    : "does not answer";
  const kinds = new Set(failed.map(({ key }) => key)).size + (isConfigured ? 1 : 0);
  return [{
    category: "name_resolution",
    score: Math.min(95, 70 + 5 * kinds + Math.min(10, failed.length)),
    confidence: kinds > 1 ? "High" : "Medium",
    root_cause: `Name resolution fails: the name server ${server} ${how}. ${who} asked it ${
      count(Math.max(1, queries.length), "time")
    }.`,
    plan: [
      isConfigured
        ? `/etc/resolv.conf names ${server}: start the resolver that should answer there, or name a server that answers.`
        : `Find where ${
          processNames(askers).join(", ")
        } takes ${server} from: /etc/resolv.conf as that process sees it (a container or mount namespace has its own), or its own configuration.`,
      `Check that ${server} is up, serves DNS on port 53 over UDP and TCP, and that no firewall drops it.`,
      "Until then, a line in /etc/hosts can stand in for names that must work.",
      "Verify: `getent hosts <name>` answers at once, and queries are not repeated.",
    ],
    findings: [
      ...(queries.length > 0
        ? [{
          claim: `${who} asked the name server ${server} ${count(queries.length, "time")}`,
          evidence: [...keysOf(queries.map(({ seen }) => seen))],
        }]
        : []),
      refusals.length > 0
        ? {
          claim: `port 53 of ${server} was reported as refused (ECONNREFUSED) ${count(refusals.length, "time")}`,
          evidence: [...keysOf([...queries.map(({ seen }) => seen), ...refusals])],
        }
        : {
          claim: `no answer came to ${count(silent.length, "query", "queries")} to ${server}`,
          evidence: [...keysOf(failed), ...programsOf(evidence, "recvfrom").map(({ key }) => key)],
        },
      ...(isConfigured
        ? [{ claim: `/etc/resolv.conf names ${enumerate(configured)} as name server`, evidence: ["name_servers"] }]
        : []),
    ],
    processes: processNames(askers),
  }];
}

/** Queries to name servers, in the order of sockets. */
export function nameQueries(evidence: Evidence): readonly Query[] {
  const end_us = Math.max(0, ...programsOf(evidence, "connect", "sendto").map((program) => program.end_us));
  const socketOf = ({ process_id, data }: Seen): string => `${process_id} ${numberOf(data.fd) ?? "?"}`;
  const starts = [...seenOf(evidence, "connect"), ...seenOf(evidence, "sendto")]
    .filter((seen) => serverOf(seen)?.port === DNS_PORT);
  const sends = groupBy(seenOf(evidence, "sendto", "sendmmsg", "sendmsg"), socketOf);
  const receives = groupBy(seenOf(evidence, "recvfrom", "recvmsg", "recvmmsg"), socketOf);
  return [...groupBy(starts, socketOf)].flatMap(([socket, group]) =>
    group.map((seen, index): Query => {
      const until_us = group[index + 1]?.time_us ?? end_us;
      const isWithin = ({ time_us }: Seen): boolean => time_us >= seen.time_us && time_us <= until_us;
      return {
        server: serverOf(seen)?.address ?? "?",
        seen,
        end_us: until_us,
        sent: (sends.get(socket) ?? []).filter(isWithin),
        received: (receives.get(socket) ?? []).filter(isWithin),
      };
    })
  );
}

/** True when something came back on the socket. */
export function isAnswered({ received }: Query): boolean {
  return received.some(({ data }) => (numberOf(data.ret) ?? 0) > 0);
}

/** The name server that a connect or sendto is for. */
function serverOf({ data }: Seen): Endpoint | undefined {
  return endpointOf(data.uservaddr) ?? endpointOf(data.addr);
}

/** How attempts to connect ended, by destination: system calls, socket states and socket errors put together. */
import { type Evidence, isComplete, programsOf, type Seen, seenOf, tookMicroseconds } from "./evidence.ts";
import { type Endpoint, endpointOf, errorName, formatEndpoint, numberOf, peerOf, tcpState } from "./fields.ts";

/**
 * A peer that is alive answers a SYN, yes or no, long before its first retransmission, which the kernel sends after one
 * second (TCP_TIMEOUT_INIT). Shorter waits say nothing: programs race IPv6 against IPv4 and drop the loser after 250 ms.
 */
const NO_ANSWER_US = 900_000;

export type Outcome =
  | "established"
  | "refused"
  | "timed_out"
  | "unreachable"
  /** Still unanswered when tracing ended, after at least {@link NO_ANSWER_US}. */
  | "waiting"
  /** The program gave up after at least {@link NO_ANSWER_US} without an answer. */
  | "given_up"
  /** No TCP connection (a datagram socket), or not watched long enough. */
  | "unknown";

export interface Attempt {
  readonly seen: Seen;
  readonly outcome: Outcome;
  /** Time to the outcome, or to the end of tracing. */
  readonly took_us: number;
  /** Keys of all results that show the outcome. */
  readonly keys: readonly string[];
}

export interface Destination {
  readonly endpoint: Endpoint;
  readonly attempts: readonly Attempt[];
}

/** What the kernel's sockets tell about one destination. */
interface SocketEnd {
  readonly time_us: number;
  readonly key: string;
  readonly outcome: Outcome | "closed";
}

const ERROR_OUTCOMES: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timed_out",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EISCONN: "established",
};

/** All destinations that processes tried to reach over IPv4 and IPv6; name servers (port 53) are left out. */
export function destinationsOf(evidence: Evidence): readonly Destination[] {
  const byDestination = new Map<string, { endpoint: Endpoint; calls: Seen[] }>();
  for (const seen of seenOf(evidence, "connect")) {
    const endpoint = endpointOf(seen.data.uservaddr);
    // port 0 and EALREADY are no attempts: glibc asks for the route of a datagram; a program asks how far it is
    if (endpoint === undefined || endpoint.port === 0 || endpoint.port === 53 || seen.error === "EALREADY") continue;
    const name = formatEndpoint(endpoint);
    const group = byDestination.get(name);
    if (group === undefined) byDestination.set(name, { endpoint, calls: [seen] });
    else group.calls.push(seen);
  }
  const ends = socketEnds(evidence);
  const is_complete = isComplete(evidence, "connect") && isComplete(evidence, "inet_sock_set_state");
  const end_us = Math.max(0, ...programsOf(evidence, "connect").map((program) => program.end_us));
  return [...byDestination].map(([name, { endpoint, calls }]) => ({
    endpoint,
    attempts: settle(calls, ends.get(name) ?? [], { end_us, is_complete }),
  }));
}

/** Attempts of a destination that ended so. */
export function attemptsWith(destination: Destination, ...outcomes: readonly Outcome[]): readonly Attempt[] {
  return destination.attempts.filter(({ outcome }) => outcomes.includes(outcome));
}

/** Keys of everything that shows these attempts. */
export function keysOfAttempts(attempts: readonly Attempt[]): readonly string[] {
  return [...new Set(attempts.flatMap(({ keys }) => keys))];
}

/**
 * Joins calls with the ends of sockets. A socket's end carries no call: each call, in the order of time, takes the first
 * end after it that fits and that no earlier call took.
 */
function settle(
  calls: readonly Seen[],
  ends: readonly SocketEnd[],
  trace: { readonly end_us: number; readonly is_complete: boolean },
): readonly Attempt[] {
  const left = [...ends];
  const take = (call: Seen, fits: (end: SocketEnd) => boolean): SocketEnd | undefined => {
    // a millisecond of grace: the socket's end may be stamped before the call that it belongs to has begun on our clock
    const index = left.findIndex((end) => end.time_us >= call.time_us - 1000 && fits(end));
    return index < 0 ? undefined : left.splice(index, 1)[0];
  };
  return calls.map((call): Attempt => {
    const took_us = tookMicroseconds(call) ?? 0;
    const direct = directOutcome(call);
    if (direct !== undefined) {
      const end = take(call, (candidate) => candidate.outcome === direct || candidate.outcome === "closed");
      // success that no TCP socket shows is a datagram socket, which reaches nobody by connecting
      const isDatagram = direct === "established" && end === undefined && trace.is_complete;
      return { seen: call, outcome: isDatagram ? "unknown" : direct, took_us, keys: keys(call, end) };
    }
    if (call.data.pending === true) {
      const waited_us = Math.max(took_us, trace.end_us - call.time_us);
      return {
        seen: call,
        outcome: waited_us >= NO_ANSWER_US ? "waiting" : "unknown",
        took_us: waited_us,
        keys: keys(call),
      };
    }
    if (call.error !== "EINPROGRESS" && call.error !== "EINTR") {
      return { seen: call, outcome: "unknown", took_us, keys: keys(call) };
    }
    const end = take(call, () => true);
    if (end !== undefined) {
      const waited_us = Math.max(0, end.time_us - call.time_us);
      const outcome = end.outcome !== "closed" ? end.outcome : waited_us >= NO_ANSWER_US ? "given_up" : "unknown";
      return { seen: call, outcome, took_us: waited_us, keys: keys(call, end) };
    }
    const waited_us = trace.end_us - call.time_us;
    const isWaiting = trace.is_complete && waited_us >= NO_ANSWER_US;
    return { seen: call, outcome: isWaiting ? "waiting" : "unknown", took_us: waited_us, keys: keys(call) };
  });
}

function directOutcome(call: Seen): Outcome | undefined {
  if (call.error !== undefined) return ERROR_OUTCOMES[call.error];
  return numberOf(call.data.ret) === 0 ? "established" : undefined;
}

function keys(call: Seen, end?: SocketEnd): readonly string[] {
  return end === undefined ? [call.key] : [call.key, end.key];
}

/** Ends of TCP handshakes by destination, in the order of time. */
function socketEnds(evidence: Evidence): ReadonlyMap<string, readonly SocketEnd[]> {
  const errors = new Map<string, SocketEnd>();
  const ends = new Map<string, SocketEnd[]>();
  for (const report of seenOf(evidence, "inet_sk_error_report")) {
    const peer = peerOf(report.data);
    const outcome = ERROR_OUTCOMES[errorName(report.data.error) ?? ""];
    if (peer === undefined || outcome === undefined || isDatagram(report)) continue;
    errors.set(socketName(report, peer), { time_us: report.time_us, key: report.key, outcome });
  }
  const add = (peer: string, end: SocketEnd): void => {
    const group = ends.get(peer);
    if (group === undefined) ends.set(peer, [end]);
    else group.push(end);
  };
  for (const change of seenOf(evidence, "inet_sock_set_state")) {
    const peer = peerOf(change.data);
    const next = tcpState(change.data.newstate);
    if (peer === undefined || tcpState(change.data.oldstate) !== "SYN_SENT") continue;
    const error = errors.get(socketName(change, peer));
    if (next === "ESTABLISHED") {
      add(formatEndpoint(peer), { time_us: change.time_us, key: change.key, outcome: "established" });
    } else if (error === undefined) {
      add(formatEndpoint(peer), { time_us: change.time_us, key: change.key, outcome: "closed" });
    }
  }
  // an error report tells more than the state change beside it, and stands for it
  for (const [name, error] of errors) add(name.slice(name.indexOf(" ") + 1), error);
  for (const group of ends.values()) group.sort((a, b) => a.time_us - b.time_us);
  return ends;
}

function socketName(seen: Seen, peer: Endpoint): string {
  return `${numberOf(seen.data.sport) ?? "?"} ${formatEndpoint(peer)}`;
}

/** 17 is IPPROTO_UDP. */
function isDatagram(seen: Seen): boolean {
  return seen.data.protocol === 17 || seen.data.protocol === "IPPROTO_UDP";
}

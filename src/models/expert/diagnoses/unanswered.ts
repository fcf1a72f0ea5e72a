/** A peer that never answers: connections that are neither accepted nor refused. */
import { type Candidate, count, type Diagnose, duration, groupBy, processesOf, processNames } from "../candidate.ts";
import { type Attempt, attemptsWith, destinationsOf, keysOfAttempts } from "../connections.ts";
import { type Evidence, keysOf, outputOf, type Seen, seenOf } from "../evidence.ts";
import { type Endpoint, formatEndpoint, peerOf, tcpState } from "../fields.ts";
import { accepts, isHere, type Listener, parseListeners, parseProcSockets } from "../readers/sockets.ts";

/** As the kernel numbers it in include/net/tcp_states.h. */
const SYN_SENT = 2;

interface Unanswered {
  readonly endpoint: Endpoint;
  readonly attempts: readonly Attempt[];
  /** SYNs that were sent again. */
  readonly retransmits: readonly Seen[];
  /** Sockets that a command found waiting for an answer. */
  readonly waiting_sockets: number;
}

export const unanswered: Diagnose = (evidence) =>
  collect(evidence)
    .filter(({ attempts, retransmits }) => attempts.length > 0 || retransmits.length > 0)
    .map((peer) => describe(peer, evidence));

function collect(evidence: Evidence): readonly Unanswered[] {
  const retransmits = groupBy(
    seenOf(evidence, "tcp_retransmit_skb").filter(({ data }) => tcpState(data.state) === "SYN_SENT"),
    ({ data }) => nameOf(peerOf(data)),
  );
  const waiting = groupBy(
    parseProcSockets(outputOf(evidence, "tcp_sockets") ?? "").filter(({ state }) => state === SYN_SENT),
    ({ remote }) => nameOf(remote),
  );
  const endpoints = new Map<string, Endpoint>();
  const attempts = new Map<string, readonly Attempt[]>();
  for (const destination of destinationsOf(evidence)) {
    const name = formatEndpoint(destination.endpoint);
    endpoints.set(name, destination.endpoint);
    attempts.set(name, attemptsWith(destination, "waiting", "given_up", "timed_out"));
  }
  for (const [name, [first]] of retransmits) {
    const endpoint = first === undefined ? undefined : peerOf(first.data);
    if (endpoint !== undefined) endpoints.set(name, endpoint);
  }
  return [...endpoints].map(([name, endpoint]) => ({
    endpoint,
    attempts: attempts.get(name) ?? [],
    retransmits: retransmits.get(name) ?? [],
    waiting_sockets: waiting.get(name)?.length ?? 0,
  }));
}

function describe(peer: Unanswered, evidence: Evidence): Candidate {
  const where = formatEndpoint(peer.endpoint);
  const calls = peer.attempts.map(({ seen }) => seen);
  const who = calls.length > 0 ? processesOf(calls) : "a process that began before tracing";
  const kinds =
    [peer.attempts.length, peer.retransmits.length, peer.waiting_sockets].filter((number) => number > 0).length;
  const listener = fullListener(peer.endpoint, evidence);
  const longest_us = Math.max(0, ...peer.attempts.map(({ took_us }) => took_us));
  const cause = listener === undefined
    ? "the peer is down, or a firewall or a missing route on the way drops its packets"
    : `a process listens there but does not accept: ${
      count(listener.waiting, "connection")
    } wait in its queue of ${listener.backlog}`;
  return {
    category: "network",
    score: Math.min(92, 50 + 5 * peer.attempts.length + 10 * kinds + (listener === undefined ? 0 : 15)),
    confidence: kinds > 1 || listener !== undefined ? "High" : "Medium",
    root_cause: `${where} never answers: connections by ${who} stay without an answer${
      longest_us > 0 ? ` for ${duration(longest_us)} and longer` : ""
    }; ${cause}.`,
    plan: planFor(peer.endpoint, {
      listener,
      isHere: isHere(peer.endpoint, parseProcSockets(outputOf(evidence, "tcp_sockets") ?? "")),
    }),
    findings: [
      ...(calls.length > 0
        ? [{
          claim: `${count(calls.length, "attempt")} of ${who} to connect to ${where} had no answer, the longest for ${
            duration(longest_us)
          }`,
          evidence: [...keysOfAttempts(peer.attempts)],
        }]
        : []),
      ...(peer.retransmits.length > 0
        ? [{
          claim: `the kernel sent the SYN to ${where} again ${
            count(peer.retransmits.length, "time")
          }: nobody acknowledged it`,
          evidence: [...keysOf(peer.retransmits)],
        }]
        : []),
      ...(peer.waiting_sockets > 0
        ? [{
          claim: `${count(peer.waiting_sockets, "socket")} to ${where} stood in SYN_SENT`,
          evidence: ["tcp_sockets"],
        }]
        : []),
      ...(listener === undefined ? [] : [{
        claim:
          `the listener on ${where} has ${listener.waiting} unaccepted connections in a queue of ${listener.backlog}${
            listener.owner === undefined ? "" : `: ${listener.owner}`
          }`,
        evidence: ["listeners"],
      }]),
    ],
    processes: processNames(calls),
  };
}

/** The listener of this host whose queue of unaccepted connections is full: the kernel then drops further SYNs. */
function fullListener(endpoint: Endpoint, evidence: Evidence): Listener | undefined {
  return parseListeners(outputOf(evidence, "listeners") ?? "")
    .find(({ local, waiting, backlog }) => accepts(local, endpoint) && waiting > 0 && waiting >= backlog);
}

function planFor(
  { address, port }: Endpoint,
  options: { readonly listener: Listener | undefined; readonly isHere: boolean },
): readonly string[] {
  if (options.isHere) {
    return [
      `Find the process that listens on port ${port} (\`ss -ltnp\`) and why it does not accept: stuck, stopped, or out of threads.`,
      `Restart it, or raise its backlog and number of workers when it is only too busy; check local firewall rules for port ${port}.`,
      "Verify: Recv-Q of its line in `ss -ltn` goes back to 0, and connections succeed.",
    ];
  }
  return [
    `Check that ${address} is up, and that its service listens on port ${port}.`,
    `Check the way there: route (\`ip route get ${address}\`), firewalls and security groups that drop TCP port ${port}.`,
    "Give the client a connect timeout below its own callers', and a second address if there is one.",
    `Verify: a connection to ${address} port ${port} is established, and no socket stays in SYN_SENT.`,
  ];
}

function nameOf(endpoint: Endpoint | undefined): string | undefined {
  return endpoint === undefined ? undefined : formatEndpoint(endpoint);
}

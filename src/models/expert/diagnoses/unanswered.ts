/** A peer that never answers: connections that are neither accepted nor refused. */
import { type Candidate, count, type Diagnose, duration, groupBy, processesOf, processNames } from "../candidate.ts";
import { type Attempt, attemptsWith, destinationsOf, keysOfAttempts } from "../connections.ts";
import { type Evidence, keysOf, outputOf, type Seen, seenOf } from "../evidence.ts";
import { type Endpoint, formatEndpoint, peerOf, tcpState } from "../fields.ts";
import { accepts, isHere, parseListeners, parseProcSockets } from "../readers/sockets.ts";

/** As the kernel numbers it in include/net/tcp_states.h. */
const SYN_SENT = 2, LISTEN = 10;

interface Unanswered {
  readonly endpoint: Endpoint;
  readonly attempts: readonly Attempt[];
  /** Of all that shows how attempts to reach it ended, those with an answer as well. */
  readonly keys: readonly string[];
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
  const keys = new Map<string, readonly string[]>();
  for (const destination of destinationsOf(evidence)) {
    const name = formatEndpoint(destination.endpoint);
    endpoints.set(name, destination.endpoint);
    attempts.set(name, attemptsWith(destination, "waiting", "given_up", "timed_out"));
    keys.set(name, keysOfAttempts(destination.attempts));
  }
  for (const [name, [first]] of retransmits) {
    const endpoint = first === undefined ? undefined : peerOf(first.data);
    if (endpoint !== undefined) endpoints.set(name, endpoint);
  }
  return [...endpoints].map(([name, endpoint]) => ({
    endpoint,
    attempts: attempts.get(name) ?? [],
    keys: keys.get(name) ?? [],
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
  const queue = fullQueue(peer.endpoint, evidence);
  const longest_us = Math.max(0, ...peer.attempts.map(({ took_us }) => took_us));
  const cause = queue === undefined
    ? "the peer is down, or a firewall or a missing route on the way drops its packets"
    : `a process listens there but does not accept: ${queueText(queue)}`;
  return {
    category: "network",
    score: Math.min(92, 50 + 5 * peer.attempts.length + 10 * kinds + (queue === undefined ? 0 : 15)),
    confidence: kinds > 1 || queue !== undefined ? "High" : "Medium",
    root_cause: `${where} never answers: connections by ${who} stay without an answer${
      longest_us > 0 ? ` for ${duration(longest_us)} and longer` : ""
    }; ${cause}.`,
    plan: isHere(peer.endpoint, parseProcSockets(outputOf(evidence, "tcp_sockets") ?? ""))
      ? planHere(peer.endpoint)
      : planAway(peer.endpoint),
    findings: [
      ...(calls.length > 0
        ? [{
          claim: `${count(calls.length, "attempt")} of ${who} to connect to ${where} had no answer, the longest for ${
            duration(longest_us)
          }`,
          evidence: [...peer.keys],
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
      ...(queue === undefined ? [] : [{
        claim: `of the listener on ${where}, ${queueText(queue)}${queue.owner === undefined ? "" : `: ${queue.owner}`}`,
        evidence: [queue.id],
      }]),
    ],
    processes: processNames(calls),
  };
}

/** Connections that wait to be accepted, and where that was seen. */
interface Queue {
  readonly waiting: number;
  /** How many may wait; only `ss` tells. */
  readonly backlog: number | undefined;
  readonly owner: string | undefined;
  readonly id: string;
}

/** The queue of this host's own listener, when it is why nobody answers: the kernel drops SYNs that find it full. */
function fullQueue(endpoint: Endpoint, evidence: Evidence): Queue | undefined {
  const listed = parseListeners(outputOf(evidence, "listeners") ?? "").find(({ local }) => accepts(local, endpoint));
  if (listed !== undefined) {
    const { waiting, backlog, owner } = listed;
    return waiting > 0 && waiting >= backlog ? { waiting, backlog, owner, id: "listeners" } : undefined;
  }
  const socket = parseProcSockets(outputOf(evidence, "tcp_sockets") ?? "")
    .find(({ state, local }) => state === LISTEN && accepts(local, endpoint));
  return socket === undefined || socket.receive_queue === 0
    ? undefined
    : { waiting: socket.receive_queue, backlog: undefined, owner: undefined, id: "tcp_sockets" };
}

/** `2 connections wait in its queue of 1`. */
function queueText({ waiting, backlog }: Queue): string {
  return `${count(waiting, "connection")} wait in its queue${backlog === undefined ? "" : ` of ${backlog}`}`;
}

function planHere({ port }: Endpoint): readonly string[] {
  return [
    `Find the process that listens on port ${port} (\`ss -ltnp\`) and why it does not accept: stuck, stopped, or out of threads.`,
    `Restart it, or raise its backlog and number of workers when it is only too busy; check local firewall rules for port ${port}.`,
    "Verify: Recv-Q of its line in `ss -ltn` goes back to 0, and connections succeed.",
  ];
}

function planAway({ address, port }: Endpoint): readonly string[] {
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

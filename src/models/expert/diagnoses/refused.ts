/** Nothing listens where a process connects to: the peer refuses, or the socket's path leads nowhere. */
import { type Candidate, count, type Diagnose, duration, groupBy, processesOf, processNames } from "../candidate.ts";
import { attemptsWith, type Destination, destinationsOf, keysOfAttempts } from "../connections.ts";
import { type Evidence, keysOf, outputOf, type Seen, seenOf } from "../evidence.ts";
import { type Endpoint, formatEndpoint, unixPathOf } from "../fields.ts";
import { accepts, isHere, parseListeners, parseProcSockets } from "../readers/sockets.ts";

/** Sockets of services that the C library and others look for and do well without. */
const OPTIONAL_SERVICES =
  /(nscd|systemd|dbus|avahi|syslog|\/dev\/log|\.X11-unix|pulse|pipewire|wayland|docker\.sock|gssproxy)/;

export const refused: Diagnose = (evidence) => {
  const destinations = destinationsOf(evidence);
  const tcp = destinations
    // a second address that answers makes a refused first one harmless: localhost as ::1, then 127.0.0.1
    .filter((destination) =>
      attemptsWith(destination, "refused").length > 0 && !isServedElsewhere(destination, destinations)
    )
    .map((destination) => refusedBy(destination, evidence));
  return [...tcp, ...refusedPaths(evidence)];
};

function refusedBy(destination: Destination, evidence: Evidence): Candidate {
  const failed = attemptsWith(destination, "refused");
  const established = attemptsWith(destination, "established").length;
  const who = processesOf(failed.map(({ seen }) => seen));
  const where = formatEndpoint(destination.endpoint);
  const { state, evidence: shownBy } = listening(destination.endpoint, evidence);
  const keys = keysOfAttempts(failed);
  const isProven = state === "nothing";
  const cause = {
    nothing: `nothing listens on ${where}`,
    something: `something listens there now, so it was down for moments, or refuses some`,
    unknown: `nothing listens there, or a firewall on the way rejects it`,
  }[state];
  const often = established > 0
    ? `${failed.length} of ${failed.length + established} attempts`
    : count(failed.length, "attempt");
  return {
    category: "network",
    score: Math.min(90, 60 + 5 * failed.length + (isProven ? 15 : 0)),
    confidence: isProven && failed.length > 1 ? "High" : "Medium",
    root_cause: `Connections to ${where} are refused (ECONNREFUSED): ${cause}. ${who} was refused in ${often}.`,
    plan: [
      isProven
        ? `Start the service that should listen on ${where}, or find out why it stopped (its log, its unit's status).`
        : `Check on the host that has ${destination.endpoint.address} that the service is up and listens on port ${destination.endpoint.port}.`,
      `If the service listens elsewhere, correct the address or port in the configuration of ${
        processNames(failed.map(({ seen }) => seen)).join(", ")
      }.`,
      `Verify: \`ss -ltn\` shows a listener on port ${destination.endpoint.port}, and the refusals stop.`,
    ],
    findings: [
      {
        claim: `${who} was refused by ${where} with ECONNREFUSED ${count(failed.length, "time")}, after ${
          duration(Math.max(...failed.map(({ took_us }) => took_us)))
        } at most`,
        evidence: [...keys],
      },
      ...(established > 0
        ? [{
          claim: `${count(established, "other attempt")} to ${where} succeeded`,
          evidence: [...keysOfAttempts(attemptsWith(destination, "established"))],
        }]
        : []),
      ...(state !== "unknown" ? [{ claim: listeningClaim(where, state), evidence: [...shownBy] }] : []),
    ],
    processes: processNames(failed.map(({ seen }) => seen)),
  };
}

function listeningClaim(where: string, state: "nothing" | "something"): string {
  return state === "nothing"
    ? `no listening socket of this host takes connections to ${where}`
    : `a socket listens on ${where} at the time that it was looked at`;
}

/** What this host's own lists of listening sockets say about an endpoint. */
export function listening(
  endpoint: Endpoint,
  evidence: Evidence,
): { readonly state: "nothing" | "something" | "unknown"; readonly evidence: readonly string[] } {
  const sockets = parseProcSockets(outputOf(evidence, "tcp_sockets") ?? "");
  const listed = parseListeners(outputOf(evidence, "listeners") ?? "");
  const isCut = evidence.commands.get("tcp_sockets")?.truncated !== undefined;
  if (sockets.some(({ state, local }) => state === 10 && accepts(local, endpoint))) {
    return { state: "something", evidence: ["tcp_sockets"] };
  }
  if (listed.some(({ local }) => accepts(local, endpoint))) return { state: "something", evidence: ["listeners"] };
  const wholeLists = [
    ...(sockets.length > 0 && !isCut ? ["tcp_sockets"] : []),
    ...(listed.length > 0 ? ["listeners"] : []),
  ];
  if (wholeLists.length === 0 || !isHere(endpoint, sockets)) return { state: "unknown", evidence: [] };
  return { state: "nothing", evidence: wholeLists };
}

/** True when the processes that are refused here reach the same port at another address. */
function isServedElsewhere(destination: Destination, all: readonly Destination[]): boolean {
  const names = new Set(processNames(attemptsWith(destination, "refused").map(({ seen }) => seen)));
  return attemptsWith(destination, "established").length === 0 &&
    all.some((other) =>
      other !== destination && other.endpoint.port === destination.endpoint.port &&
      attemptsWith(other, "established").some(({ seen }) => names.has(seen.process_name))
    );
}

function refusedPaths(evidence: Evidence): readonly Candidate[] {
  const failed = seenOf(evidence, "connect").filter(({ error }) => error === "ECONNREFUSED" || error === "ENOENT");
  const byPath = groupBy(failed, (seen) => pathOf(seen));
  return [...byPath].map(([path, calls]): Candidate => {
    const who = processesOf(calls);
    const isMissing = calls.every(({ error }) => error === "ENOENT");
    const error = isMissing ? "ENOENT" : "ECONNREFUSED";
    return {
      category: "network",
      score: Math.min(85, 55 + 5 * calls.length),
      confidence: calls.length > 1 ? "High" : "Medium",
      root_cause: `Nothing listens on the socket ${path}: ${who} cannot connect to it (${error}, ${
        count(calls.length, "time")
      })${isMissing ? "; the path does not exist" : ""}.`,
      plan: [
        `Start the service that owns ${path}, or find out why it stopped.`,
        `If the service puts its socket elsewhere, correct the path in the configuration of ${
          processNames(calls).join(", ")
        }.`,
        `Verify: \`ls -l ${path}\` shows a socket, and the errors stop.`,
      ],
      findings: [{
        claim: `connect to ${path} by ${who} failed with ${error} ${count(calls.length, "time")}`,
        evidence: [...keysOf(calls)],
      }],
      processes: processNames(calls),
      paths: [path],
    };
  });
}

function pathOf(seen: Seen): string | undefined {
  const path = unixPathOf(seen.data.uservaddr);
  return path === undefined || path === "" || OPTIONAL_SERVICES.test(path) ? undefined : path;
}

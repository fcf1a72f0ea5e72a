/** Counters of the network protocols at both ends of the window; several collectors look at them. */
import { type ListeningSocket, parseListeners } from "../../kernel/host/listeners.ts";
import type { Sources } from "../collector.ts";
import { type Counters, tabledCounters } from "./counters.ts";
import { rise } from "./figures.ts";
import { type Moment, once } from "./once.ts";
import { fewOfEachKind, processesAt } from "./processes.ts";
import { quiet } from "./reading.ts";

/**
 * A busy host of containers has hundreds; those of the lowest process ids are looked at. Their counters cost four small
 * files, their sockets a walk through the kernel's whole table of connections each: of fewer.
 */
const MAX_NAMESPACES = 500, MAX_LISTENED = 64;

/** A network namespace: a container has its own counters and its own queues. */
export interface NetworkNamespace {
  /** Where its files are: /proc/net, or that of a process in it. */
  readonly folder: string;
  readonly is_own: boolean;
  /** As /proc/<pid>/ns/net names it; undefined of our own, which cannot go away. */
  readonly id?: string;
}

/** Our own first; the others by a process of each, as they were at the window's beginning. */
function namespacesOf(sources: Sources): readonly NetworkNamespace[] {
  return once(sources, "network namespaces", () => {
    const own = sources.link("/proc/self/ns/net");
    const found = new Map<string | undefined, NetworkNamespace>([[own, { folder: "/proc/net", is_own: true }]]);
    if (own === undefined) return [...found.values()];
    for (const { process_id } of fewOfEachKind(processesAt(sources, "start"))) {
      if (found.size >= MAX_NAMESPACES) break;
      const id = sources.link(`/proc/${process_id}/ns/net`);
      if (id !== undefined && !found.has(id)) found.set(id, { folder: `/proc/${process_id}/net`, is_own: false, id });
    }
    return [...found.values()];
  });
}

/** What a counter of a namespace, `<protocol>.<name>`, rose by in the window; 0 where this kernel does not count it. */
export type Rises = (name: string) => number;

/** Starts counting; the function that it returns tells what rose since, for each namespace. */
export function countProtocols(sources: Sources): () => readonly (readonly [NetworkNamespace, Rises])[] {
  const namespaces = namespacesOf(sources);
  const before = namespaces.map((namespace) => countersAt(sources, namespace, "start"));
  return () =>
    namespaces.map((namespace, at) => {
      const then = before[at], now = countersAt(sources, namespace, "end");
      return [namespace, (name) => rise(then?.get(name), now.get(name))];
    });
}

/**
 * /proc/net/snmp and /proc/net/netstat; nothing of a namespace whose process has ended, also where its id belongs to
 * another one by now: a host that builds gives every id away anew within seconds.
 */
function countersAt(sources: Sources, { folder, id }: NetworkNamespace, moment: Moment): Counters {
  return once(sources, `protocols ${folder} ${moment}`, () => {
    if (id !== undefined && sources.link(folder.replace(/net$/, "ns/net")) !== id) return new Map();
    return new Map([
      ...tabledCounters(quiet(sources, `${folder}/snmp`)),
      ...tabledCounters(quiet(sources, `${folder}/netstat`)),
    ]);
  });
}

/** TCP states as /proc/net/tcp numbers them: include/net/tcp_states.h. */
export const TCP_STATES = [
  "?",
  "established",
  "syn_sent",
  "syn_recv",
  "fin_wait1",
  "fin_wait2",
  "time_wait",
  "close",
  "close_wait",
  "last_ack",
  "listen",
  "closing",
  "new_syn_recv",
] as const;

export interface TcpSockets {
  /** By state; of all that could be read. */
  readonly states: ReadonlyMap<string, number>;
  readonly listeners: readonly ListeningSocket[];
}

/** /proc/net/tcp and tcp6, or their beginnings: listening sockets stand first, so that all of them are there. */
export function tcpSocketsAt(sources: Sources, moment: Moment): TcpSockets {
  return once(sources, `tcp ${moment}`, () => {
    const texts = [sources.text("/proc/net/tcp") ?? "", quiet(sources, "/proc/net/tcp6") ?? ""];
    const states = new Map<string, number>();
    for (const text of texts) countStates(text, states);
    return { states, listeners: texts.flatMap(parseListeners) };
  });
}

/** Of all namespaces, where there are not too many. */
export function allListeners(sources: Sources): readonly ListeningSocket[] {
  return namespacesOf(sources).slice(0, MAX_LISTENED).flatMap((namespace) =>
    namespace.is_own ? tcpSocketsAt(sources, "end").listeners : listenersIn(sources, namespace)
  );
}

/** Of one namespace, as they are now. */
export function listenersIn(sources: Sources, { folder }: NetworkNamespace): readonly ListeningSocket[] {
  return ["tcp", "tcp6"].flatMap((name) => parseListeners(quiet(sources, `${folder}/${name}`) ?? ""));
}

/** `sl: local:port remote:port st …` by columns, for a busy proxy has a hundred thousand lines; addresses have 8 digits or 32. */
function countStates(text: string, states: Map<string, number>): void {
  for (let at = text.indexOf("\n") + 1; at > 0; at = text.indexOf("\n", at) + 1) {
    const colon = text.indexOf(":", at);
    if (colon < 0) return;
    const digits = text.charAt(colon + 2 + 8) === ":" ? 8 : 32;
    const state_at = colon + 2 + 2 * (digits + 1 + 4 + 1);
    const state = TCP_STATES[Number.parseInt(text.slice(state_at, state_at + 2), 16)];
    if (state !== undefined && state !== "?") states.set(state, (states.get(state) ?? 0) + 1);
  }
}

/** Who listens where: claims that nothing does, or that something does, against lists of sockets and connects. */
import { accepts, isHere, type Listener } from "../../../models/expert/readers/sockets.ts";
import type { Name } from "../atoms.ts";
import { endingOf, listenersOf, type Source } from "../source.ts";
import { isWholeList, type Judgement, namesOf, type Rule, type View } from "./rule.ts";

const NOTHING_LISTENS =
  /\b(?:nothing|nobody|no (?:one|process|socket|service|server|listener|program)|none)\b.{0,40}\b(?:listen\w*|bound|serves|accepts)|\b(?:not|n't|never|no longer)\b.{0,20}\blisten|\bno listen|port\b.{0,20}\bis closed|\bnot (?:bound|open)\b/i;
const LISTENS = /\blistens?\b|\blistening\b|\bport\b.{0,24}\bis open\b|\baccepts? connections\b|\bbound to\b/i;
/** Lists that show all TCP listeners of the host. */
const LISTS = /^(?:sudo )?(?:(?:ss|netstat)(?: +-{1,2}[\w-]+)*|cat( \/proc\/(?:\d+\/|self\/)?net\/(?:tcp|udp)6?)+)$/;
/** A datagram socket connects without asking anybody. */
const DATAGRAM_PORTS: ReadonlySet<number> = new Set([53, 67, 68, 69, 123, 161, 162, 514, 1900, 5353, 8125]);

export const listening: Rule = (view) => {
  const { clause: { text } } = view;
  const ports = namesOf(view, "port");
  if (ports.length === 0 || /\budp\b/i.test(text)) return [];
  const says_nothing = NOTHING_LISTENS.test(text) || /^\s*not\b/i.test(text) && /\blisten/i.test(view.claim);
  if (says_nothing) return ports.flatMap((port) => nothingListens(port, view));
  return LISTENS.test(text) && !view.clause.is_denial ? ports.flatMap((port) => somethingListens(port, view)) : [];
};

function nothingListens(port: Name, view: View): readonly Judgement[] {
  for (const source of view.all) {
    const listener = listenersOf(source).find((each) => isAt(each.local, port, view));
    if (listener === undefined) continue;
    return [{ verdict: "contradicted", source, says: `${source.id} shows a listener on ${shown(listener.local)}` }];
  }
  const accepted = connectsTo(port, view).find(({ failed, succeeded }) => succeeded > 0 && failed === 0);
  if (accepted !== undefined) {
    const { source, succeeded } = accepted;
    return [{
      verdict: "contradicted",
      source,
      says: `${source.id} shows ${succeeded} connects to ${port.text} that succeeded`,
    }];
  }
  // a form of list that is not understood must not pass for an empty one
  const list = view.cited.find((source) =>
    isWholeList(source, LISTS) && source.rows.length > 1 &&
    !source.rows.some(({ text }) =>
      /LISTEN/.test(text) && port.matches(text) && namesOf(view, "address").every(({ matches }) => matches(text))
    )
  );
  if (list === undefined) return [];
  return [{
    verdict: "supported",
    source: list,
    says: `${list.id} lists no listener on ${port.text}`,
    covers: [port, ...namesOf(view, "address")],
  }];
}

function somethingListens(port: Name, view: View): readonly Judgement[] {
  const lists = view.all.filter((source) => listenersOf(source).length > 0);
  const here = lists.flatMap((source) =>
    listenersOf(source).filter(({ local }) => isAt(local, port, view)).map((listener) => ({ source, ...listener }))
  );
  if (here.length === 0) {
    const whole = lists.filter((source) => isWholeList(source, LISTS));
    const addresses = namesOf(view, "address");
    const isLocal = addresses.every(({ text }) =>
      isHere({ address: text, port: 0 }, []) || /^(?:0\.0\.0\.0|::)$/.test(text)
    );
    const source = whole[0];
    // /proc/net/tcp alone does not show what listens on IPv6
    if (source === undefined || !isLocal || /\/tcp$/.test(source.command?.command ?? "")) return [];
    const others = listenersOf(source).slice(0, 3).map(({ local }) => shown(local)).join(", ");
    return [{
      verdict: "contradicted",
      source,
      says: `${source.id} lists no listener on ${port.text}, only ${others}`,
    }];
  }
  const [listed] = here;
  const supported: readonly Judgement[] = listed === undefined ? [] : [{
    verdict: "supported",
    source: listed.source,
    says: `${listed.source.id} shows a listener on ${shown(listed.local)}`,
    covers: view.cited.includes(listed.source) ? [port, ...namesOf(view, "address")] : [],
  }];
  const subject = subjectOf(view.clause.text);
  const owned = here.filter(({ owner }) => owner !== undefined && owner !== "");
  if (subject === undefined || owned.length < here.length) return supported;
  const isOwner = owned.some(({ owner }) => ownersOf(owner ?? "").some((name) => isSame(name, subject)));
  const [first] = owned;
  const isKnown = view.all.some((source) =>
    listenersOf(source).some(({ owner }) => ownersOf(owner ?? "").some((name) => isSame(name, subject)))
  );
  if (isOwner || !isKnown || first === undefined) return supported;
  return [{
    verdict: "contradicted",
    source: first.source,
    says: `${first.source.id} shows ${ownersOf(first.owner ?? "").join(", ")} on ${port.text}`,
  }];
}

/** Connects of the run to a port of this claim, by how they ended. */
export function connectsTo(
  port: Name,
  view: View,
): readonly {
  readonly source: Source;
  readonly failed: number;
  readonly succeeded: number;
  readonly undecided: number;
}[] {
  if (DATAGRAM_PORTS.has(portNumber(port))) return [];
  const addresses = namesOf(view, "address");
  return view.all.filter(({ program }) => /connect/.test(program?.target ?? "")).map((source) => {
    const rows = source.rows.filter(({ text }) =>
      port.matches(endpointPart(text)) && addresses.every(({ matches }) => matches(text))
    );
    const endings = rows.map(({ event }) => event && endingOf(event));
    return {
      source,
      failed: endings.filter((ending) => ending === "failed").length,
      succeeded: endings.filter((ending) => ending === "succeeded").length,
      undecided: endings.filter((ending) => ending === undefined || ending === "pending").length,
    };
  });
}

/** The part of an event's text that tells where it leads: a file descriptor may have the port's number. */
function endpointPart(text: string): string {
  return (text.match(/\b(?:port|dport)=\d+/g) ?? []).join(" ");
}

function isAt(local: Listener["local"], port: Name, view: View): boolean {
  if (local.port !== portNumber(port)) return false;
  const addresses = namesOf(view, "address");
  const plain = { address: local.address.replace(/^\[|\]$/g, "").replace(/^\*$/, "::"), port: local.port };
  return addresses.length === 0 ||
    addresses.some(({ text }) => text === plain.address || accepts(plain, { address: text, port: local.port }));
}

/** Who listens, by the sentence. */
function subjectOf(text: string): string | undefined {
  return /(?:^|\s)([\w.-]+)(?: \(pid[^)]*\))? (?:listens|is listening)\b/i.exec(text)?.[1];
}

function ownersOf(owner: string): readonly string[] {
  const ss = [...owner.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
  return ss.length > 0 ? ss : [...owner.matchAll(/\d+\/(\S+)/g)].map(([, name = ""]) => name);
}

function isSame(name: string, subject: string): boolean {
  const [a, b] = [name.toLowerCase(), subject.toLowerCase()];
  return a === b || a.startsWith(b) || b.startsWith(a);
}

function portNumber({ text }: Name): number {
  return Number(/\d+/.exec(text)?.[0]);
}

function shown({ address, port }: Listener["local"]): string {
  return address.includes(":") && !address.startsWith("[") ? `[${address}]:${port}` : `${address}:${port}`;
}

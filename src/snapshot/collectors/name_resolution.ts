/** Name resolution as this host is set up for it; nothing is asked over the network. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { shown } from "../readings/figures.ts";
import { quiet } from "../readings/reading.ts";
import { printable } from "../readings/words.ts";

export const RESOLV_CONF = "/etc/resolv.conf";
/** Servers of this host, which have a socket here; Docker's 127.0.0.11 has none (it is redirected by the firewall). */
const LOCAL = new Set(["127.0.0.1", "127.0.0.53", "127.0.0.54", "::1"]);
const DNS_PORT = "0035";

export const nameResolution: Collector = {
  name: "name_resolution",
  start: (sources) =>
    Promise.resolve(() => {
      const text = sources.text(RESOLV_CONF);
      const servers = nameServers(text ?? "");
      return Promise.resolve({
        figures: [shown("resolver.servers", servers.length)],
        findings: [...noServers(sources, { text, servers }), ...nobodyListens(sources, servers)],
      });
    }),
};

/** The first three that resolv.conf(5) names: MAXNS of glibc and musl. */
export function nameServers(text: string): readonly string[] {
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, server = ""]) => server).slice(0, 3);
}

/** Without any, the C library asks this host itself; without a way out there is nobody to ask. */
function noServers(
  sources: Sources,
  { text, servers }: { readonly text: string | undefined; readonly servers: readonly string[] },
): readonly HealthFinding[] {
  const has_route = /^\S+\t00000000\t(?!00000000)/m.test(quiet(sources, "/proc/net/route") ?? "");
  if (servers.length > 0 || !has_route || hasSocket(sources) !== false) return [];
  return [{
    id: "resolver.no_servers",
    severity: "warning",
    title: `${RESOLV_CONF} names no server to ask for names`,
    evidence: [
      `${RESOLV_CONF}: ${text === undefined ? "not there" : "no line with nameserver"}`,
      "/proc/net/udp: nothing at port 53",
    ],
    meaning: "Names are resolved from /etc/hosts alone: whatever connects to a name fails.",
    next: "cat /etc/resolv.conf /etc/nsswitch.conf",
  }];
}

function nobodyListens(sources: Sources, servers: readonly string[]): readonly HealthFinding[] {
  const local = servers.filter((server) => LOCAL.has(server));
  if (local.length === 0 || local.length < servers.length || hasSocket(sources) !== false) return [];
  const named = local.map(printable).join(", ");
  return [{
    id: "resolver.down",
    of: named,
    severity: "critical",
    title: `The name server of this host (${named}) is not running`,
    evidence: [`${RESOLV_CONF}: nameserver ${named}`, "/proc/net/udp: no socket is bound to port 53"],
    meaning:
      "Every lookup of a name fails or waits for its timeout: logins, connections, mail. systemd-resolved, dnsmasq, " +
      "unbound or whatever serves it has stopped.",
    next: "ss -lunp",
  }];
}

/** Whether anything is bound to port 53 over UDP; undefined where that cannot be seen. */
function hasSocket(sources: Sources): boolean | undefined {
  const texts = ["/proc/net/udp", "/proc/net/udp6"].flatMap((path) => quiet(sources, path) ?? []);
  if (texts.length === 0) return undefined;
  return texts.some((text) => new RegExp(`^ *\\d+: [0-9A-F]+:${DNS_PORT} `, "m").test(text));
}

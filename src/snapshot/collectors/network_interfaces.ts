/** Network interfaces: traffic, errors and drops over the window, links that went down, bonds that lost a member. */
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Remembered, Sources } from "../collector.ts";
import { BACKLOG_DROPS, LINK_DROPS, LINK_ERRORS_PERCENT, MIN_BAD_PACKETS } from "../limits.ts";
import { rise, share, watched } from "../readings/figures.ts";
import { Gaps, quiet } from "../readings/reading.ts";
import { bootId } from "../readings/host.ts";
import { printable } from "../readings/words.ts";

/** The columns of /proc/net/dev that are looked at (net/core/net-procfs.c). */
interface Counts {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_drops: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_drops: number;
}

const MAX_SHOWN = 8;
const LINKS = "ip -s -s link show";

export const networkInterfaces: Collector = {
  name: "network_interfaces",
  start: (sources) => {
    const before = readInterfaces(sources);
    const backlog_before = backlogDrops(sources);
    return Promise.resolve(({ window_s, remembered }) => {
      const gaps = new Gaps();
      const after = readInterfaces(sources);
      const physical = new Set(physicalOf(sources, [...after.keys()]));
      const changes = [...after].flatMap(([name, now]) => {
        const then = before.get(name);
        return name === "lo" || then === undefined ? [] : [{ name, change: changeOf(then, now) }];
      });
      const links = linksOf(sources, [...physical].filter((name) => isLinkWatched(sources, name)));
      const had_link = everHadLink(links, remembered?.boot_id === bootId(sources) ? remembered : {});
      const dropped = rise(backlog_before, backlogDrops(sources));
      return Promise.resolve({
        figures: [
          ...figuresOf(changes.filter(({ name }) => physical.has(name)), window_s),
          watched("network.backlog_drops_per_s", dropped / window_s),
        ],
        findings: [
          ...changes.filter(({ name }) => physical.has(name)).flatMap((each) => packetFindings(each, window_s)),
          ...backlogFindings(dropped),
          ...lostLinks(links, { had_link, is_cut_off: !Object.values(linksOf(sources, [...physical])).includes(true) }),
          ...gaps.try("/proc/net/bonding", () => bondFindings(sources)) ?? [],
        ],
        remember: { boot_id: bootId(sources), ...had_link },
        ...gaps.state(),
      });
    });
  },
};

function readInterfaces(sources: Sources): ReadonlyMap<string, Counts> {
  const interfaces = new Map<string, Counts>();
  for (const line of (sources.text("/proc/net/dev") ?? "").split("\n")) {
    const colon = line.lastIndexOf(":"); // an alias has one in its name
    if (colon < 0) continue;
    const values = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (values.length < 12 || !values.every(Number.isFinite)) continue;
    const of = (column: number): number => values[column] ?? 0;
    interfaces.set(line.slice(0, colon).trim(), {
      rx_bytes: of(0),
      rx_packets: of(1),
      rx_errors: of(2),
      rx_drops: of(3),
      tx_bytes: of(8),
      tx_packets: of(9),
      tx_errors: of(10),
      tx_drops: of(11),
    });
  }
  return interfaces;
}

function changeOf(before: Counts, now: Counts): Counts {
  return {
    rx_bytes: rise(before.rx_bytes, now.rx_bytes),
    rx_packets: rise(before.rx_packets, now.rx_packets),
    rx_errors: rise(before.rx_errors, now.rx_errors),
    rx_drops: rise(before.rx_drops, now.rx_drops),
    tx_bytes: rise(before.tx_bytes, now.tx_bytes),
    tx_packets: rise(before.tx_packets, now.tx_packets),
    tx_errors: rise(before.tx_errors, now.tx_errors),
    tx_drops: rise(before.tx_drops, now.tx_drops),
  };
}

/** Those with hardware behind them, a virtual machine's too; not bridges, tunnels and the ends of containers. */
function physicalOf(sources: Sources, names: readonly string[]): readonly string[] {
  return names.filter((name) => sources.facts(`/sys/class/net/${name}/device`) !== undefined);
}

interface Changed {
  readonly name: string;
  readonly change: Counts;
}

function figuresOf(changes: readonly Changed[], window_s: number): readonly Figure[] {
  const busiest = [...changes].sort((a, b) => total(b) - total(a)).slice(0, MAX_SHOWN);
  const sum = (of: keyof Counts): number => changes.reduce((all, { change }) => all + change[of], 0);
  return [
    ...busiest.flatMap(({ name, change }) => [
      watched("network.receive_bytes_per_s", change.rx_bytes / window_s, { of: name }),
      watched("network.send_bytes_per_s", change.tx_bytes / window_s, { of: name }),
    ]),
    watched("network.errors_per_s", (sum("rx_errors") + sum("tx_errors")) / window_s),
    watched("network.drops_per_s", (sum("rx_drops") + sum("tx_drops")) / window_s),
  ];
}

function total({ change }: Changed): number {
  return change.rx_bytes + change.tx_bytes;
}

function packetFindings({ name, change }: Changed, window_s: number): readonly HealthFinding[] {
  const packets = change.rx_packets + change.tx_packets;
  const errors = change.rx_errors + change.tx_errors, drops = change.rx_drops + change.tx_drops;
  const of = printable(name);
  const found: HealthFinding[] = [];
  if (errors >= MIN_BAD_PACKETS && share(errors, packets + errors) >= LINK_ERRORS_PERCENT) {
    found.push({
      id: "network.errors",
      of,
      severity: "warning",
      title: `${of} has ${errors} broken packets in ${packets}`,
      evidence: [
        `/proc/net/dev: ${of} receive errors ${change.rx_errors}, transmit errors ${change.tx_errors} in the window`,
      ],
      meaning: "Packets are lost on the wire: a cable, a transceiver, a port, or a duplex mismatch. TCP becomes slow.",
      next: LINKS,
    });
  }
  const is_many = drops >= MIN_BAD_PACKETS && drops / window_s >= LINK_DROPS.per_s &&
    share(drops, packets + drops) >= LINK_DROPS.percent;
  if (is_many) {
    found.push({
      id: "network.drops",
      of,
      severity: "warning",
      title: `${of} dropped ${drops} of ${packets} packets`,
      evidence: [
        `/proc/net/dev: ${of} receive drops ${change.rx_drops}, transmit drops ${change.tx_drops} in the window`,
      ],
      meaning:
        "Packets arrive faster than they are taken off the device's ring, or leave faster than its queue empties.",
      next: LINKS,
    });
  }
  return found;
}

/** Second column of /proc/net/softnet_stat, hexadecimal, summed over the CPUs (softnet_seq_show()). */
function backlogDrops(sources: Sources): number | undefined {
  const text = quiet(sources, "/proc/net/softnet_stat");
  if (text === undefined) return undefined;
  return text.split("\n").reduce((sum, line) => sum + (Number.parseInt(line.split(" ")[1] ?? "", 16) || 0), 0);
}

function backlogFindings(dropped: number): readonly HealthFinding[] {
  if (dropped < BACKLOG_DROPS) return [];
  return [{
    id: "network.backlog_drops",
    severity: "warning",
    title: `${dropped} packets were dropped because a CPU's queue was full`,
    evidence: [`/proc/net/softnet_stat: the second column rose by ${dropped} in the window`],
    meaning:
      "One CPU cannot take what arrives for it: packets are lost for everybody. net.core.netdev_max_backlog is too " +
      "small, or all interrupts go to one CPU.",
    next: "cat /proc/net/softnet_stat",
  }];
}

type Links = Readonly<Record<string, boolean>>;

/** A wireless one loses its network wherever it is carried, and of a bond's member the bond itself tells. */
function isLinkWatched(sources: Sources, name: string): boolean {
  const folder = `/sys/class/net/${name}`;
  return ["wireless", "phy80211", "bonding_slave"].every((each) => sources.facts(`${folder}/${each}`) === undefined);
}

/** Whether each interface that is up has a link: the file cannot be read while an interface is down. */
function linksOf(sources: Sources, names: readonly string[]): Links {
  return Object.fromEntries(names.flatMap((name) => {
    const carrier = quiet(sources, `/sys/class/net/${name}/carrier`)?.trim();
    return carrier === "0" || carrier === "1" ? [[name, carrier === "1"]] : [];
  }));
}

/** In this boot, by what was remembered of it: a link that is lost is told until it is back, or the interface is taken down. */
function everHadLink(links: Links, remembered: Remembered): Links {
  return Object.fromEntries(
    Object.entries(links).map(([name, has_link]) => [name, has_link || remembered[name] === true]),
  );
}

/** An interface that never had a link has no cable, and is well. */
function lostLinks(
  links: Links,
  { had_link, is_cut_off }: { readonly had_link: Links; readonly is_cut_off: boolean },
): readonly HealthFinding[] {
  return Object.entries(links).flatMap(([name, has_link]): HealthFinding[] => {
    if (has_link || had_link[name] !== true) return [];
    const of = printable(name);
    return [{
      id: "network.link_down",
      of,
      severity: is_cut_off ? "critical" : "warning",
      title: `${of} has lost its link`,
      evidence: [`/sys/class/net/${of}/carrier: 0, and 1 in a snapshot before`],
      meaning: "Nothing is received or sent there: the cable, the switch port, or the peer is gone.",
      next: "ip -s link show",
    }];
  });
}

/** The file of each bond lists its members with their state (Documentation/networking/bonding.rst). */
function bondFindings(sources: Sources): readonly HealthFinding[] {
  return sources.names("/proc/net/bonding").flatMap((bond): HealthFinding[] => {
    const parts = (quiet(sources, `/proc/net/bonding/${bond}`) ?? "").split(/^Slave Interface: /m).slice(1);
    const down = parts.filter((part) => /^MII Status: down/m.test(part)).map((part) =>
      printable(part.split("\n")[0] ?? "")
    );
    if (down.length === 0) return [];
    const of = printable(bond);
    return [{
      id: "network.bond_degraded",
      of,
      severity: down.length === parts.length ? "critical" : "warning",
      title: `${of} has lost ${down.length} of its ${parts.length} links: ${down.join(", ")}`,
      evidence: [`/proc/net/bonding/${of}: MII Status of ${down.join(", ")} is down`],
      meaning: "The rest carries the traffic; when it fails too, the host is cut off.",
      next: `cat /proc/net/bonding/${of}`,
    }];
  });
}

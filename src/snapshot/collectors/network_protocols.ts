/** IP, TCP and UDP: what the counters of the protocols rose by, on the host and in its containers together. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector } from "../collector.ts";
import {
  FAILED_CONNECTS,
  MIN_BAD_PACKETS,
  MIN_RETRANSMITS,
  RETRANSMITS_PERCENT,
  severityOver,
  UDP_OVERFLOW_PERCENT,
} from "../limits.ts";
import { number, share, watched } from "../readings/figures.ts";
import { countProtocols, type Rises } from "../readings/net.ts";
import { absent } from "../readings/reading.ts";

export const networkProtocols: Collector = {
  name: "network_protocols",
  start: (sources) => {
    const count = countProtocols(sources);
    return Promise.resolve(({ window_s }) => {
      if (sources.text("/proc/net/snmp") === undefined) return Promise.resolve(absent("/proc/net/snmp is not there"));
      const counted = count();
      const rose: Rises = (name) => counted.reduce((sum, [, of]) => sum + of(name), 0);
      const per_s = (name: string): number => rose(name) / window_s;
      return Promise.resolve({
        figures: [
          watched("tcp.opened_per_s", per_s("Tcp.ActiveOpens")),
          watched("tcp.accepted_per_s", per_s("Tcp.PassiveOpens")),
          watched("tcp.failed_connects_per_s", per_s("Tcp.AttemptFails")),
          watched("tcp.resets_received_per_s", per_s("Tcp.EstabResets")),
          watched("tcp.resets_sent_per_s", per_s("Tcp.OutRsts")),
          watched("tcp.segments_sent_per_s", per_s("Tcp.OutSegs")),
          watched("tcp.retransmits_percent", share(rose("Tcp.RetransSegs"), rose("Tcp.OutSegs")), RETRANSMITS_PERCENT),
          watched("udp.datagrams_received_per_s", per_s("Udp.InDatagrams")),
          watched("udp.receive_overflows_per_s", per_s("Udp.RcvbufErrors")),
        ],
        findings: [...retransmits(rose), ...failedConnects(rose, window_s), ...overflows(rose), ...noMemory(rose)],
      });
    });
  },
};

/** Without SYNs that nobody answered: that a peer is away says nothing about the network. */
function retransmits(rose: Rises): readonly HealthFinding[] {
  const again = Math.max(0, rose("Tcp.RetransSegs") - rose("TcpExt.TCPSynRetrans")), sent = rose("Tcp.OutSegs");
  const percent = share(again, sent);
  const severity = severityOver(percent, RETRANSMITS_PERCENT);
  if (severity === undefined || again < MIN_RETRANSMITS) return [];
  return [{
    id: "tcp.retransmits",
    severity,
    title: `${number(percent)} % of all TCP segments had to be sent again`,
    evidence: [`/proc/net/snmp: Tcp RetransSegs without TCPSynRetrans rose by ${again}, OutSegs by ${sent}`],
    meaning: "Packets are lost on the way, or a peer fell silent: connections are slow and stand still for seconds.",
    next: "ss -tino state established",
  }];
}

/** Only attempts of this host: AttemptFails also counts peers that never finished the handshake here. */
function failedConnects(rose: Rises, window_s: number): readonly HealthFinding[] {
  const failed = Math.min(rose("Tcp.AttemptFails"), rose("Tcp.ActiveOpens")), tried = rose("Tcp.ActiveOpens");
  const { count, per_s, percent } = FAILED_CONNECTS;
  if (failed < count || failed / window_s < per_s || share(failed, tried) < percent) return [];
  return [{
    id: "tcp.failed_connects",
    severity: "warning",
    title: `${failed} of ${tried} TCP connects failed`,
    evidence: [`/proc/net/snmp: Tcp AttemptFails rose by ${rose("Tcp.AttemptFails")}, ActiveOpens by ${tried}`],
    meaning:
      "A program tries to reach a service that refuses or does not answer: it is not running, listens elsewhere, or " +
      "a firewall is between.",
    next: "ss -tan state syn-sent",
  }];
}

function overflows(rose: Rises): readonly HealthFinding[] {
  const lost = rose("Udp.RcvbufErrors"), received = rose("Udp.InDatagrams");
  if (lost < MIN_BAD_PACKETS || share(lost, lost + received) < UDP_OVERFLOW_PERCENT) return [];
  return [{
    id: "udp.receive_overflow",
    severity: "warning",
    title: `${lost} UDP datagrams were lost because their receivers were too slow`,
    evidence: [`/proc/net/snmp: Udp RcvbufErrors rose by ${lost}, InDatagrams by ${received}`],
    meaning: "A program does not read its socket fast enough: DNS answers, metrics or logs are lost.",
    next: "ss -uanm",
  }];
}

function noMemory(rose: Rises): readonly HealthFinding[] {
  const aborted = rose("TcpExt.TCPAbortOnMemory");
  if (aborted === 0) return [];
  return [{
    id: "tcp.no_memory",
    severity: "critical",
    title: `${aborted} TCP connections were broken for want of memory`,
    evidence: [`/proc/net/netstat: TcpExt TCPAbortOnMemory rose by ${aborted}`],
    meaning: "All sockets together have reached net.ipv4.tcp_mem or tcp_max_orphans: connections are dropped.",
    next: "cat /proc/net/sockstat /proc/sys/net/ipv4/tcp_mem",
  }];
}

/** Interfaces, protocols, queues, connections, names. */
import { conntrack } from "../../../../src/snapshot/collectors/conntrack.ts";
import { listenQueues } from "../../../../src/snapshot/collectors/listen_queues.ts";
import { nameResolution } from "../../../../src/snapshot/collectors/name_resolution.ts";
import { networkInterfaces } from "../../../../src/snapshot/collectors/network_interfaces.ts";
import { networkProtocols } from "../../../../src/snapshot/collectors/network_protocols.ts";
import { sockets } from "../../../../src/snapshot/collectors/sockets.ts";
import { type Case, stat, table, tcp } from "./case.ts";

const HEAD =
  "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo\n";
const dev = (rx: string, tx: string, name = "eth0") =>
  `${HEAD}    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n  ${name}: ${rx} 0 0 0 0 ${tx} 0 0 0 0\n`;
const QUIET = dev("0 0 0 0", "0 0 0 0");
const ETH0 = {
  "/sys/class/net/eth0/device/vendor": "0x8086\n",
  "/sys/class/net/eth0/carrier": "1\n",
  "/proc/sys/kernel/random/boot_id": "boot-1\n",
};
const softnet = (dropped: string) => `00018bdb ${dropped} 00000001 00000000\n00044678 00000000 00000000 00000000\n`;
const HEX_HEAD =
  "entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error\n";
const ROUTE = "Iface\tDestination\tGateway \tFlags\neth0\t00000000\t0102A8C0\t0003\n";
const UDP = "  sl  local_address rem_address   st\n";
const SOCKSTAT = "sockets: used 300\nTCP: inuse 20 orphan 0 tw 3 alloc 30 mem 5\nUDP: inuse 2 mem 1\n";

function protocols(
  name: string,
  end: { tcp?: Record<string, number>; udp?: Record<string, number>; ext?: Record<string, number> },
  told: readonly string[],
): Case {
  const zero = (counters: Record<string, number> = {}) =>
    Object.fromEntries(Object.keys(counters).map((key) => [key, 0]));
  const files = (of: (counters?: Record<string, number>) => Record<string, number>) => ({
    "/proc/net/snmp": table("Tcp", of(end.tcp)) + table("Udp", of(end.udp)),
    "/proc/net/netstat": table("TcpExt", of(end.ext)),
  });
  return {
    name,
    collector: networkProtocols,
    host: { start: files(zero), end: files((counters = {}) => counters) },
    told,
  };
}

export const NETWORK_CASES: readonly Case[] = [
  {
    name: "an interface with broken packets",
    collector: networkInterfaces,
    host: {
      start: { ...ETH0, "/proc/net/dev": QUIET },
      end: { "/proc/net/dev": dev("9000 5000 30 0", "9000 5000 0 0") },
    },
    told: ["network.errors eth0 warning"],
  },
  {
    name: "an interface that drops a tenth",
    collector: networkInterfaces,
    host: {
      start: { ...ETH0, "/proc/net/dev": QUIET },
      end: { "/proc/net/dev": dev("9000 5000 0 600", "9000 5000 0 0") },
    },
    told: ["network.drops eth0 warning"],
  },
  {
    name: "an interface that hears LLDP and counts it as dropped, and a bridge that drops more",
    collector: networkInterfaces,
    host: {
      start: { ...ETH0, "/proc/net/dev": QUIET + "  br0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n" },
      end: {
        "/proc/net/dev": dev("9000 5000 0 12", "9000 5000 0 0") + "  br0: 9 500 0 400 0 0 0 0 9 500 0 0 0 0 0 0\n",
      },
    },
    told: [],
  },
  {
    name: "a host whose CPU cannot queue what arrives",
    collector: networkInterfaces,
    host: {
      start: { "/proc/net/dev": QUIET, "/proc/net/softnet_stat": softnet("00000000") },
      end: { "/proc/net/softnet_stat": softnet("000000ff") },
    },
    told: ["network.backlog_drops warning"],
  },
  {
    name: "an interface that lost its link since the last snapshot",
    collector: networkInterfaces,
    host: {
      start: { ...ETH0, "/sys/class/net/eth0/carrier": "0\n", "/proc/net/dev": QUIET },
      remembered: { boot_id: "boot-1", eth0: true },
    },
    told: ["network.link_down eth0 critical"],
  },
  {
    name: "an interface that has had no cable since the host was booted",
    collector: networkInterfaces,
    host: {
      start: { ...ETH0, "/sys/class/net/eth0/carrier": "0\n", "/proc/net/dev": QUIET },
      remembered: { boot_id: "boot-0", eth0: true },
    },
    told: [],
  },
  {
    name: "an interface that never had a cable",
    collector: networkInterfaces,
    host: { start: { ...ETH0, "/sys/class/net/eth0/carrier": "0\n", "/proc/net/dev": QUIET } },
    told: [],
  },
  {
    name: "a bond with one link of two",
    collector: networkInterfaces,
    host: {
      start: {
        "/proc/net/dev": QUIET,
        "/proc/net/bonding/bond0":
          "Ethernet Channel Bonding Driver: v6.1.0\n\nBonding Mode: active-backup\nMII Status: up\n\nSlave Interface: eno1\nMII Status: up\nSpeed: 10000 Mbps\n\nSlave Interface: eno2\nMII Status: down\nSpeed: Unknown\n",
      },
    },
    told: ["network.bond_degraded bond0 warning"],
  },
  protocols("a network that loses a tenth", { tcp: { OutSegs: 1000, RetransSegs: 100 }, ext: { TCPSynRetrans: 2 } }, [
    "tcp.retransmits warning",
  ]),
  protocols("a way through the internet that loses 1 %", { tcp: { OutSegs: 100_000, RetransSegs: 1000 } }, []),
  protocols("a peer that is away, to which SYNs are sent again", {
    tcp: { OutSegs: 200, RetransSegs: 80 },
    ext: { TCPSynRetrans: 80 },
  }, []),
  protocols("a program that tries to reach what refuses", { tcp: { ActiveOpens: 60, AttemptFails: 55 } }, [
    "tcp.failed_connects warning",
  ]),
  protocols(
    "a health check of a dead peer among other connections",
    { tcp: { ActiveOpens: 500, AttemptFails: 30 } },
    [],
  ),
  protocols("a host that strangers scan, whose handshakes are never finished", {
    tcp: { ActiveOpens: 3, AttemptFails: 900 },
  }, []),
  protocols("a receiver of datagrams that is too slow", { udp: { InDatagrams: 1000, RcvbufErrors: 300 } }, [
    "udp.receive_overflow warning",
  ]),
  protocols("a burst that lost a few datagrams", { udp: { InDatagrams: 100_000, RcvbufErrors: 30 } }, []),
  protocols("a host without memory for TCP", { ext: { TCPAbortOnMemory: 3 } }, ["tcp.no_memory critical"]),
  {
    name: "a service that does not accept fast enough",
    collector: listenQueues,
    host: {
      start: {
        "/proc/net/snmp": "",
        "/proc/net/netstat": table("TcpExt", { ListenOverflows: 5, ListenDrops: 6 }),
        "/proc/net/tcp": tcp([{ port: 8080, waiting: 129, inode: 4711 }, { port: 22, waiting: 0, inode: 12 }], {
          "01": 3,
        }),
        "/proc/77/stat": stat(77, { name: "java" }),
        "/proc/77/fd/3": { link: "/dev/null" },
        "/proc/77/fd/9": { link: "socket:[4711]" },
      },
      end: { "/proc/net/netstat": table("TcpExt", { ListenOverflows: 45, ListenDrops: 46 }) },
    },
    told: ["tcp.listen_overflow port 8080 warning"],
  },
  {
    name: "a service in a container that does not accept fast enough",
    collector: listenQueues,
    host: {
      start: {
        "/proc/net/snmp": "",
        "/proc/net/netstat": table("TcpExt", { ListenOverflows: 5, ListenDrops: 6 }),
        "/proc/net/tcp": tcp([{ port: 22, waiting: 3, inode: 12 }]),
        "/proc/self/ns/net": { link: "net:[1]" },
        "/proc/20/stat": stat(20, { name: "sshd" }),
        "/proc/20/ns/net": { link: "net:[1]" },
        "/proc/77/stat": stat(77, { name: "java" }),
        "/proc/77/ns/net": { link: "net:[2]" },
        "/proc/77/net/netstat": table("TcpExt", { ListenOverflows: 7, ListenDrops: 7 }),
        "/proc/77/net/tcp": tcp([{ port: 8080, waiting: 129, inode: 4711 }]),
        "/proc/77/fd/9": { link: "socket:[4711]" },
      },
      end: { "/proc/77/net/netstat": table("TcpExt", { ListenOverflows: 300, ListenDrops: 300 }) },
    },
    told: ["tcp.listen_overflow port 8080 critical"],
  },
  {
    name: "a service with a queue that is not full, on a host that had overflows long ago",
    collector: listenQueues,
    host: {
      start: {
        "/proc/net/snmp": "",
        "/proc/net/netstat": table("TcpExt", { ListenOverflows: 5000, ListenDrops: 6000 }),
        "/proc/net/tcp": tcp([{ port: 8080, waiting: 100, inode: 4711 }]),
      },
    },
    told: [],
  },
  {
    name: "a firewall whose table is full",
    collector: conntrack,
    host: {
      start: {
        "/proc/sys/net/netfilter/nf_conntrack_count": "58000\n",
        "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
        "/proc/net/stat/nf_conntrack": `${HEX_HEAD}0000e290 0 0 0 0 0 0 0 0 0 00000001 00000000 0\n`,
      },
      end: { "/proc/net/stat/nf_conntrack": `${HEX_HEAD}0000e290 0 0 0 0 0 0 0 0 0 00000021 00000000 0\n` },
    },
    told: ["conntrack.full critical"],
  },
  {
    name: "a firewall whose table is half full",
    collector: conntrack,
    host: {
      start: {
        "/proc/sys/net/netfilter/nf_conntrack_count": "32000\n",
        "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
      },
    },
    told: [],
  },
  {
    name: "a host whose sockets hold all memory that TCP may have, and whose programs do not close them",
    collector: sockets,
    host: {
      start: {
        "/proc/net/sockstat": "sockets: used 9000\nTCP: inuse 20 orphan 3 tw 3 alloc 30 mem 99000\n",
        "/proc/sys/net/ipv4/tcp_mem": "50000\t75000\t100000\n",
        "/proc/sys/net/ipv4/tcp_max_orphans": "65536\n",
        "/proc/net/tcp": tcp([], { "08": 1500, "01": 100 }),
      },
    },
    told: ["tcp.memory memory for TCP critical", "tcp.close_wait warning"],
  },
  {
    name: "a proxy with 5,000 connections, and some that are being closed",
    collector: sockets,
    host: {
      start: {
        "/proc/net/sockstat": SOCKSTAT,
        "/proc/sys/net/ipv4/tcp_mem": "50000\t75000\t100000\n",
        "/proc/net/tcp": tcp([], { "01": 5000, "06": 9000, "08": 200 }),
      },
    },
    told: [],
  },
  {
    name: "a host without a name server",
    collector: nameResolution,
    host: {
      start: { "/etc/resolv.conf": "# by hand\nsearch example.org\n", "/proc/net/route": ROUTE, "/proc/net/udp": UDP },
    },
    told: ["resolver.no_servers warning"],
  },
  {
    name: "a host that reaches no other, without a name server",
    collector: nameResolution,
    host: { start: { "/proc/net/route": "Iface\tDestination\tGateway\n", "/proc/net/udp": UDP } },
    told: [],
  },
  {
    name: "a host whose own resolver has stopped",
    collector: nameResolution,
    host: { start: { "/etc/resolv.conf": "nameserver 127.0.0.53\noptions edns0\n", "/proc/net/udp": UDP } },
    told: ["resolver.down 127.0.0.53 critical"],
  },
  {
    name: "a host whose own resolver runs",
    collector: nameResolution,
    host: {
      start: {
        "/etc/resolv.conf": "nameserver 127.0.0.53\n",
        "/proc/net/udp": `${UDP}  461: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101\n`,
      },
    },
    told: [],
  },
  {
    name: "a container whose resolver is Docker's",
    collector: nameResolution,
    host: { start: { "/etc/resolv.conf": "nameserver 127.0.0.11\noptions ndots:0\n", "/proc/net/udp": UDP } },
    told: [],
  },
];

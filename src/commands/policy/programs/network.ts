/** Programs that report on interfaces, routes, sockets, packet filters and tunnels. */
import { atMost, given, options, type Rule, without } from "../arguments.ts";
import { isLiteral, mayHideOption, show } from "../marks.ts";
import { withOptions } from "../rewrites.ts";
import { refusal } from "../verdict.ts";
import { commands, endless, follows, limited, listed, needsOne, ruled, SOCKETS } from "./entry.ts";
import type { Programs } from "./program.ts";

/** What the kernel asks for before it lists packet filters and the like. */
const FILTERS = { capabilities: ["NET_ADMIN", "NET_RAW"] } as const;
const ADMIN = { capabilities: ["NET_ADMIN"] } as const;
const nothing = (program: string, why: string): Rule => atMost(program, 0, why);

const IP_OPTIONS = new Set(
  ("-4 -6 -0 -s -d -o -j -p -c -r -h -t -ts -br -brief -json -pretty -details -statistics -stats -oneline -human -color " +
    "-color=never -c=never -resolve -N -Numeric -iec -timestamp -a -all -V -Version -M -I -f -family inet inet6").split(
      " ",
    ),
);
const IP_OBJECTS = new Set(
  ("address addr addrlabel a link l route r ro rule ru neighbor neighbour neigh n netns maddress maddr m mroute mr tunnel " +
    "tunl t nexthop tcp_metrics tcpmetrics ntable vrf xfrm netconf sr l2tp macsec mptcp").split(" "),
);
const SHOW = ["show", "sh", "list", "lst", "ls"];

/** Options come first, then what to look at, then the verb; `ip link s` is not taken, for it means set. */
function ipRule(args: readonly string[]): ReturnType<Rule> {
  const start = args.findIndex((arg) => !IP_OPTIONS.has(arg));
  const [object = "", verb = "show", third = ""] = start < 0 ? [] : args.slice(start);
  if (start < 0 && args.some((arg) => /^-V/.test(arg))) return undefined;
  if (object === "monitor" || object === "mon") return undefined;
  if (!IP_OBJECTS.has(object)) {
    return refusal("ip/object", `ip ${show(object)} is not on the list of what only reads.`);
  }
  if (object === "xfrm" || object === "l2tp" || object === "mptcp") {
    return /^(state|policy|tunnel|session|endpoint|limits)$/.test(verb) && ["", "count", ...SHOW].includes(third)
      ? undefined
      : refusal("ip/change", `ip ${object} ${show(verb)} ${show(third)} is refused: only show and list read.`);
  }
  const reads = SHOW.includes(verb) || (verb === "get" && /^(r|ro|route|n|neigh|nexthop)$/.test(object)) ||
    (verb === "s" && /^a/.test(object)) || (object === "netns" && ["identify", "pids", "list-id"].includes(verb)) ||
    (object === "vrf" && ["identify", "pids"].includes(verb));
  return reads
    ? undefined
    : refusal("ip/change", `ip ${object} ${show(verb)} is refused: only show, list and "ip route get" read.`);
}

/** Objects with verbs, as tc, bridge and bpftool have them: the verb follows the object and only shows. */
const showsOnly = (program: string, flags: string, objects: string, shows = SHOW): Rule => (args) => {
  const [object = "", verb = "show"] = args.filter((arg) => !flags.split(" ").includes(arg));
  if (objects.split(" ").includes(object) && shows.includes(verb)) return undefined;
  return refusal(
    `${program}/change`,
    `${program} ${show(`${object} ${verb}`)} is refused: only ${shows.join(", ")} of ${objects} reads.`,
  );
};

function nftRule(args: readonly string[]): ReturnType<Rule> {
  const [verb, ...rest] = args.filter((arg) => !/^(-[anjsytN]+|--(handle|json|stateless|terse))$/.test(arg));
  const other = rest.find((arg) => !isLiteral(arg) || /[;\n]|^-/.test(arg));
  if (other === undefined && (verb === "list" || /^list [\w ]+$/.test(verb ?? ""))) return undefined;
  return refusal(
    "nft/change",
    `nft ${show(other ?? verb ?? "")} is refused: only "nft list …" with one command reads.`,
  );
}

const ETHTOOL_READS = new Set(
  ("-i -k -S -g -l -c -a -n -u -T -m -P -x -d -e --driver --statistics --show-features --show-offload --show-ring " +
    "--show-channels --show-coalesce --show-pause --module-info --show-eee --show-fec --show-priv-flags --phy-statistics " +
    "--show-permaddr --show-time-stamping --show-ntuple --show-nfc --show-rxfh-indir --show-rxfh").split(" "),
);

/** One device, and at most one option before it: with one word alone nothing can be set. */
function ethtoolRule(args: readonly string[]): ReturnType<Rule> {
  const hashed = /^-[nu] [\w.-]+ rx-flow-hash \w+$/.test(args.join(" "));
  const known = hashed || args.length <= 2 && args.slice(0, -1).every((arg) => ETHTOOL_READS.has(arg)) &&
      args.every((arg, index) => isLiteral(arg) || (index === args.length - 1 && !/[\uE002\uE000]/.test(arg)));
  return known
    ? undefined
    : refusal("ethtool/change", `ethtool takes one device and at most one of ${[...ETHTOOL_READS].join(", ")}.`);
}

const PROBES = /^(info|link|scan dump|station dump|survey dump|get power_save|station get \S+)$/;

function iwRule(args: readonly string[]): ReturnType<Rule> {
  const [object = "", device = "", ...rest] = args;
  const whole = args.length === 1 && ["dev", "phy", "list"].includes(object);
  if (whole || (object === "reg" && device === "get") || (object === "phy" && rest.join(" ") === "info")) {
    return undefined;
  }
  const verb = object === "dev" ? rest.join(" ") : [device, ...rest].join(" ");
  return PROBES.test(verb)
    ? undefined
    : refusal("iw/change", "iw is refused except to show devices, links and stations.");
}

const LISTS = "-nvxLSw -t: --list --list-rules --numeric --verbose --line-numbers --exact --wait --table=";

export const NETWORK_PROGRAMS: Programs = {
  ...limited("ip", [ipRule], {
    bound: (args) => args.some((arg) => /^mon(itor)?$/.test(arg)) ? endless("ip") : undefined,
    instead: "ip -s link show",
  }),
  ...limited(
    "ss",
    [
      without("ss/kill", { letters: "K", valued: "fADFN", long: ["kill"] }, "it closes connections"),
      without("ss/write", { letters: "D", valued: "fAFN", long: ["diag"] }, "it writes a file"),
      without("ss/namespace", { letters: "N", valued: "fADF", long: ["net"] }, "it enters another namespace"),
    ],
    { bound: follows("ss", "-E -fADFN: --events"), needs: ADMIN, instead: "ss -tanp" },
  ),
  ...limited("netstat", [], { bound: follows("netstat", "-c -A: --continuous"), instead: "ss -tanp" }),
  ...listed("nstat", "-asjpz --zeros --noupdate --json --pretty --ignore", {
    rewrite: (args) =>
      given(args, options("-s --noupdate"))
        ? undefined
        : withOptions("nstat/history", "nstat without -s changes what the next nstat shows: it gets -s.", "-s"),
    instead: "nstat -asz",
  }),
  ...limited("tc", [
    showsOnly(
      "tc",
      "-s -d -j -p -r -statistics -details -json -pretty -g -nm",
      "qdisc class filter chain action actions",
      [...SHOW],
    ),
  ], {
    instead: "tc -s qdisc show",
  }),
  ...limited("bridge", [
    showsOnly("bridge", "-s -d -j -p -c -statistics -details -json -compressvlans", "link fdb mdb vlan vni"),
  ], {
    instead: "bridge link show",
  }),
  ...limited("devlink", [
    showsOnly("devlink", "-j -p -s -v -n", "dev port sb health resource region trap", [...SHOW, "info"]),
  ], {
    needs: ADMIN,
    instead: "devlink dev show",
  }),
  ...limited("rdma", [showsOnly("rdma", "-j -p -d", "dev link resource system statistic")], {
    instead: "rdma link show",
  }),
  ...limited(
    "bpftool",
    [showsOnly(
      "bpftool",
      "-j -p --json --pretty -f --bpffs",
      "prog map link net perf cgroup btf iter struct_ops feature version",
      ["show", "list", "tree", "probe"],
    )],
    {
      needs: { capabilities: ["BPF", "PERFMON", "SYS_ADMIN", "NET_ADMIN"], calls: ["bpf"] },
      instead: "bpftool prog show",
    },
  ),
  ...listed(
    "conntrack",
    "-LSCnE -p: -s: -d: -o: -f: --state= --family= --src= --dst= --dump --stats --count -j --any-nat --src-nat --proto= --orig-port-dst= --dport= --sport=",
    {
      rules: [
        (args) =>
          args.some((arg) => /^(-[LSCE]|--dump|--stats|--count)/.test(arg))
            ? undefined
            : refusal("conntrack/verb", "conntrack is refused without -L, -S or -C: only these read."),
      ],
      bound: (args) => args.some((arg) => /^-E/.test(arg)) ? endless("conntrack") : undefined,
      needs: FILTERS,
      instead: "conntrack -S",
    },
  ),
  ...ruled("ethtool", [ethtoolRule], { needs: ADMIN, instead: "ethtool -S eth0" }),
  ...listed("mii-tool", "-v --verbose", { needs: ADMIN }),
  ...listed("iptables ip6tables iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft", LISTS, {
    rules: [needsOne("iptables", "-LS -t: --list --list-rules", "is refused without -L or -S: only these read")],
    needs: FILTERS,
    instead: "iptables -L -n -v",
  }),
  ...listed("iptables-save ip6tables-save iptables-legacy-save iptables-nft-save", "-c -t: --counters --table=", {
    needs: FILTERS,
    instead: "iptables-save -t filter",
  }),
  ...listed("ebtables arptables", "-Ln -t: --list --Ln --Lc", {
    rules: [needsOne("ebtables", "-L -t: --list --Ln", "is refused without -L: only it reads")],
    needs: FILTERS,
    instead: "ebtables -L",
  }),
  ...limited("nft", [nftRule], { needs: FILTERS, instead: "nft list ruleset" }),
  ...commands("ipset", "-tn -o: --terse --name", { list: "" }, {
    rules: [without("ipset/write", { letters: "f", long: ["file"] }, "it writes a file")],
    needs: FILTERS,
    instead: "ipset list",
  }),
  ...listed(
    "ipvsadm",
    "-Lln -c -t: -u: -f: --list --numeric --connection --stats --rate --exact --timeout --daemon --sort",
    {
      rules: [needsOne("ipvsadm", "-Ll -tuf: --list", "is refused without -L: only it reads")],
      needs: FILTERS,
      instead: "ipvsadm -L -n",
    },
  ),
  ...listed("ufw", "", {
    operands: (operands) =>
      /^(status( verbose| numbered)?|show (raw|builtins|listening|added|user-rules)|app (list|info \S+)|version)$/.test(
          operands.join(" "),
        )
        ? undefined
        : refusal("ufw/verb", "ufw is refused except for status and show."),
    needs: FILTERS,
    instead: "ufw status verbose",
  }),
  ...listed(
    "firewall-cmd",
    "--state --list-all --list-all-zones --list-services --list-ports --list-rich-rules --list-interfaces --list-sources " +
      "--list-forward-ports --list-icmp-blocks --get-default-zone --get-active-zones --get-zones --get-services " +
      "--get-log-denied --permanent --zone= --info-zone= --info-service= --query-service= --query-port= --get-zone-of-interface= " +
      "--query-masquerade --direct --get-all-rules --get-all-chains --list-lockdown-whitelist-commands --get-policies",
    { operands: nothing("firewall-cmd", "only options are known"), needs: SOCKETS, instead: "firewall-cmd --list-all" },
  ),
  ...commands("fail2ban-client", "", { "status,ping!,version!,banned!": "" }, {
    needs: SOCKETS,
    instead: "fail2ban-client status",
  }),
  ...commands("wg", "", { "!": "", "show": { operands: wireguardFacts } }, { needs: ADMIN, instead: "wg show" }),
  ...commands("brctl", "", { "show,showmacs?,showstp?": "" }, { instead: "bridge link show" }),
  ...commands("ipsec strongswan", "", { "status,statusall,version!,listcerts!": "" }, { needs: SOCKETS }),
  ...listed("swanctl", "-lLPx --list-sas --list-conns --list-certs --list-pols --stats --version", {
    rules: [
      needsOne(
        "swanctl",
        "-lLPx --list-sas --list-conns --list-certs --list-pols --stats --version",
        "is refused without --list-…",
      ),
    ],
    needs: SOCKETS,
    instead: "swanctl --list-sas",
  }),
  ...limited("vtysh", [
    (args) =>
      args.length > 0 && args.length % 2 === 0 &&
        args.every((arg, index) => index % 2 === 0 ? arg === "-c" : /^(show|sh) [^|>;\n]*$/.test(arg))
        ? undefined
        : refusal("vtysh/command", 'vtysh is refused except as vtysh -c "show …".'),
  ], {
    needs: SOCKETS,
    instead: "vtysh -c 'show ip route'",
  }),
  ...commands(
    "nmcli",
    "-tp -f: -g: -m: -c: -e: -w: --terse --pretty --fields= --get-values= --mode= --colors= --wait=",
    {
      ",general!,general status!,g!,radio!,r!,networking!,n!,networking connectivity!,general hostname!,general permissions!":
        "",
      "device!,device status!,device show?,dev!,dev status!,dev show?,d!,d show?,device wifi!,device wifi list!,dev wifi!":
        "",
      "dev wifi list!,connection!,con!,c!,device lldp!,monitor!": "",
      "connection show,con show,c show": "--active --order=",
    },
    {
      needs: SOCKETS,
      bound: (args) => args.includes("monitor") ? endless("nmcli") : undefined,
      instead: "nmcli device status",
    },
  ),
  ...commands(
    "resolvectl",
    "-46 -i: -p: -t: --no-pager --legend= --interface= --type= --json= --cache= --zone= --search=",
    {
      ",status,statistics,dns?,domain?,default-route?,llmnr?,mdns?,dnssec?,dnsovertls?,nta?,show-cache!": "",
      "query,service,tlsa": { operands: literalNames },
    },
    { needs: SOCKETS, instead: "resolvectl status" },
  ),
  ...listed("systemd-resolve", "-46 --status --statistics --no-pager", { operands: literalNames, needs: SOCKETS }),
  ...listed("arp", "-anveD -i: -H:", {
    operands: atMost("arp", 1, "it would change the table"),
    instead: "ip neigh show",
  }),
  ...listed("route", "-nveF46C -A:", {
    operands: nothing("route", 'with operands it changes routes: use "route -n"'),
    instead: "route -n",
  }),
  ...listed("ifconfig", "-asv", {
    operands: atMost("ifconfig", 1, "settings change the interface"),
    instead: "ip addr show",
  }),
  ...listed("iwconfig", "", { operands: atMost("iwconfig", 1, "settings change the interface"), instead: "iw dev" }),
  ...limited("iw", [iwRule], { instead: "iw dev" }),
  ...commands("wpa_cli", "-i:", { "status!,list_networks!,signal_poll!,scan_results!": "" }, {
    needs: SOCKETS,
    instead: "iw dev",
  }),
  ...listed("iftop", "-tnNPbBl -s: -i: -L: -o:", {
    bound: (args) => given(args, options("-s -iLo:")) ? undefined : endless("iftop"),
    needs: { capabilities: ["NET_RAW", "NET_ADMIN"] },
  }),
  ...listed("nethogs", "-ta -c: -d: -v:", {
    bound: (args) => given(args, options("-c -dv:")) ? undefined : endless("nethogs"),
    needs: { capabilities: ["NET_RAW", "NET_ADMIN"] },
  }),
  ...listed("teamdctl", "", {
    operands: (operands) =>
      /^\w[\w.-]* (state|state dump|state view|config dump)$/.test(operands.join(" "))
        ? undefined
        : refusal("teamdctl/verb", "teamdctl is refused except for state and config dump."),
    needs: SOCKETS,
    instead: "teamdctl team0 state",
  }),
  ...listed("vnstat", "-hdmys5 -i: --oneline --json --days --hours --months --iface="),
};

/** Keys are told for some words, and they stay out of sight for the others. */
function wireguardFacts([, fact = "peers", ...others]: readonly string[]): ReturnType<Rule> {
  return others.length === 0 &&
      /^(peers|public-key|listen-port|fwmark|endpoints|allowed-ips|latest-handshakes|transfer|persistent-keepalive)$/
        .test(fact)
    ? undefined
    : refusal("wg/operand", `wg show ${show(fact)} shows keys.`);
}

/** What is asked goes out to name servers. */
function literalNames(operands: readonly string[]): ReturnType<Rule> {
  const unknown = operands.find((operand) => !isLiteral(operand) || mayHideOption(operand));
  return unknown === undefined
    ? undefined
    : refusal("network/name", `${show(unknown)} would go out to a name server, and what it holds is not known.`);
}

/** Programs that report on the network, and bounded probes of it. */
import { all, allow, only, type Rule, verbs, without } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { limited, type Programs, reports } from "./program.ts";

const MAX_PINGS = 20;
/** Only root may go below it, and then it is a flood. */
const MIN_PING_INTERVAL_S = 0.2;

function pingRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("ping", { letters: "46nqODvU", valued: "cWwisIMtQ" }, args);
  if ("rule" in parsed) return parsed;
  const given = new Map(parsed.options);
  const count = Number(given.get("c"));
  if (!(count >= 1 && count <= MAX_PINGS)) {
    return refusal("ping/endless", `ping needs a count of at most ${MAX_PINGS}, as in "ping -c 3 HOST".`);
  }
  if (given.has("i") && !(Number(given.get("i")) >= MIN_PING_INTERVAL_S)) {
    return refusal("ping/flood", `ping -i below ${MIN_PING_INTERVAL_S} s is a flood.`);
  }
  return undefined;
}

const IP_OPTIONS = ["-4", "-6", "-s", "-d", "-o", "-j", "-p", "-c", "-r", "-h", "-br", "-brief", "-json", "-pretty"]
  .concat([
    "-details",
    "-statistics",
    "-stats",
    "-oneline",
    "-human",
    "-color",
    "-color=never",
    "-0",
    "-t",
    "-ts",
    "-resolve",
  ]);
const IP_OBJECTS = [
  "address",
  "addr",
  "addrlabel",
  "a",
  "link",
  "l",
  "route",
  "r",
  "ro",
  "rule",
  "ru",
  "neighbor",
  "neighbour",
]
  .concat([
    "neigh",
    "n",
    "netns",
    "maddress",
    "maddr",
    "mroute",
    "tunnel",
    "tunl",
    "nexthop",
    "tcp_metrics",
    "ntable",
    "vrf",
  ]);
const SHOW = ["show", "sh", "list", "lst", "ls"];

/** Options come first, then what to look at, then the verb; `ip link s` is not taken, for it means set. */
function ipRule(args: readonly string[]): ReturnType<Rule> {
  const start = args.findIndex((arg) => !IP_OPTIONS.includes(arg));
  const [object = "", verb = "show"] = start < 0 ? [] : args.slice(start);
  if (!IP_OBJECTS.includes(object)) {
    return refusal("ip/object", `ip ${show(object)} is not on the list of what only reads: ${IP_OBJECTS.join(", ")}.`);
  }
  const reads = SHOW.includes(verb) || (verb === "get" && /^(r|ro|route)$/.test(object)) ||
    (verb === "s" && /^a/.test(object)) || (object === "netns" && ["identify", "pids", "list-id"].includes(verb));
  return reads
    ? undefined
    : refusal("ip/change", `ip ${object} ${show(verb)} is refused: only show, list and "ip route get" read.`);
}

/** Objects with verbs, as tc, bridge and bpftool have them: the verb follows the object and only shows. */
const showsOnly =
  (program: string, options: readonly string[], objects: readonly string[], shows = SHOW): Rule => (args) => {
    const [object = "", verb = "show"] = args.filter((arg) => !options.includes(arg));
    if (objects.includes(object) && shows.includes(verb)) return undefined;
    return refusal(
      `${program}/change`,
      `${program} ${show(`${object} ${verb}`)} is refused: only ${shows.join(", ")} of ${objects.join(", ")} reads.`,
    );
  };

const needs = (rule: string, pattern: RegExp, what: string): Rule => (args) =>
  args.some((arg) => pattern.test(arg)) ? undefined : refusal(rule, what);

function nftRule(args: readonly string[]): ReturnType<Rule> {
  const [verb, ...rest] = args.filter((arg) => !/^-[anjsy]+$/.test(arg));
  const other = rest.find((arg) => !isLiteral(arg) || /[;\n]|^-/.test(arg));
  if (verb === "list" && other === undefined) return undefined;
  return refusal(
    "nft/change",
    `nft ${show(other ?? verb ?? "")} is refused: only "nft list …" with one command reads.`,
  );
}

const IPTABLES = allow("iptables", {
  letters: "nvxSLw",
  valued: "t",
  long: ["list", "list-rules", "numeric", "verbose", "line-numbers", "exact"],
});
const ETHTOOL_READS = [
  "-i",
  "-k",
  "-S",
  "-g",
  "-l",
  "-c",
  "-a",
  "-n",
  "-u",
  "-T",
  "-m",
  "-P",
  "-x",
  "-d",
  "--driver",
  "--statistics",
]
  .concat([
    "--show-features",
    "--show-offload",
    "--show-ring",
    "--show-channels",
    "--show-coalesce",
    "--show-pause",
    "--module-info",
  ]);

export const NETWORK_PROGRAMS: Programs = {
  ...limited(["ping", "ping4", "ping6"], pingRule),
  ...limited(["ip"], ipRule),
  ...limited(
    ["ss"],
    without("ss/kill", { letters: "K", valued: "fADFN", long: ["kill"] }, "it closes connections"),
    without("ss/endless", { letters: "E", valued: "fADFN", long: ["events"] }, "it never ends"),
    without("ss/write", { letters: "D", valued: "fAFN", long: ["diag"] }, "it writes a file"),
  ),
  ...limited(
    ["netstat"],
    without("netstat/endless", { letters: "c", valued: "A", long: ["continuous"] }, "it never ends"),
  ),
  ...limited(
    ["nstat"],
    allow("nstat", { letters: "asjpz", long: ["zeros", "noupdate", "json", "pretty", "ignore"] }),
    needs("nstat/history", /^(-[ajpz]*s|--noupdate$)/, "nstat without -s changes what the next nstat shows: add -s."),
  ),
  ...limited(["tc"], showsOnly("tc", ["-s", "-d", "-j", "-p", "-r", "-statistics"], ["qdisc", "class", "filter"])),
  ...limited(["bridge"], showsOnly("bridge", ["-s", "-d", "-j", "-p", "-c"], ["link", "fdb", "mdb", "vlan"])),
  ...limited(
    ["bpftool"],
    showsOnly("bpftool", ["-j", "-p", "--json", "--pretty"], ["prog", "map", "link", "net", "perf", "cgroup", "btf"], [
      "show",
      "list",
      "tree",
    ]),
  ),
  ...limited(
    ["conntrack"],
    allow("conntrack", { letters: "LSCn", valued: "psdof" }),
    needs("conntrack/verb", /^-[LSC]/, "conntrack is refused without -L, -S or -C: only these read."),
  ),
  ...limited(
    ["ethtool"],
    (args) =>
      args.length <= 2 && args.slice(0, -1).every((arg) => ETHTOOL_READS.includes(arg))
        ? undefined
        : refusal("ethtool/change", `ethtool takes one device and at most one of ${ETHTOOL_READS.join(", ")}.`),
  ),
  ...limited(
    ["iptables", "ip6tables", "iptables-legacy", "iptables-nft"],
    IPTABLES,
    needs("iptables/change", /^(-[nvx]*[LS]|--list)/, "iptables is refused without -L or -S: only these read."),
  ),
  ...limited(["iptables-save", "ip6tables-save"], allow("iptables-save", { letters: "c", valued: "t" })),
  ...limited(["nft"], nftRule),
  ...limited(
    ["ipset"],
    verbs("ipset", ["list"]),
    without("ipset/write", { letters: "f", long: ["file"] }, "it writes a file"),
  ),
  ...limited(
    ["nc", "ncat", "netcat"],
    allow("nc", { letters: "zvn46u", valued: "w" }),
    needs("nc/transfer", /^-[vn46u]*z/, "nc is refused without -z: only looking whether a port answers reads."),
  ),
  ...limited(
    ["mtr"],
    allow("mtr", { letters: "rwbnz46uT", valued: "cP" }),
    needs("mtr/endless", /^-[bnz46uT]*[rw]/, 'mtr never ends without -r; use "mtr -r -c 5 HOST".'),
  ),
  ...limited(
    ["resolvectl"],
    verbs("resolvectl", ["status", "query", "statistics", "dns", "domain"]),
    (args) =>
      args.length > 2 && /^d/.test(args[0] ?? "")
        ? refusal(
          "resolvectl/change",
          `resolvectl ${show(args[0] ?? "")} with a server is refused: it changes the settings.`,
        )
        : undefined,
  ),
  ...limited(["networkctl"], verbs("networkctl", ["list", "status", "lldp"])),
  ...limited(
    ["chronyc"],
    all(
      (args) =>
        verbs("chronyc", ["tracking", "sources", "sourcestats", "activity"])(
          args.filter((arg) => !/^-[nv]$/.test(arg)),
        ),
      (args) =>
        args.filter((arg) => !arg.startsWith("-")).length > 1
          ? refusal("chronyc/change", "chronyc takes one command.")
          : undefined,
    ),
  ),
  ...limited(["ntpq"], allow("ntpq", { letters: "pn46" })),
  ...limited(["arp"], allow("arp", { letters: "anve" })),
  ...limited(
    ["route"],
    allow(
      "route",
      { letters: "nve46" },
      (operands) =>
        operands.length === 0
          ? undefined
          : refusal("route/change", 'route with operands changes routes: use "route -n".'),
    ),
  ),
  ...limited(
    ["ifconfig"],
    allow(
      "ifconfig",
      { letters: "asv" },
      (operands) =>
        operands.length <= 1 ? undefined : refusal("ifconfig/change", "ifconfig with settings changes the interface."),
    ),
  ),
  ...reports("dig", "nslookup", "host", "traceroute", "tracepath"),
};

/** Programs that send something: questions to name servers, probes of hosts and ports, requests. */
import { given, only, options, type Rule } from "../arguments.ts";
import { show, TEXT } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { endless, listed, needsOne, ruled } from "./entry.ts";
import { valuesOf } from "./guard.ts";
import type { Bound, Programs } from "./program.ts";

const MAX_PINGS = 20;
/** Only root may go below it, and then it is a flood. */
const MIN_PING_INTERVAL_S = 0.2;
const RAW = { capabilities: ["NET_RAW"] } as const;
const PING = "-46nqODvU -c: -W: -w: -i: -s: -I: -M: -t: -Q:";

/** Text that is only known when the line runs would leave the host within a name. */
function namesRule(args: readonly string[]): ReturnType<Rule> {
  const found = args.find((arg) => /[\uE002\uE003]/.test(arg) || (arg.includes(TEXT) && !isName(arg)));
  return found === undefined ? undefined : refusal(
    "network/name",
    `${show(found)} would leave this host as a name, and what it holds is not known: write the name out.`,
  );
}

/** A name that is not known, or that of the server which is asked. */
function isName(arg: string): boolean {
  return arg === TEXT || arg === `@${TEXT}`;
}

/** A whole name from elsewhere: a person can tell whether it may go out. */
function nameApproval(args: readonly string[]): ReturnType<Rule> {
  return args.some(isName)
    ? refusal(
      "network/unknown-name",
      "A name that is only known when the line runs would leave this host.",
      "ip route show",
    )
    : undefined;
}

const withTextKnown = (args: readonly string[]): string[] => args.map((arg) => arg === TEXT ? "name" : arg);

function pingRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("ping", options(PING), withTextKnown(args));
  if ("rule" in parsed) return parsed;
  const given = new Map(parsed.options);
  if (given.has("c") && !(Number(given.get("c")) >= 1 && Number(given.get("c")) <= MAX_PINGS)) {
    return refusal("ping/endless", `ping takes a count of at most ${MAX_PINGS}, as in "ping -c 3 HOST".`);
  }
  if (given.has("i") && !(Number(given.get("i")) >= MIN_PING_INTERVAL_S)) {
    return refusal("ping/flood", `ping -i below ${MIN_PING_INTERVAL_S} s is a flood.`);
  }
  if (given.has("s") && !(Number(given.get("s")) <= 9000)) return refusal("ping/flood", "ping -s takes at most 9000.");
  return undefined;
}

const uncounted =
  (program: string, synopsis: string, letter: string) => (args: readonly string[]): Bound | undefined => {
    const parsed = only(program, options(synopsis), withTextKnown(args));
    return "rule" in parsed || parsed.options.some(([name]) => name === letter) ? undefined : endless(program);
  };

/** Questions: options are one word each, so that none can name a file. */
const asks = (program: string, synopsis: string): Rule => (args) => {
  const parsed = only(program, options(synopsis), withTextKnown(args.filter((arg) => !/^[+@]/.test(arg))));
  if ("rule" in parsed) return parsed;
  const names = args.filter((arg) => !/^[-+]/.test(arg));
  return names.length > 0 && names[0] !== "-"
    ? undefined
    : refusal(`${program}/input`, `${program} without a name reads names from its input.`);
};

const asking = { approval: nameApproval, instead: "getent hosts localhost" } as const;

const TCPDUMP = "-nvetqxXASKlDLOpN -c: -i: -s: -r: -B: -Q: -y: -Z: -T: --immediate-mode --number -#";
const MTR =
  "-rwbnz46uTejxl -c: -P: -i: -m: --report --report-wide --no-dns --report-cycles= --show-ips --tcp --udp --port= --json";

function tcpdumpRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("tcpdump", options(TCPDUMP), args);
  if ("rule" in parsed) return parsed;
  const user = new Map(parsed.options).get("Z");
  return user === undefined || user === "root" ? undefined : refusal("tcpdump/option", "tcpdump -Z takes root only.");
}

/** A service of this host, on a port or a socket. */
function asksHere(args: readonly string[]): boolean {
  const parsed = only("nc", options("-vnN46C -w: -q: -U:"), args);
  if ("rule" in parsed) return false;
  const socket = parsed.options.find(([name]) => name === "U")?.[1];
  const [host = "", port = "", ...others] = parsed.operands;
  return socket === undefined
    ? /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host) && /^\d{1,5}$/.test(port) && others.length === 0
    : host === "" && /^\/(var\/)?run\/[\w./-]+$/.test(socket) && !socket.includes("..");
}

/** Standard input and output on one side, a socket or a port of this host on the other, both without options. */
function asksSocket(args: readonly string[]): boolean {
  const [here, there = "", ...others] = args.toSorted((first, second) =>
    Number(isStdio(second)) - Number(isStdio(first))
  );
  return others.length === 0 && isStdio(here) && !isStdio(there) && !there.includes("..") &&
    /^((unix(-connect)?:)?\/(var\/(lib\/haproxy|run)|run)\/[\w./-]+|tcp4?(-connect)?:(localhost|127\.0\.0\.1):\d{1,5})$/i
      .test(there);
}

function isStdio(address: string | undefined): boolean {
  return /^(-|stdio)$/i.test(address ?? "");
}

const FPING = "-46aeusnAdq -c: -t: -i: -p: -r: -I: -b: --alive --elapsed --stats --quiet --count=";

export const PROBE_PROGRAMS: Programs = {
  ...ruled("ping ping4 ping6", [namesRule, pingRule], {
    ...asking,
    needs: RAW,
    bound: uncounted("ping", PING, "c"),
    instead: "ping -c 3 127.0.0.1",
  }),
  ...listed("fping", FPING, {
    rules: [
      namesRule,
      (args) =>
        valuesOf(args, "c", "count").some((count) => !(Number(count) <= MAX_PINGS)) ||
          [["p", "period"], ["i", "interval"]].some(([letter = "", long = ""]) =>
            valuesOf(args, letter, long).some((wait) => !(Number(wait) >= 10))
          )
          ? refusal("fping/flood", `fping takes a count of at most ${MAX_PINGS}, and pauses of 10 ms and more.`)
          : undefined,
    ],
    approval: nameApproval,
    needs: RAW,
    instead: "ping -c 3 127.0.0.1",
  }),
  ...listed("arping", "-Dqbf -c: -I: -w: -i:", {
    rules: [namesRule],
    needs: RAW,
    bound: uncounted("arping", "-Dqbf -c: -I: -w: -i:", "c"),
    instead: "ip neigh show",
  }),
  ...ruled("traceroute traceroute6 tcptraceroute", [
    namesRule,
    (args) =>
      listedRule(
        "traceroute",
        "-46nITUFdr -m: -q: -w: -p: -f: -N: -i: -s: --mtu --tcp --icmp --max-hops=",
        withTextKnown(args),
      ),
  ], { ...asking, needs: RAW }),
  ...ruled("tracepath tracepath6", [
    namesRule,
    (args) => listedRule("tracepath", "-46nb -m: -l: -p:", withTextKnown(args)),
  ], asking),
  ...ruled("mtr", [
    namesRule,
    (args) => listedRule("mtr", MTR, withTextKnown(args)),
    needsOne("mtr", "-rwjxl -cPim: --report --report-wide --json", "is refused without -r, for it draws on a terminal"),
  ], { ...asking, needs: RAW, instead: "mtr -r -c 5 127.0.0.1" }),
  ...ruled("nc ncat netcat", [
    namesRule,
    (args) => listedRule("nc", "-zvn46u -w: -G:", withTextKnown(args)),
    needsOne("nc", "-z -wG:", "is refused without -z: only looking whether a port answers reads"),
  ], {
    approval: nameApproval,
    asks: asksHere,
    needs: (args) => ({ local_sockets: args.some((arg) => arg.startsWith("-U")) }),
    bound: (args) => asksHere(args) && !given(args, options("-w -q")) ? endless("nc") : undefined,
    instead: "nc -zv -w 3 127.0.0.1 80",
  }),
  ...ruled("dig kdig drill delv", [namesRule, asks("dig", "-46mruvDST -t: -p: -c: -q: -x: -b:")], asking),
  ...ruled("host", [namesRule, asks("host", "-avldrsTC46 -t: -W: -R: -c: -N: -p: -m:")], asking),
  ...ruled("nslookup", [
    namesRule,
    (args) =>
      asks("nslookup", "")(
        args.filter((arg) => !/^-(type|query|q|debug|timeout|retry|port|class|vc|novc)\b[=\w.]*$/.test(arg)),
      ),
  ], asking),
  ...listed("tcpdump", TCPDUMP, {
    rules: [tcpdumpRule],
    files: (args) => {
      const parsed = only("tcpdump", options(TCPDUMP), args);
      return "rule" in parsed ? [] : parsed.options.filter(([name]) => name === "r").map(([, path]) => path);
    },
    needs: { capabilities: ["NET_RAW", "NET_ADMIN"] },
    bound: (args) =>
      uncounted("tcpdump", TCPDUMP, "c")(args.filter((arg) => !/^-[rDL]/.test(arg))) &&
        !args.some((arg) => /^-\w*[rDL]/.test(arg))
        ? endless("tcpdump")
        : undefined,
    instead: "tcpdump -c 20 -nn -i eth0",
  }),
  ...listed("nmap", "-n4 -6 -p: ~sT ~sU ~sn ~sV ~sP ~Pn ~T3 ~T4 --open --top-ports= --reason -n -F -v", {
    approval: () =>
      refusal("nmap/scan", "A scan is seen by what it reaches: an operator has to agree.", "nc -zv -w 3 127.0.0.1 80"),
    rules: [namesRule],
    needs: RAW,
    instead: "ss -lntup",
  }),
  ...ruled("ntpdate", [
    namesRule,
    (args) => listedRule("ntpdate", "-q46 -t: -p:", args),
    needsOne("ntpdate", "-q -tp:", "is refused without -q: it would set the clock"),
  ], {
    ...asking,
    instead: "chronyc -n tracking",
  }),
  // A question that is known is let through before this rule is asked.
  ...ruled("socat", [
    () =>
      refusal(
        "program/runs-anything",
        "socat is refused except to pass a known question to a socket below /run: echo 'show stat' | socat stdio /run/haproxy/admin.sock.",
      ),
  ], {
    asks: asksSocket,
    needs: { local_sockets: true },
    instead: "nc -zv -w 3 127.0.0.1 80",
  }),
  ...listed("whois", "-h: -p: -H", {
    rules: [namesRule],
    approval: () =>
      refusal("whois/leaves", "whois asks a server outside: an operator has to agree.", "getent hosts localhost"),
  }),
};

function listedRule(program: string, synopsis: string, args: readonly string[]): ReturnType<Rule> {
  const parsed = only(program, options(synopsis), args);
  return "rule" in parsed ? parsed : undefined;
}

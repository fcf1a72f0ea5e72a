/** Tools of clusters and of what runs in them: only their reports, and only from this host. */
import { atMost, given, only, options, type Rule } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { sqlRefusal } from "../sql.ts";
import { refusal } from "../verdict.ts";
import { commands, listed, needsOne, ruled, SOCKETS } from "./entry.ts";
import { HERE, isConfiguration, valuesOf } from "./guard.ts";
import type { Program, Programs } from "./program.ts";

/** A distribution of Kubernetes that holds the usual clients: what stands behind their name is judged as theirs. */
function bundle(program: string, clients: RegExp, own: RegExp): Programs {
  const isClient = ([first = ""]: readonly string[]): boolean => clients.test(first);
  const entry: Program = {
    anyArguments: true,
    rule: (args) =>
      isClient(args) || (args.every(isLiteral) && own.test(args.join(" "))) ? undefined : refusal(
        `${program}/verb`,
        `${program} ${show(args[0] ?? "")} is not on the list of what only reads.`,
        `${program} kubectl get pods -A`,
      ),
    needs: () => SOCKETS,
    runs: (args) => ({ command: isClient(args) ? args : [] }),
  };
  return { [program]: entry };
}

/** Brokers are asked on this host, and a file of settings can name classes to load. */
const brokerRule = (asked: string): Rule => (args) => {
  const servers = [...valuesOf(args, "-", "bootstrap-server"), ...valuesOf(args, "-", "zookeeper")];
  const here = servers.flatMap((value) => value.split(",")).every((server) => HERE.test(server.replace(/:\d+$/, "")));
  if (!here || !args.every(isLiteral)) return refusal("kafka/host", "Only a broker of this host is asked.");
  return given(args, options(asked)) ? undefined : refusal("kafka/change", "Only --list and --describe read.");
};

/** One statement without parentheses: functions of clickhouse open files and addresses. */
const SYSTEM_TABLE = /^\s*select [\w\s,.*]+ from system\.\w+[\w\s,.*=<>!'%-]*$/i;

const clickhouseRule: Rule = (args) => {
  const parsed = only("clickhouse-client", options("-q: -h: --query= --host= --format="), args);
  if ("rule" in parsed) return parsed;
  const [query = "", ...others] = [...valuesOf(args, "q", "query")];
  if (!valuesOf(args, "h", "host").every((host) => HERE.test(host))) {
    return refusal("clickhouse-client/host", "clickhouse-client only asks this host.");
  }
  return others.length === 0 && parsed.operands.length === 0 && SYSTEM_TABLE.test(query) && !/outfile/i.test(query)
    ? sqlRefusal("clickhouse-client", query)
    : refusal("clickhouse-client/statement", "clickhouse-client takes one SELECT … FROM system.… without functions.");
};

export const CLUSTER_PROGRAMS: Programs = {
  ...bundle("k3s", /^(kubectl|crictl|ctr)$/, /^(version|--version|-v|check-config)$/),
  ...bundle("microk8s", /^(kubectl|ctr)$/, /^(status|version|--version)$/),
  ...commands("runc crun", "", { "list!": "-q -f: --format=", "state,ps": "", "version!": "" }, {
    instead: "runc list",
  }),
  ...commands("cilium cilium-dbg", "-n: --namespace=", {
    "status!,version!": "--verbose --brief",
    "endpoint list!,node list!,service list!,bpf ct list": "-o:",
  }, { needs: SOCKETS, instead: "cilium status" }),
  ...commands("calicoctl", "", { "node status!,get,version!": "-o: -A -n:" }, { instead: "calicoctl node status" }),
  ...commands("istioctl", "-n: -i: --namespace=", { "proxy-status,ps,version": "-o: --short" }, {
    instead: "istioctl proxy-status",
  }),
  ...listed(
    "kafka-topics kafka-topics.sh",
    "--bootstrap-server= --zookeeper= --list --describe --topic= --under-replicated-partitions --unavailable-partitions " +
      "--under-min-isr-partitions --exclude-internal",
    { rules: [brokerRule("--list --describe")], instead: "kafka-topics.sh --bootstrap-server localhost:9092 --list" },
  ),
  ...listed(
    "kafka-consumer-groups kafka-consumer-groups.sh",
    "--bootstrap-server= --list --describe --group= --all-groups --all-topics --members --state --verbose --offsets",
    {
      rules: [brokerRule("--list --describe")],
      instead: "kafka-consumer-groups.sh --bootstrap-server localhost:9092 --list",
    },
  ),
  ...commands("patronictl", "-c: --config-file=", {
    "list,topology,history,show-config,version": "-e -t -f: --extended",
  }, {
    rules: [
      (args) =>
        valuesOf(args, "c", "config-file").every(isConfiguration)
          ? undefined
          : refusal("patronictl/config", "Only a configuration below /etc is read."),
    ],
    instead: "patronictl -c /etc/patroni.yml list",
  }),
  ...ruled("clickhouse-client", [clickhouseRule], {
    needs: SOCKETS,
    instead: "clickhouse-client -q 'SELECT * FROM system.processes'",
  }),
  ...commands("rbd", "-p: --pool= --format=", { "ls,list,du,disk-usage,info,status,snap ls,showmapped!": "-l" }, {
    instead: "rbd ls",
  }),
  ...commands("rados", "-p: --pool= --format=", { "df!,lspools!": "" }, { instead: "rados df" }),
  ...commands("crm", "", { "status!,resource status,node show,node status,configure show!": "" }, {
    needs: SOCKETS,
    instead: "crm status",
  }),
  ...commands("gobgp", "-j -u: -p:", { "neighbor,global!,global rib!": "" }, {
    rules: [
      (args) =>
        args.some((arg) => /^(add|del|enable|disable|reset|softreset\w*|shutdown|update|-u|-p)$/.test(arg))
          ? refusal("gobgp/change", "gobgp is refused except to show neighbours and routes.")
          : undefined,
    ],
    instead: "gobgp neighbor",
  }),
  ...commands("ovs-appctl", "", {
    "dpif/show!,dpif/dump-flows,fdb/show,bond/show,bond/list!,lacp/show,coverage/show!,memory/show!,upcall/show!": "",
    "version!,vlog/list!,ofproto/list!": "",
  }, { needs: SOCKETS, instead: "ovs-appctl dpif/show" }),
  ...listed("lscgroup lssubsys", "-amg:"),
  ...commands("keyctl", "", { "show,list,describe,rdescribe": "" }, { instead: "keyctl show" }),
  ...listed("getpcaps", "--verbose --legacy --iab", { instead: "getpcaps 1" }),
  ...listed("capsh", "--print", {
    operands: atMost("capsh", 0, "it would run a shell"),
    rules: [needsOne("capsh", "--print", "is refused without --print")],
    instead: "capsh --print",
  }),
};

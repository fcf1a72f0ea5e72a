/** Programs that ask systemd, other supervisors and servers how they are. */
import { atMost, given, options, type Rule, without } from "../arguments.ts";
import { show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { renamed, type Rewrite } from "../rewrites.ts";
import { commands, endless, listed, needsOne, reports, ruled, SOCKETS } from "./entry.ts";
import { HERE, valuesOf } from "./guard.ts";
import type { Programs } from "./program.ts";

const SHOWN = "-alq -p: -n: -o: --no-pager --no-legend --all --full --value --property= --lines= --output= --json= ";
const nothing = (program: string): Rule => atMost(program, 0, "it may do more than report");

/** Only words of a query may follow: `--` and `|` begin further commands. */
const oneCommand = (program: string): Rule => (args) =>
  args.includes("--") ? refusal(`${program}/command`, `${program} with -- may run a second command.`) : undefined;

export const SERVICE_PROGRAMS: Programs = {
  ...commands(
    "systemctl",
    SHOWN +
      "-r -t: -P: --failed --quiet --plain --reverse --recursive --after --before --system --user --type= --state= --legend=",
    {
      ",status,show,cat,list-units,list-unit-files,list-timers,list-sockets,list-jobs,list-paths,list-automounts": "",
      "list-dependencies,is-active,is-enabled,is-failed,is-system-running,list-machines": "",
      "get-default!,show-environment!,whoami": "",
    },
    { needs: SOCKETS, instead: "systemctl status --no-pager" },
  ),
  ...commands("loginctl", SHOWN, {
    ",list-sessions,list-users,list-seats,show-session,show-user,show-seat,session-status,user-status,seat-status": "",
  }, { needs: SOCKETS, instead: "loginctl list-sessions" }),
  ...commands("timedatectl", SHOWN, { ",status,show,timesync-status,show-timesync,list-timezones": "" }, {
    needs: SOCKETS,
    instead: "timedatectl status",
  }),
  ...commands("hostnamectl", "--json= --static --transient --pretty", { ",status,hostname!": "" }, {
    needs: SOCKETS,
    instead: "hostnamectl status",
  }),
  ...commands("localectl", "--no-pager", { ",status,list-locales,list-keymaps": "" }, {
    needs: SOCKETS,
    instead: "localectl status",
  }),
  ...commands("networkctl", SHOWN + "-s --stats", { ",list,status,lldp,label": "" }, {
    needs: SOCKETS,
    instead: "networkctl list",
  }),
  ...commands("machinectl", SHOWN, { ",list,status,show,list-images,image-status": "" }, {
    needs: SOCKETS,
    instead: "machinectl list",
  }),
  ...commands("busctl", SHOWN + "--system --user --acquired --activatable --unique --show-machine --list --verbose", {
    ",list,status,tree,introspect,get-property": "",
    "monitor": "",
  }, {
    needs: SOCKETS,
    bound: (args) => args.includes("monitor") ? endless("busctl") : undefined,
    instead: "busctl list --no-pager",
  }),
  ...commands("systemd-analyze", "--no-pager --user --system --order --require --json= --quiet", {
    ",time,blame,plot,dump,critical-chain,cat-config,security,calendar,timespan,timestamp,unit-paths,verify,exit-status":
      "",
  }, { needs: SOCKETS, instead: "systemd-analyze blame --no-pager" }),
  ...listed("systemd-cgls", "-alkx -u: --no-pager --all --full --unit=", { needs: SOCKETS }),
  ...listed(
    "systemd-cgtop",
    "-bptcimkPrd0123456789 -n: -d: --batch --iterations= --delay= --depth= --raw --cpu= --order=",
    {
      bound: (args) =>
        args.some((arg) => /^(-[a-z]*n|--iterations=|-1)/.test(arg)) ? undefined : endless("systemd-cgtop"),
      instead: "systemd-cgtop -b -n 1",
    },
  ),
  ...reports("systemd-detect-virt systemd-path"),
  ...listed("systemd-delta", "--no-pager -t: --type= --diff="),
  ...commands("udevadm", "", {
    info: "-arxe -q: -n: -p: --query= --name= --path= --attribute-walk --export --export-db --root --no-pager",
    monitor: "-kups -t: --kernel --udev --property",
  }, {
    bound: (args) => args[0] === "monitor" ? endless("udevadm") : undefined,
    instead: "udevadm info --export-db",
  }),
  ...commands("supervisorctl", "", { "status,avail!,pid,version!": "", "tail,maintail": "-0123456789" }, {
    needs: SOCKETS,
    instead: "supervisorctl status",
  }),
  ...commands("monit", "-v -B", { "status,summary,report": "" }, { instead: "monit summary" }),
  ...commands("pm2", "-m --mini-list --no-color --silent", {
    "ls,list,l,jlist,status,describe,show,info": "",
    "logs": "--lines= --nostream --err --out --timestamp",
  }, {
    needs: SOCKETS,
    bound: (args) => args[0] === "logs" && !args.includes("--nostream") ? endless("pm2") : undefined,
    instead: "pm2 ls",
  }),
  ...ruled("service", [serviceRule], {
    needs: SOCKETS,
    rewrite: (args) => args[0] === "--status-all" ? ALL_SERVICES : ONE_SERVICE,
    instead: "systemctl status --no-pager",
  }),
  ...commands("initctl", "", { "list!,status,version!": "" }, { needs: SOCKETS, instead: "initctl list" }),
  ...commands("sv", "", { "status": "" }, { instead: "sv status /etc/service/sshd" }),
  ...commands("rc-status", "-aclsrum --all --crashed --list --servicelist --manual --unused", { "": "" }),
  ...commands("chkconfig", "--list", { "": "" }, { instead: "chkconfig --list" }),
  ...commands(
    "rabbitmqctl rabbitmq-diagnostics",
    "-q -p: -n: -s --quiet --silent --vhost= --formatter= --node= --timeout= -t:",
    {
      "status,cluster_status,list_queues,list_connections,list_channels,list_exchanges,list_bindings,list_consumers":
        "",
      "list_vhosts,list_users,list_policies,list_permissions,report,version!,ping,alarms,node_health_check": "",
      "check_running,check_local_alarms,check_port_connectivity,listeners,memory_breakdown,list_unresponsive_queues":
        "",
    },
    { needs: SOCKETS, instead: "rabbitmqctl status" },
  ),
  ...listed("nginx", "-tTvVq -c: -p:", {
    operands: nothing("nginx"),
    rules: [needsOne("nginx", "-tTvV -cp:", "is refused without -t, -T or -V: it would start")],
    instead: "nginx -T",
  }),
  ...listed("apachectl apache2ctl httpd apache2", "-tSMvVl -D: -f:", {
    operands: (operands) =>
      operands.every((operand) => operand === "configtest")
        ? undefined
        : refusal("apachectl/verb", "apachectl would act."),
    rules: [
      (args) =>
        args[0] === "configtest" || args.some((arg) => /^-[tSMvVl]+$/.test(arg))
          ? undefined
          : refusal("apachectl/verb", "apachectl is refused without -t, -S, -M or -V: it would start or stop."),
    ],
    instead: "apachectl -S",
  }),
  ...listed("haproxy", "-cvq -f: ~vv", {
    operands: nothing("haproxy"),
    rules: [needsOne("haproxy", "-cv -f:", "is refused without -c: it would start")],
    instead: "haproxy -c -f /etc/haproxy/haproxy.cfg",
  }),
  ...listed("sshd", "-tTGV -f: -C:", {
    operands: nothing("sshd"),
    rules: [needsOne("sshd", "-tTGV -fC:", "is refused without -t or -T: it would start")],
    instead: "sshd -T",
  }),
  ...commands("postfix", "", { "status!": "" }, { instead: "postfix status" }),
  ...listed("postqueue", "-pj", { operands: nothing("postqueue"), instead: "postqueue -p" }),
  ...listed("mailq", "-v", { operands: nothing("mailq"), instead: "mailq" }),
  ...listed("qshape", "-slp -t: -b: -w:", { instead: "postqueue -p" }),
  ...listed("exiqgrep", "-zxicRbl -f: -r: -s: -y: -o:", { instead: "exim -bp" }),
  ...listed("rsyslogd", "-N:", {
    rules: [needsOne("rsyslogd", "-N", "is refused without -N1: it would start")],
    instead: "rsyslogd -N1",
  }),
  ...listed("syslog-ng", "-s --syntax-only", {
    rules: [needsOne("syslog-ng", "-s --syntax-only", "is refused without -s: it would start")],
    instead: "syslog-ng -s",
  }),
  ...commands("syslog-ng-ctl", "", { "stats!": "" }, { needs: SOCKETS, instead: "syslog-ng-ctl stats" }),
  ...listed("squidclient", "-h: -p:", {
    operands: (operands) =>
      operands.length === 1 &&
        /^mgr:(info|5min|60min|utilization|counters|mem|client_list|active_requests|storedir|ipcache|menu)$/.test(
          operands[0] ?? "",
        )
        ? undefined
        : refusal("squidclient/page", "squidclient only takes reports such as mgr:info."),
    rules: [
      (args) =>
        valuesOf(args, "h", "h").every((host) => HERE.test(host))
          ? undefined
          : refusal("network/host", "squidclient asks another host."),
    ],
    instead: "squidclient mgr:info",
  }),
  ...listed("passenger-status", "-v --verbose", { needs: SOCKETS }),
  ...listed("passenger-memory-stats", ""),
  ...listed("postconf", "-nhdfxlmMPaAtv -c:", {
    operands: (operands) =>
      operands.some((operand) => operand.includes("="))
        ? refusal("postconf/write", "postconf would set a value.")
        : undefined,
    instead: "postconf -n",
  }),
  ...listed("exim exim4", "~bp ~bpc ~bV ~bP", { operands: nothing("exim"), instead: "exim -bp" }),
  ...listed("doveconf", "-nanhNdS -c: -m:"),
  ...listed("dovecot", "-n -a", { rules: [needsOne("dovecot", "-na", "is refused without -n: it would start")] }),
  ...commands("doveadm", "", {
    "who,log errors,stats dump,replicator status,service status,process status,instance list": "",
  }),
  ...listed("named-checkconf named-checkzone", "-pzjvhx"),
  ...listed("php-fpm php-fpm7.4 php-fpm8.0 php-fpm8.1 php-fpm8.2 php-fpm8.3 php-fpm8.4", "-tvim", {
    rules: [needsOne("php-fpm", "-tvim", "would start")],
  }),
  ...commands("rndc", "", { "status!": "" }, { instead: "rndc status" }),
  ...commands("unbound-control", "-c:", { "status!,stats_noreset!,list_forwards!,list_stubs!": "" }, {
    needs: SOCKETS,
    instead: "unbound-control status",
  }),
  ...listed("unbound-checkconf", ""),
  ...listed("dnsmasq", "--test --version -C: --conf-file=", {
    rules: [needsOne("dnsmasq", "--test --version -C:", "is refused without --test: it would start")],
    instead: "dnsmasq --test",
  }),
  ...listed("squid", "-v -k: -f:", {
    operands: nothing("squid"),
    rules: [(args) => args.some((arg) => /^(parse|check)$/.test(arg)) || args[0] === "-v" ? undefined : SQUID],
    instead: "squid -k parse",
  }),
  ...listed("varnishstat", "-1jxl -f: -n:", {
    bound: (args) => args.some((arg) => /^-[1jxl]/.test(arg)) ? undefined : endless("varnishstat"),
  }),
  ...listed("varnishlog varnishncsa", "-dbcCE -q: -g: -i: -I: -x: -X: -k:", {
    bound: (args) => given(args, options("-dk -qgiIxX:")) ? undefined : endless("varnishlog"),
    instead: "varnishstat -1",
  }),
  ...commands("varnishadm", "-n: -t:", {
    "status!,backend.list,param.show,vcl.list!,storage.list!,ping!,ban.list!": "",
  }, { instead: "varnishadm status" }),
  ...commands("chronyc", "-nvc46 -h:", {
    "tracking!,sources,sourcestats,activity!,ntpdata,selectdata,rtcdata!,serverstats!,clients!": "-v -a",
  }, { needs: SOCKETS, rules: [localChrony], instead: "chronyc -n tracking" }),
  ...listed("ntpq ntpdc", "-pn46wu -c:", {
    rules: [needsOne("ntpq", "-pc", "is refused without -p or -c: it would wait for commands"), ntpRule],
    instead: "ntpq -pn",
  }),
  ...reports("ntpstat"),
  ...commands("kdumpctl", "", { "status!,showmem!,estimate!": "" }, { instead: "cat /sys/kernel/kexec_crash_loaded" }),
  ...commands("kdump-config", "", { "show!,status!": "" }, { instead: "cat /sys/kernel/kexec_crash_loaded" }),
  ...commands("ovs-vsctl", "--format= --columns= --no-headings --timeout= -f:", {
    "show!,list-br!,list-ports,list-ifaces,list,get,find,br-exists": "",
  }, { needs: SOCKETS, rules: [oneCommand("ovs-vsctl")], instead: "ovs-vsctl show" }),
  ...commands("ovs-ofctl", "-O:", { "show,dump-flows,dump-ports,dump-tables,dump-groups": "" }, {
    needs: SOCKETS,
    instead: "ovs-ofctl show br0",
  }),
  ...commands("ovs-dpctl", "-s", { "show,dump-flows,dump-dps,dump-conntrack": "" }, { needs: SOCKETS }),
  ...commands("lldpcli lldpctl", "-f:", { ",show neighbors,show interfaces,show chassis,show statistics": "" }, {
    needs: SOCKETS,
    instead: "lldpcli show neighbors",
  }),
  ...commands("birdc birdc6", "-rv", {
    "show status,show protocols,show route,show interfaces,show memory,show ospf,show bfd": "",
  }, {
    needs: SOCKETS,
    rules: [without("birdc/socket", { letters: "s" }, "it names another socket")],
    instead: "birdc show protocols",
  }),
};

/** Questions of ntpq; others set up a server or write files. */
function ntpRule(args: readonly string[]): ReturnType<Rule> {
  const asked =
    /^(rv|readvar|cv|clockvar|l?peers|pe|as|associations|sysinfo|sysstats|kerninfo|monstats|iostats|timerstats)( [\w&]+)?$/;
  const other = valuesOf(args, "c", "c").find((command) => !asked.test(command));
  return other === undefined ? undefined : refusal("ntpq/command", `ntpq -c ${show(other)} may do more than show.`);
}

/** `service NAME status` runs a script of that name: systemd tells the same without it. */
function serviceRule(args: readonly string[]): ReturnType<Rule> {
  return /^(\w[\w@.-]* status|--status-all)$/.test(args.join(" "))
    ? undefined
    : refusal("program/changes-system", "service is refused except to show the status.");
}
const BY_SYSTEMD = "It would run a script of the service: systemd tells the same.";
/** The word that is left out stands at another place in each form. */
const systemdForm = (text: string, leftOut: number): Rewrite => {
  const { changes, ...why } = renamed("service/script", BY_SYSTEMD, text);
  return { ...why, changes: [...changes, { at: leftOut, text: "", replaces: true }] };
};
const ONE_SERVICE = systemdForm("systemctl status --no-pager", 1);
const ALL_SERVICES = systemdForm("systemctl list-units --type=service --all --no-pager", 0);

const SQUID = refusal("squid/change", "squid is refused without -k parse or -k check: it would start or stop.");

function localChrony(args: readonly string[]): ReturnType<Rule> {
  const at = args.indexOf("-h");
  return at < 0 || /^(127\.|localhost|::1|\/)/.test(args[at + 1] ?? "") ? undefined : refusal(
    "chronyc/host",
    "chronyc -h may only name this host.",
  );
}

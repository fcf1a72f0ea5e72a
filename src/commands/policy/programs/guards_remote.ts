/** Guards of programs that ask services and other hosts. */
import { type Guard, HERE, HERE_URL, isUnknown, some, valuesOf } from "./guard.ts";

const LINE_END = /[\n\r;]/;
/** Words that are handed on as one line of a protocol. */
const LINES = {
  rule: "service/lines",
  why: "the service takes a line break or a semicolon for the end of a command, and the next one begins",
  instead: "systemctl status --no-pager",
} as const;

export const REMOTE_GUARDS: readonly Guard[] = [
  {
    ...LINES,
    programs: "birdc birdc6 varnishadm vtysh",
    found: (args) => args.some((arg) => isUnknown(arg) || LINE_END.test(arg)),
  },
  {
    ...LINES,
    programs: "chronyc lldpcli lldpctl supervisorctl fail2ban-client ipsec strongswan",
    found: some(LINE_END),
  },
  {
    programs: "jps jstat",
    rule: "jstat/host",
    why: "it may only look at a process of this host, by its number",
    instead: "jps -l",
    found: some(/[@:/]|^(?!-)\D*[A-Za-z_.]/),
  },
  {
    programs: "xmllint",
    rule: "xmllint/url",
    why: "it would ask another host",
    instead: "xmllint --noout --nonet /etc/hosts",
    found: some(/:\//),
  },
  {
    programs: "openssl",
    rule: "openssl/file",
    why: "a file is named by its full path, for an address would be asked; and -connect stands once",
    instead: "openssl version",
    found: (args) =>
      args.filter((arg) => arg === "-connect").length > 1 ||
      args.some((arg, index) =>
        /^-(in|untrusted|trusted|certfile|CAfile|CApath)$/.test(args[index - 1] ?? "") && !/^(\/|$)/.test(arg)
      ) ||
      (!/^(s_client|ciphers)$/.test(args[0] ?? "") && args.slice(1).some((arg, index) =>
        /^https?:|^file:/i.test(arg) ||
        (!arg.startsWith("-") && !arg.startsWith("/") && arg !== "" &&
          !/^-([a-z]*check\w*|ext|purpose|nameopt|certopt|inform|verify_hostname)$/.test(args[index] ?? ""))
      )),
  },
  {
    programs: "openssl",
    rule: "openssl/key",
    why: "-text prints the key",
    instead: "openssl version",
    found: ([first = "", ...rest]) => /^(rsa|pkey)$/.test(first) && rest.includes("-text"),
  },
  {
    programs: "ss tcpdump",
    rule: "network/name",
    why: "a name that is not known would go out to a name server",
    instead: "ss -tanp",
    found: (args) => args.some((arg) => isUnknown(arg) && !/(^|:|port )\uE001$/.test(arg)),
  },
  {
    programs: "lsof fuser",
    rule: "network/name",
    why: "a name that is not known would go out to a name server",
    instead: "lsof -nP -i",
    found: (args) => args.some((arg) => isUnknown(arg) && /[@,]/.test(arg)),
  },
  {
    programs:
      "arp ipvsadm ntpq ntpdc showmount rpcinfo pg_isready mongostat mongotop memcached-tool memstat etcdctl rabbitmqctl " +
      "rabbitmq-diagnostics ovs-ofctl chronyc mongosh mongo",
    rule: "network/name",
    why: "a name that is not known would leave this host",
    instead: "getent hosts localhost",
    found: (args) => args.some(isUnknown),
  },
  {
    programs: "mongosh mongo",
    rule: "mongosh/operand",
    why: "only a database of this host is named, one --eval is given, and no file is run",
    instead: "mongosh --quiet --eval 'db.serverStatus()'",
    found: (args) =>
      args.filter((arg) => /^--eval(=|$)/.test(arg)).length > 1 ||
      valuesOf(args, "h", "host").some((host) => !HERE.test(host)) ||
      args.some((arg, index) =>
        !arg.startsWith("-") && !/^(--eval|--host|--port|-u)$/.test(args[index - 1] ?? "") &&
        !/^((mongodb:\/\/)?(localhost|127\.\d+\.\d+\.\d+)(:\d+)?(\/[\w-]*)?|[\w-]+)$/.test(arg)
      ),
  },
  {
    programs: "mongostat mongotop pg_isready",
    rule: "network/host",
    why: "it asks another host",
    instead: "ss -lntp",
    found: (args) => valuesOf(args, "h", "host").some((host) => !HERE.test(host)),
  },
  {
    programs: "rabbitmqctl rabbitmq-diagnostics",
    rule: "network/host",
    why: "only a node of this host is asked",
    instead: "rabbitmqctl status",
    found: (args) => valuesOf(args, "n", "node").some((node) => !/^[\w-]+(@localhost)?$/.test(node)),
  },
  {
    programs: "etcdctl",
    rule: "network/host",
    why: "only endpoints on this host are asked",
    instead: "etcdctl endpoint status",
    found: (args) =>
      valuesOf(args, "-", "endpoints").some((value) => value.split(",").some((url) => !HERE_URL.test(url))),
  },
  {
    programs: "ovs-ofctl",
    rule: "network/host",
    why: "a colon names another host",
    instead: "ovs-ofctl show br0",
    found: (args) => args.slice(1).some((arg) => arg.includes(":")),
  },
  {
    programs: "chronyc",
    rule: "chronyc/host",
    why: "-h may only name this host, once and apart from other letters",
    instead: "chronyc -n tracking",
    found: (args) =>
      args.some((arg) => /^-\w*h./.test(arg) || /^-\w+h$/.test(arg)) ||
      valuesOf(args, "h", "host").some((host) => !HERE.test(host)),
  },
  {
    programs: "nslookup host dig kdig drill delv",
    rule: "nslookup/input",
    why: "it would read names from its input",
    instead: "getent hosts localhost",
    found: (args) => args.includes("-"),
  },
  {
    programs: "drill",
    rule: "drill/write",
    why: "-q and -w write files",
    instead: "getent hosts localhost",
    found: some(/^-\w*[qwfc]/),
  },
  {
    programs: "squid",
    rule: "squid/change",
    why: "only parse and check are asked for",
    instead: "squid -k parse",
    found: (args) => valuesOf(args, "k", "k").some((value) => !/^(parse|check)$/.test(value)),
  },
  {
    programs: "mysql mariadb psql mysqladmin mariadb-admin redis-cli valkey-cli keydb-cli",
    rule: "network/host",
    why: "-h stands once",
    instead: "ss -lntp",
    found: (args) => args.filter((arg) => /^-h|^--host/.test(arg)).length > 1,
  },
  {
    programs: "psql",
    rule: "psql/operand",
    why: "the database is named once",
    instead: "psql -c 'SELECT * FROM pg_stat_activity'",
    found: (args) => args.filter((arg) => /^-d|^--dbname/.test(arg)).length > 1,
  },
  {
    programs: "mysql mariadb mysqladmin mariadb-admin",
    rule: "mysql/option",
    why: "options come from /etc/mysql only",
    instead: "mysqladmin status",
    found: (args) =>
      args.some((arg, index) => {
        const file = /^--defaults-(?:extra-)?file(?:=(.*))?$/s.exec(arg);
        return file !== null &&
          !/^(\/etc\/(mysql\/)?[\w.-]+\.cnf|\/root\/\.my\.cnf)$/.test(file[1] ?? args[index + 1] ?? "");
      }),
  },
];

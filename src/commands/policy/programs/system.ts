/** Programs that report on processes, memory, disks, logs and services. */
import { all, allow, atMost, only, type Rule, verbOrNothing, verbs, without } from "../arguments.ts";
import { isLiteral, show } from "../marks.ts";
import { refusal } from "../verdict.ts";
import { limited, type Programs, reports } from "./program.ts";

/** Delay without count: the program would report until it is killed. */
const counted = (program: string, valued: string): Rule => (args) => {
  const numbers = args.filter((arg, index) => /^\d+(\.\d+)?$/.test(arg) && !isValueOf(args[index - 1], valued));
  if (numbers.length !== 1) return undefined;
  return refusal(
    `${program}/endless`,
    `${program} with an interval and no count never ends: add a count, as in "${program} 1 5".`,
  );
};

function isValueOf(before: string | undefined, valued: string): boolean {
  return before !== undefined && /^-[^-]$/.test(before) && valued.includes(before.charAt(1));
}

const SYSTEMCTL_VERBS = [
  "status",
  "show",
  "cat",
  "list-units",
  "list-unit-files",
  "list-timers",
  "list-sockets",
  "list-jobs",
]
  .concat([
    "list-dependencies",
    "is-active",
    "is-enabled",
    "is-failed",
    "is-system-running",
    "get-default",
    "list-machines",
  ]);

function systemctlRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("systemctl", {
    letters: "alqr",
    valued: "ntpo",
    long: [
      "no-pager",
      "all",
      "full",
      "failed",
      "quiet",
      "plain",
      "no-legend",
      "value",
      "reverse",
      "recursive",
      "after",
      "before",
      "system",
    ],
    longValued: ["lines", "type", "state", "property", "output", "legend"],
  }, args);
  if ("rule" in parsed) return parsed;
  return verbOrNothing("systemctl", SYSTEMCTL_VERBS)(parsed.operands);
}

/** systemd's programs reach other hosts over ssh. */
const local = without("systemd/remote", { letters: "HM", long: ["host", "machine"] }, "it leaves this host");

const JOURNAL_CHANGES = ["vacuum-size", "vacuum-time", "vacuum-files", "rotate", "flush", "sync", "relinquish-var"]
  .concat(["smart-relinquish-var", "setup-keys", "update-catalog", "cursor-file"]);

function topRule(args: readonly string[]): ReturnType<Rule> {
  const parsed = only("top", { letters: "bHciS1E", valued: "npouUwd" }, args);
  if ("rule" in parsed) return parsed;
  const given = parsed.options.map(([name]) => name);
  if (given.includes("b") && given.includes("n")) return undefined;
  return refusal("top/endless", 'top is refused without -b and -n, for it never ends: use "top -b -n 1".');
}

function dateRule(args: readonly string[]): ReturnType<Rule> {
  return allow("date", {
    letters: "uRI",
    valued: "d",
    long: ["utc", "universal", "rfc-email", "iso-8601", "rfc-3339"],
    longValued: ["date"],
  }, (operands) => {
    const other = operands.find((operand) => !operand.startsWith("+"));
    return other === undefined
      ? undefined
      : refusal("date/set", `date ${show(other)} is refused: it would set the clock; use +FORMAT.`);
  })(args.map((arg) => arg.replace(/^-I\w+$/, "--iso-8601")));
}

const nothing = (program: string, why: string): Rule => atMost(program, 0, why);

function sysctlRule(args: readonly string[]): ReturnType<Rule> {
  return allow(
    "sysctl",
    { letters: "aAXnNeb", valued: "r", long: ["all", "values", "names", "ignore", "pattern"] },
    (operands) => {
      const written = operands.find((operand) => operand.includes("=") || !isLiteral(operand));
      return written === undefined
        ? undefined
        : refusal("sysctl/write", `sysctl ${show(written)} is refused: it sets a value; leave out the "=".`);
    },
  )(args);
}

export const SYSTEM_PROGRAMS: Programs = {
  ...reports("ps", "pgrep", "pidof", "pstree", "pmap", "pwdx", "df", "findmnt", "lsblk", "lscpu", "lsmem", "lsmod"),
  ...reports(
    "lsusb",
    "lsns",
    "lsipc",
    "lslocks",
    "lslogins",
    "ipcs",
    "modinfo",
    "uname",
    "arch",
    "nproc",
    "uptime",
    "who",
    "w",
  ),
  ...reports("id", "groups", "users", "whoami", "logname", "last", "lastb", "getconf", "getent", "tty", "locale"),
  ...reports("numastat", "systemd-detect-virt", "getenforce", "sestatus", "printenv", "dpkg-query"),
  ...limited(
    ["lastlog"],
    without("lastlog/write", { letters: "CS", valued: "btu", long: ["clear", "set"] }, "it changes the log"),
  ),
  ...limited(
    ["free"],
    allow("free", {
      letters: "bkmghtlwv",
      valued: "",
      long: ["human", "bytes", "kibi", "mebi", "gibi", "total", "wide", "si", "lohi"],
    }),
  ),
  ...limited(["vmstat"], counted("vmstat", "Sp")),
  ...limited(["iostat"], counted("iostat", "ogj")),
  ...limited(["mpstat"], counted("mpstat", "PINo")),
  ...limited(
    ["sar"],
    without("sar/write", { letters: "o", valued: "fnPIsei" }, "it writes a file"),
    counted("sar", "fnPIsei"),
  ),
  ...limited(
    ["pidstat"],
    without("pidstat/exec", { letters: "e", valued: "pCGTU" }, "it runs a program"),
    counted("pidstat", "pCGTU"),
  ),
  ...limited(["top"], topRule),
  ...limited(
    ["iotop"],
    all(
      allow("iotop", { letters: "botqPak", valued: "npud" }),
      (args) =>
        args.some((arg) => /^-[a-z]*b/.test(arg)) && args.some((arg) => /^-[a-z]*n/.test(arg)) ? undefined : refusal(
          "iotop/endless",
          'iotop is refused without -b and -n, for it never ends: use "iotop -b -n 1".',
        ),
    ),
  ),
  ...limited(
    ["slabtop"],
    (args) =>
      args.some((arg) => /^(-o|--once)$/.test(arg))
        ? undefined
        : refusal("slabtop/endless", "slabtop never ends without -o."),
  ),
  ...limited(
    ["dmesg"],
    without("dmesg/change", {
      letters: "cCDEn",
      valued: "flsF",
      long: ["clear", "read-clear", "console-off", "console-on", "console-level"],
    }, "it changes the kernel log"),
    without("dmesg/follow", { letters: "wW", valued: "flsF", long: ["follow", "follow-new"] }, "it never ends"),
  ),
  ...limited(
    ["journalctl"],
    without(
      "journalctl/follow",
      { letters: "f", valued: "nupSUtgoDcbMT", long: ["follow"] },
      "it never ends; use -n or --since",
    ),
    without("journalctl/change", { long: JOURNAL_CHANGES }, "it changes the journal"),
  ),
  ...limited(["systemctl"], systemctlRule),
  ...limited(["lspci"], without("lspci/direct", { letters: "HM", valued: "sdiApPFO" }, "it touches the hardware")),
  ...limited(["systemd-analyze"], local, verbs("systemd-analyze", ["time", "blame", "critical-chain"])),
  ...limited(
    ["systemd-cgls"],
    allow("systemd-cgls", { letters: "alk", valued: "u", long: ["no-pager", "all", "full"] }),
  ),
  ...limited(
    ["loginctl"],
    local,
    verbOrNothing("loginctl", [
      "list-sessions",
      "list-users",
      "list-seats",
      "show-session",
      "session-status",
      "user-status",
    ]),
  ),
  ...limited(
    ["coredumpctl"],
    verbOrNothing("coredumpctl", ["list", "info"]),
    without("coredumpctl/write", { letters: "o", long: ["output"] }, "it writes a file"),
  ),
  ...limited(
    ["timedatectl"],
    local,
    verbOrNothing("timedatectl", ["status", "show", "timesync-status", "show-timesync"]),
  ),
  ...limited(["hostnamectl"], local, verbOrNothing("hostnamectl", ["status"])),
  ...limited(["date"], dateRule),
  ...limited(
    ["hostname"],
    allow("hostname", {
      letters: "aAdfiIsy",
      long: ["fqdn", "long", "short", "ip-address", "all-ip-addresses", "domain"],
    }, nothing("hostname", "it would set the name")),
  ),
  ...limited(
    ["mount"],
    allow("mount", { letters: "l", valued: "t" }, nothing("mount", "it would mount; use findmnt to look at one")),
  ),
  ...limited(
    ["swapon"],
    allow(
      "swapon",
      { letters: "s", long: ["show", "summary", "bytes", "noheadings", "raw"] },
      nothing("swapon", "it would add swap"),
    ),
  ),
  ...limited(["sysctl"], sysctlRule),
  ...limited(
    ["lsof"],
    without("lsof/endless", { letters: "rD", valued: "iupdkc" }, "it never ends, or writes its cache"),
    (args) => args.some((arg) => /^\+r/.test(arg)) ? refusal("lsof/endless", "lsof +r never ends.") : undefined,
  ),
  ...limited(
    ["fuser"],
    without("fuser/kill", { letters: "kMi", long: ["kill", "interactive"] }, "it kills processes"),
  ),
  ...limited(
    ["crontab"],
    allow("crontab", { letters: "l", valued: "u" }, nothing("crontab", "it would replace the table")),
    (args) =>
      args.some((arg) => /^-l/.test(arg))
        ? undefined
        : refusal("crontab/write", "crontab is refused without -l: it would replace the table."),
  ),
  ...limited(
    ["taskset"],
    allow("taskset", { letters: "acp" }, atMost("taskset", 1, "a second operand sets the CPUs or runs a program")),
    (args) =>
      args.some((arg) => /^-[ac]*p/.test(arg))
        ? undefined
        : refusal("taskset/exec", "taskset is refused without -p: it would run a program."),
  ),
  ...limited(
    ["numactl"],
    allow("numactl", { letters: "Hs", long: ["hardware", "show"] }, nothing("numactl", "it would run a program")),
  ),
  ...limited(["blkid"], allow("blkid", { letters: "kpi", valued: "os" })),
  ...limited(
    ["smartctl"],
    allow("smartctl", {
      letters: "aHiAcx",
      valued: "ld",
      long: ["all", "health", "info", "attributes", "xall", "scan"],
    }),
  ),
  ...limited(
    ["mdadm"],
    allow("mdadm", { letters: "DEQ", long: ["detail", "examine", "query", "scan", "brief", "export"] }),
  ),
  ...limited(
    ["pvs", "vgs", "lvs"],
    allow("lvm", { letters: "av", valued: "oOS", long: ["noheadings", "all"], longValued: ["units", "separator"] }),
  ),
  ...limited(["dpkg"], allow("dpkg", { letters: "lLsSV", long: ["list", "listfiles", "status", "search", "verify"] })),
  ...limited(
    ["rpm"],
    allow("rpm", { letters: "qailcdRfVv", long: ["last"] }),
    (args) =>
      /^-[qV]/.test(args[0] ?? "")
        ? undefined
        : refusal("rpm/change", "rpm is refused without -q or -V first: it would change packages."),
  ),
  ...limited(
    ["apt-cache"],
    without("apt-cache/config", { letters: "oc", long: ["option", "config-file"] }, "it changes the configuration"),
    verbs("apt-cache", ["policy", "show", "depends", "rdepends", "search", "madison"]),
  ),
};

/** What single arguments of programs do although the rest of their entry only reads. */
import { WORDS } from "../marks.ts";
import { type Refusal, refusal } from "../verdict.ts";
import { configuredBy, type Guard, isConfiguration, isUnknown, some, valuesOf } from "./guard.ts";
import { REMOTE_GUARDS } from "./guards_remote.ts";

const GUARDS: readonly Guard[] = [
  ...REMOTE_GUARDS,
  {
    programs: "jobs",
    rule: "jobs/exec",
    why: "-x runs a command",
    instead: "ps aux",
    found: (args) => args.length > 0,
  },
  {
    programs: "pmap",
    rule: "pmap/write",
    why: "it writes a configuration",
    instead: "pmap -x 1",
    found: (args) => args.some((arg) => /^-[^-]*[nN]|^--cr/.test(arg) || isUnknown(arg)),
  },
  {
    programs: "getconf",
    rule: "getconf/exec",
    why: "-v names a program that it runs",
    instead: "getconf -a",
    found: (args) => args.some((arg) => arg.startsWith("-v") || isUnknown(arg)),
  },
  {
    programs: "du pgrep",
    rule: "file/device",
    why: "a list of names is not read from a device",
    instead: "ls -l /dev",
    found: some(/(^|=|^-[XF])\/?(dev|proc\/kmsg)(\/|$)/),
  },
  {
    programs: "getent",
    rule: "getent/option",
    why: "the name of a database comes first, and is fixed text",
    instead: "getent passwd root",
    found: (args) => !/^[a-z0-9]+$/.test((args[0] === "-s" ? args[2] : args[0]) ?? ""),
  },
  {
    programs: "chage passwd",
    rule: "chage/change",
    why: "further options change an account",
    instead: "chage -l root",
    found: (args) => args.length > 2 || args.slice(1).some((arg) => /^-/.test(arg) && arg !== "-a" && arg !== "--all"),
  },
  {
    programs: "env",
    rule: "env/option",
    why: "an unquoted value can become further words, and env runs them: put it in double quotes",
    instead: "env",
    found: (args) => {
      const start = args.findIndex((arg) => !/^[A-Za-z_]\w*=/.test(arg));
      return args.slice(0, start < 0 ? undefined : start).some((arg) => arg.includes(WORDS));
    },
  },
  {
    programs: "xargs",
    rule: "xargs/option",
    why: "options of xargs that take a value stand apart, and -I without -n and -L",
    instead: "echo a | xargs -n 1 echo",
    found: (args) => {
      const end = args.findIndex((arg, index) => !arg.startsWith("-") && !/^-[nLIdPs]$/.test(args[index - 1] ?? ""));
      const own = args.slice(0, end < 0 ? undefined : end);
      return own.some((arg) => /^-[^-nLIdPs][^-]*[nLIdPs]/.test(arg)) ||
        (own.some((arg) => arg.startsWith("-I")) && own.some((arg) => /^-[nL]/.test(arg)));
    },
  },
  {
    programs: "lsinitrd lsinitramfs",
    rule: "lsinitrd/write",
    why: "it unpacks",
    instead: "lsinitramfs /boot/initrd.img",
    found: some(/^--?u/),
  },
  {
    programs: "cpio",
    rule: "cpio/remote",
    why: "it reaches another host or runs a program",
    instead: "tar -tf /tmp/x.tar",
    found: some(/^--?r|^--?I|^--?E|:/),
  },
  {
    programs: "nm objdump readelf ar size addr2line strings c++filt",
    rule: "binutils/options",
    why: "options come from a file, and can load other code",
    instead: "readelf -h /bin/ls",
    found: some(/^@/),
  },
  {
    programs: "tar",
    rule: "tar/option",
    why: "letters without a dash take their values one after the other: write -tf FILE",
    instead: "tar -tf /var/backups/x.tar.gz",
    found: ([first = ""]) => !first.startsWith("-") && !/^[tvzjJa]*f?$/.test(first),
  },
  {
    programs: "gzip xz bzip2 zstd lz4 lzma gunzip unxz bunzip2 unzstd",
    rule: "gzip/change",
    why: "the last of several modes counts, and that one changes files: use -dc",
    instead: "zcat /var/log/syslog.1.gz",
    found: (args) =>
      !args.some((arg) => /^-[a-zA-Z0-9]*c|^--(stdout|to-stdout)$/.test(arg)) &&
      args.some((arg) => /^-[a-zA-Z0-9]*d|^--decompress/.test(arg)),
  },
  {
    programs: "lz4",
    rule: "gzip/change",
    why: "-l of lz4 compresses: use -dc",
    instead: "zcat /var/log/syslog.1.gz",
    found: some(/^-[a-zA-Z0-9]*l/),
  },
  {
    programs: "unzip",
    rule: "unzip/write",
    why: "what it does must stand before the file",
    instead: "unzip -l /tmp/x.zip",
    found: ([first = ""]) => !/^-\w*[lvptZ]/.test(first),
  },
  {
    programs: "awk gawk mawk nawk",
    rule: "awk/files",
    why: "gawk opens a connection for /inet, and SYMTAB reaches every variable",
    instead: "awk '{print $1}' /etc/passwd",
    found: some(/^\/inet|\bSYMTAB\b|\blength\s*\//),
  },
  {
    programs: "find",
    rule: "argument/unknown",
    why: "an unquoted word can become an action: put it in double quotes",
    instead: "find /var/log -type f -size +100M -ls",
    found: some(new RegExp(WORDS)),
  },
  {
    programs: "dd",
    rule: "dd/block",
    why: "so large a block takes the host's memory",
    instead: "head -c 1024 /etc/hostname",
    found: some(/^i?bs=(?!(\d{1,7}|\d{1,4}[kK]B?|\d{1,2}MB?)$)/),
  },
  {
    programs: "apt-get apt apt-cache aptitude",
    rule: "apt-get/change",
    why: "an option with = can switch the simulation off",
    instead: "apt-get -s upgrade",
    found: some(/^-.*=/),
  },
  {
    programs: "rpm rpmquery",
    rule: "rpm/change",
    why: "to verify a package file runs the scripts in it",
    instead: "rpm -qa --last",
    found: (args) =>
      args.some((arg) => /^-[a-zA-Z]*V|^--verify/.test(arg)) && args.some((arg) => /^-[a-zA-Z]*p|^--package/.test(arg)),
  },
  {
    programs: "sa",
    rule: "lastcomm/write",
    why: "it rewrites the log",
    instead: "last",
    found: some(/^--m/),
  },
  {
    programs: "ceph",
    rule: "ceph/change",
    why: "it changes what is reported",
    instead: "ceph -s",
    found: some(/^(un)?mute$/),
  },
  {
    programs: "virsh",
    rule: "virsh/change",
    why: "it changes a setting or shows passwords",
    instead: "virsh list --all",
    found: some(/^--(period|live|config|current|security-info|include-password)$/),
  },
  {
    programs: "nvidia-smi",
    rule: "nvidia-smi/change",
    why: "it sets clocks, drivers or counters",
    instead: "nvidia-smi -q",
    found: (args) =>
      args.some((arg) => /^-l[^\d]|^-d[a-zA-Z=]/.test(arg)) || (args[0] === "nvlink" && args.includes("-sc")),
  },
  {
    programs: "sfdisk",
    rule: "fdisk/change",
    why: "without -l, -d or -J it reads a new table from its input",
    instead: "fdisk -l",
    found: (args) => !args.some((arg) => /^-[ldJ]|^--(list|dump|json)$/.test(arg)),
  },
  {
    programs: "xfs_info",
    rule: "xfs_info/option",
    why: "its options become words of another command",
    instead: "xfs_info /",
    found: some(/^-|\s/),
  },
  {
    programs: "dnsmasq unbound-control",
    rule: "nginx/config",
    why: "a configuration from elsewhere can name a script or another host",
    instead: "dnsmasq --test",
    found: (args) =>
      configuredBy("Cc")(args) || valuesOf(args, "C", "conf-file").some((path) => !isConfiguration(path)),
  },
  {
    programs: "systemd-analyze",
    rule: "systemd-analyze/file",
    why: "only configurations are printed",
    instead: "systemd-analyze cat-config systemd/journald.conf --no-pager",
    found: (args) =>
      args.includes("cat-config") && args.some((arg) => isUnknown(arg) || /\.\.|^\/(?!.*\.conf$)/.test(arg)),
  },
  {
    programs: "nginx",
    rule: "nginx/config",
    why: "a configuration from elsewhere can load modules",
    instead: "nginx -T",
    found: configuredBy("cp"),
  },
  {
    programs: "haproxy apachectl apache2ctl httpd apache2",
    rule: "nginx/config",
    why: "a configuration from elsewhere can load modules",
    instead: "apachectl -S",
    found: configuredBy("f"),
  },
  {
    programs: "named-checkconf unbound-checkconf",
    rule: "nginx/config",
    why: "a configuration from elsewhere can load modules",
    instead: "nginx -T",
    found: (args) => args.some((arg) => !arg.startsWith("-") && !isConfiguration(arg)),
  },
  {
    programs: "yq",
    rule: "yq/load",
    why: "eval() builds an expression that is not in the line",
    instead: "cat /etc/hosts",
    found: some(/\beval\s*\(/),
  },
  {
    programs: "tail",
    rule: "tail/option",
    why: "+1f never ends",
    instead: "tail -n +1 /etc/hosts",
    found: some(/^\+\d*[bcl]?f/),
  },
  {
    programs: "shuf",
    rule: "shuf/endless",
    why: "-r without -n never ends",
    instead: "shuf -n 10 /etc/services",
    found: (args) => args.some((arg) => /^-\w*r|^--rep/.test(arg)) && !args.some((arg) => /^-\w*n|^--head/.test(arg)),
  },
  {
    programs: "lspci",
    rule: "lspci/direct",
    why: "it touches the hardware",
    instead: "lspci -nnk",
    found: some(/^-\w*A/),
  },
];

/** Why a program must not get these arguments; undefined when no guard knows a reason. */
export function guardRefusal(name: string, args: readonly string[]): Refusal | undefined {
  const guard = GUARDS.find(({ programs, found }) => programs.split(" ").includes(name) && found(args));
  return guard === undefined ? undefined : refusal(guard.rule, `${name} is refused: ${guard.why}.`, guard.instead);
}

/** Passwords that programs take on their command lines, behind options that only mean that for them. */
import { type Found, lineFrom, NOTHING, type Place, type Rule } from "./rule.ts";

/** The value is group `secret`; every place in the command's part of the line is looked at. */
const OPTIONS: readonly (readonly [programs: readonly string[], option: RegExp])[] = [
  [[
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mysqlimport",
    "mysqlshow",
    "mysqlcheck",
    "mysqlbinlog",
    "mysqlslap",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
    "xtrabackup",
    "innobackupex",
    "mytop",
    "7z",
    "7za",
    "7zr",
    "rar",
    "unrar",
  ], /(?<=\s["']?)-p(?<secret>[^\s"']+)/g],
  [["sshpass"], /(?<=\s)-p\s*["']?(?<secret>[^\s"']+)/g],
  [[
    "mongo",
    "mongosh",
    "mongodump",
    "mongorestore",
    "mongoexport",
    "mongostat",
    "mongotop",
    "docker",
    "podman",
    "skopeo",
    "buildah",
    "helm",
    "nerdctl",
    "az",
    "oc",
    "ipmitool",
    "isql",
    "vncviewer",
    "bcp",
  ], /(?<=\s)-[pP]\s+["']?(?<secret>(?!\d+:\d+|[\d.:/-]+(?:\s|$))[^\s"'=]+)(?=["']|\s|$)/g],
  [
    ["curl", "wget", "http", "https", "lftp", "hey", "ab", "siege", "wrk"],
    /(?<=\s)(?:-[a-zA-Z]*[uAUP]|--(?:proxy-)?user|-a|--auth)[\s=]*(?:[^\s:"']+:(?<secret>[^\s"']+)|(?<quote>["'])[^\s:"']+:(?<secret2>[^"'\n]+?)\k<quote>)/g,
  ],
  [["smbclient", "rpcclient", "smbget", "net"], /(?<=\s)(?:-U|--user)[\s=]*["']?[^\s%"']+%(?<secret>[^\s"']+)/g],
  [
    ["ldapsearch", "ldapmodify", "ldapadd", "ldapwhoami", "ldapdelete", "ldappasswd"],
    /(?<=\s)-w\s*["']?(?<secret>[^\s"']+)/g,
  ],
  [["redis-cli", "keydb-cli", "valkey-cli", "redis-benchmark"], /(?<=\s)-a\s*["']?(?<secret>[^\s"']+)/g],
  [
    ["mosquitto_pub", "mosquitto_sub", "zip", "unzip", "sqlcmd", "clickhouse-client"],
    /(?<=\s)-P\s*["']?(?<secret>[^\s"']+)/g,
  ],
  [
    ["snmpwalk", "snmpget", "snmpbulkwalk", "snmpset", "snmptable", "snmpgetnext"],
    /(?<=\s)-(?:c|A|X)\s*["']?(?<secret>[^\s"']+)/g,
  ],
  [["xfreerdp", "freerdp", "rdesktop", "wlfreerdp"], /(?<=\s)(?:\/p:|-p\s+)["']?(?<secret>[^\s"']+)/g],
  [
    ["openssl"],
    /(?<=\s)-(?:pass|passin|passout)\s+["']?pass:(?<secret>[^\s"']+)|(?<=\s)-[kK]\s+["']?(?<secret2>[^\s"']+)/g,
  ],
  [["htpasswd"], /(?<=\s)-[a-zA-Z]*b[a-zA-Z]*\s+(?:-\S+\s+)*(?:\S+\s+){1,2}["']?(?<secret>[^\s"']+)(?=["']?\s*$)/g],
  [["useradd", "usermod"], /(?<=\s)(?:-p|--password)[\s=]+["']?(?<secret>[^\s"']+)/g],
  [["wpa_passphrase"], /(?<=^\s*(?:"[^"]*"|'[^']*'|\S+)\s+)["']?(?<secret>[^\s"']{8,63})/g],
  [["sqlplus", "exp", "imp", "expdp", "impdp", "rman"], /(?<=\s["']?)[\w.$]+\/(?<secret>[^\s@/"']+)@/g],
  [["influx"], /(?<=\s)-(?:password|token|t)\s+["']?(?<secret>[^\s"']+)/g],
  [["kinit", "expect"], /(?<=--password=)(?<secret>[^\s"']+)/g],
  [["rabbitmqctl"], /(?<=\s)(?:add_user|change_password|authenticate_user)\s+\S+\s+["']?(?<secret>[^\s"']+)/g],
  [["sudo"], /<<<\s*["']?(?<secret>[^\s"']+)/g],
];

const MAX_LINE = 4096;

const PROGRAM_RULES: readonly Rule[] = OPTIONS.map(([programs, option]) => ({
  words: programs.flatMap((program) => [`${program} `, `${program}\t`]).filter((word) => word.length >= 3),
  look: ({ text, index, length }): readonly Found[] => {
    if (/[\w.-]/.test(text[index - 1] ?? "")) return NOTHING;
    const from = index + length - 1;
    const line = lineFrom(text, from, MAX_LINE);
    // Another command has other options.
    const end = line.search(/\s(?:\||&&|\|\||;)\s|;\s/);
    const own = end === -1 ? line : line.slice(0, end);
    return [...own.matchAll(option)].flatMap(({ 0: whole, index: at, groups }) => {
      const secret = groups?.["secret"] ?? groups?.["secret2"];
      if (secret === undefined || /^\$|^%|^<|^-$/.test(secret)) return [];
      const start = from + at + whole.lastIndexOf(secret);
      return [{ start, end: start + secret.length }];
    });
  },
}));

/** `echo user:password | chpasswd` */
function pipedToChpasswd({ text, index }: Place): readonly Found[] {
  const before = text.slice(Math.max(0, index - 300), index);
  const match = /(?:echo|printf)\s+(?:-\S+\s+)?["']?[\w.-]+:([^\s"']+)["']?\s*\|\s*(?:sudo\s+)?$/.exec(before);
  const secret = match?.[1];
  if (secret === undefined || match === null) return NOTHING;
  const start = index - before.length + match.index + match[0].lastIndexOf(secret);
  return [{ start, end: start + secret.length }];
}

/** "the password is x", "Password for bob: x"; a word of letters alone is prose. */
function told({ text, index }: Place): readonly Found[] {
  const line = lineFrom(text, index, 300);
  const match = /^\w+ (?:(?:is|was|to)(?: now| set to)?:?|for [^\s:]+(?: is|:)) ["']?([^\s"']{6,})/i.exec(line);
  const [whole = "", given = ""] = match ?? [];
  const value = given.replace(/[.,;]+$/, "");
  if (!/\d/.test(value) || !/[A-Za-z]/.test(value) || /^[\d.:/]+$|^\d+\w$/.test(value)) return NOTHING;
  const start = index + whole.length - given.length;
  return [{ start, end: start + value.length }];
}

/** `net use \\\\server\\share /user:bob password` */
function netUse({ text, index }: Place): readonly Found[] {
  const match = /^net use \S+ \/user:\S+ ([^\s/]\S*)/i.exec(lineFrom(text, index, 300));
  const [whole = "", password = ""] = match ?? [];
  return match === null ? NOTHING : [{ start: index + whole.length - password.length, end: index + whole.length }];
}

/** SQL: `IDENTIFIED BY 'x'`, `PASSWORD 'x'`, `PASSWORD('x')`, `IDENTIFIED WITH … AS 'x'`. */
function sql({ text, index }: Place): readonly Found[] {
  const match = /^(?:identified\s+(?:by(?:\s+password)?|with\s+\S+\s+(?:by|as))|password)\s*\(?\s*(["'])/i.exec(
    text.slice(index, index + 120),
  );
  if (match === null) return NOTHING;
  const [opening, quote = "'"] = match;
  const start = index + opening.length;
  const line = lineFrom(text, start, 1024);
  const end = line.indexOf(quote);
  const length = end === -1 ? line.length : end;
  return length < 3 ? NOTHING : [{ start, end: start + length }];
}

export const COMMAND_LINE_RULES: readonly Rule[] = [
  ...PROGRAM_RULES,
  { words: ["chpasswd"], look: pipedToChpasswd },
  { words: ["password is ", "password was ", "password to ", "password for ", "passphrase is "], look: told },
  { words: ["net use "], look: netUse },
  { words: ["identified ", "password '", 'password "', "password(", "password ("], look: sql },
];

/** Lines of files whose fields have no names: shadow, .pgpass, sasl_passwd, chap-secrets, ipsec.secrets, wg's dump. */
import type { Found } from "./rule.ts";

interface Record {
  /** A text without it cannot hold such a line: the expression is not tried. */
  readonly sign: string;
  /** With the flags g, m and d; group `secret`. */
  readonly line: RegExp;
}

const RECORDS: readonly Record[] = [
  // Postfix: [smtp.example.com]:587 user:password
  { sign: "]:", line: /^\[[\w.-]{1,100}\]:\d{1,5}\s{1,20}[^\s:]{1,100}:(?<secret>\S{3,200})$/gmd },
  { sign: "sasl", line: /^[\w.-]{1,100}\s{1,20}[^\s:@]{1,64}@[\w.-]{1,80}:(?<secret>\S{3,200})$/gmd },
  // htpasswd with SHA-1
  { sign: "{SHA}", line: /^[\w.-]{1,64}:(?<secret>\{SHA\}[A-Za-z0-9+/=]{20,})/gmd },
  // pg_shadow, and MySQL's own hash
  { sign: "md5", line: /(?<![\w-])(?<secret>md5[0-9a-f]{32})(?![\w-])/gd },
  { sign: "*", line: /(?<![\w-])(?<secret>\*[0-9A-F]{40})(?![\w-])/gd },
  // PPP: client server secret addresses
  {
    sign: "CHAP",
    line:
      /^[ \t]{0,10}(?:"[^"\n]{1,64}"|[\w.@-]{1,64})[ \t]{1,40}(?:"[^"\n]{1,64}"|\*|[\w.-]{1,64})[ \t]{1,40}"?(?<secret>[^\s"#]{3,100})"?[ \t]{0,40}(?:\*|[\d.]{7,15})?[ \t]{0,10}$/gmd,
  },
  // strongSwan and Libreswan
  { sign: ' "', line: /:[ \t]{0,10}(?:PSK|XAUTH|EAP|NTLM|PIN)[ \t]{1,10}"?(?<secret>[^"\s]{3,200})/gd },
  // `wg show … dump`: private key, public key, port
  { sign: "=\t", line: /^(?:[\w.-]{1,15}\t)?(?<secret>[A-Za-z0-9+/]{43}=)\t[A-Za-z0-9+/]{43}=\t\d{1,5}\t/gmd },
  { sign: "=\t", line: /^(?:[\w.-]{1,15}\t)?[A-Za-z0-9+/]{43}=\t(?<secret>[A-Za-z0-9+/]{43}=)\t/gmd },
  // Redis ACL: user default on >password
  { sign: "user ", line: /^user[ \t]{1,10}\S{1,64}[^\n]{0,80}?[ \t]>(?<secret>\S{3,200})/gmd },
  // SNMP communities
  { sign: "community", line: /^[ \t]{0,10}r[ow]community6?[ \t]{1,20}(?<secret>\S{3,100})/gmd },
  {
    sign: "com2sec",
    line:
      /^[ \t]{0,10}com2sec6?[ \t]{1,20}(?:-Cn[ \t]{1,10}\S{1,64}[ \t]{1,10})?\S{1,64}[ \t]{1,20}\S{1,100}[ \t]{1,20}(?<secret>\S{3,100})/gmd,
  },
  // rsyncd.secrets and the like have no sign at all; Cisco: password 7 0822455D0A16
  { sign: "password 7 ", line: /password 7 (?<secret>[0-9A-F]{6,})/gd },
  // Telegram's bot tokens
  { sign: ":AA", line: /(?<![\w-])(?<secret>\d{8,10}:AA[\w-]{32,34})(?![\w-])/gd },
  // Discord's bot tokens
  { sign: ".", line: /(?<![\w.-])(?<secret>[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,45})(?![\w-])/gd },
  // Azure's keys in a word of their own
  { sign: "==", line: /(?<![\w+/=])(?<secret>[A-Za-z0-9+/]{86}==)(?![\w+/=])/gd },
];

/** Lines of fields with colons between them: looked at only where a line is of that kind. */
const FIELDS = /^[^\s:]{1,100}:[^\s:]{1,64}:\S+$/gm;
const FIELD_RECORDS: readonly RegExp[] = [
  // /etc/shadow with the old DES hash; the others have a form of their own
  /^[a-z_][\w.-]{0,31}\$?:(?<secret>[./0-9A-Za-z]{13}):\d{1,6}:\d*:/d,
  // .pgpass: host:port:database:user:password
  /^(?:[A-Za-z*][\w.*-]{0,80}|\d{1,3}(?:\.\d{1,3}){3}):(?:\d{2,5}|\*):[\w.*-]{1,64}:[\w.*@-]{1,64}:(?<secret>(?:\\.|[^:\s\\]){3,200})$/d,
  // Samba's smbpasswd: user:uid:LM:NT:flags
  /^[^:\s]{1,64}:\d{1,10}:(?<secret>[0-9A-FX]{32}:[0-9A-F]{32}):/d,
  // htdigest: user:realm:md5
  /^[\w.-]{1,64}:[^:\n]{1,64}:(?<secret>[0-9a-f]{32})$/d,
];

/** Every such field in a text. */
export function findRecords(text: string): readonly Found[] {
  const found: Found[] = [];
  for (const { 0: line, index } of text.matchAll(FIELDS)) {
    for (const record of FIELD_RECORDS) {
      const place = record.exec(line)?.indices?.groups?.["secret"];
      if (place !== undefined) found.push({ start: index + place[0], end: index + place[1] });
    }
  }
  for (const { sign, line } of RECORDS) {
    if (!text.includes(sign)) continue;
    for (const { indices } of text.matchAll(line)) {
      const place = indices?.groups?.["secret"];
      if (place !== undefined) found.push({ start: place[0], end: place[1] });
    }
  }
  return found;
}

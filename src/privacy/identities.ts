/** Names that tell which host this is and who uses it. */
import { hostname } from "node:os";

export interface Identities {
  readonly hosts: readonly string[];
  readonly users: readonly string[];
}

/** Names that every host has. */
const COMMON_HOST = /^(?:localhost.*|localdomain|ip6-.*|broadcasthost|.*\.arpa|\(none\)|)$/i;
const FIRST_USER_ID = 1000;
/** `nobody`, and what systemd makes up. */
const LAST_USER_ID = 60_000;

/** Reads what /etc and the kernel say; a file that is missing or not readable tells nothing. */
export function readIdentities(read: (path: string) => string = readOrEmpty): Identities {
  const own = [hostname(), read("/proc/sys/kernel/hostname"), read("/etc/hostname"), read("/etc/mailname")];
  return identitiesFrom({
    own,
    hosts: read("/etc/hosts"),
    passwd: read("/etc/passwd"),
    resolver: read("/etc/resolv.conf"),
  });
}

/** The names in the texts of these files. */
export function identitiesFrom(
  files: {
    readonly own: readonly string[];
    readonly hosts: string;
    readonly passwd: string;
    readonly resolver: string;
  },
): Identities {
  const listed = files.hosts.split("\n").flatMap((line) => line.replace(/#.*/, "").trim().split(/\s+/).slice(1));
  const domains = files.resolver.split("\n").filter((line) => /^(?:search|domain)\s/.test(line))
    .flatMap((line) => line.trim().split(/\s+/).slice(1));
  const names = [...files.own.map((name) => name.trim()), ...listed];
  // shop-1.corp.example is as often called shop-1
  const short = names.filter((name) => name.includes(".")).map((name) => name.slice(0, name.indexOf(".")));
  const hosts = [...names, ...short, ...domains.filter((domain) => domain.includes("."))]
    .filter((name) => name.length >= 2 && /[A-Za-z]/.test(name) && !COMMON_HOST.test(name));
  return { hosts: [...new Set(hosts)], users: usersFrom(files.passwd) };
}

function usersFrom(passwd: string): readonly string[] {
  const users = passwd.split("\n").map((line) => line.split(":"))
    .filter(([, , id = ""]) => Number(id) >= FIRST_USER_ID && Number(id) < LAST_USER_ID)
    .flatMap(([name = "", , , , gecos = "", home = ""]) => [
      name,
      gecos.split(",")[0] ?? "",
      /^\/home\/([^/]+)\/?$/.exec(home)?.[1] ?? "",
    ])
    .filter((name) => name.length >= 2 && name !== "root");
  return [...new Set(users)];
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Endings of names on the internet or in a company; those that are endings of files as well are left out. */
const TOP_LEVEL =
  "com|net|org|edu|gov|mil|int|info|biz|io|dev|app|cloud|tech|online|site|xyz|internal|intranet|lan|corp|home|localdomain|" +
  "example|test|invalid|onion|eu|de|uk|fr|nl|us|ca|au|jp|cn|it|es|ch|at|se|no|fi|dk|be|cz|ru|br|pt|ie|kr|nz|tw|hk|sg|za|" +
  "mx|ar|gr|hu|ro|tr|ua|il";
const QUALIFIED = new RegExp(
  `(?<![\\w.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.){1,6}(?:${TOP_LEVEL}|local)(?![\\w-]|\\.[\\w])`,
  "gi",
);
/** Where files and keys of configuration look like names of hosts. */
const NO_HOST = /^(?:\d+\.)+\w+$|\.(?:d|conf|service)\.\w+$/i;

/** Names of hosts with their domain, wherever they stand. */
export function findQualifiedNames(
  text: string,
): readonly { readonly start: number; readonly end: number; readonly value: string }[] {
  return [...text.matchAll(QUALIFIED)].filter(({ 0: name }) => !NO_HOST.test(name) && !COMMON_HOST.test(name))
    .map(({ 0: name, index }) => ({ start: index, end: index + name.length, value: name.toLowerCase() }));
}

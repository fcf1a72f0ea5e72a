/** Which certificates servers were told to use: most read the file once when they start, and close it. */
import type { Sources } from "../collector.ts";
import { quiet } from "./reading.ts";

interface Server {
  /** Name of its processes. */
  readonly name: RegExp;
  /** Files, and folders whose files it reads. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** The path is the first group. */
  readonly setting: RegExp;
}

/** Where Debian and Red Hat put them. */
const SERVERS: readonly Server[] = [
  {
    name: /^nginx$/,
    files: ["/etc/nginx/nginx.conf"],
    folders: ["/etc/nginx/conf.d", "/etc/nginx/sites-enabled"],
    setting: /^\s*ssl_certificate\s+"?(\/[^\s";$]+)"?\s*;/gm,
  },
  {
    name: /^(apache2|httpd)$/,
    files: ["/etc/httpd/conf/httpd.conf"],
    folders: ["/etc/apache2/sites-enabled", "/etc/httpd/conf.d"],
    setting: /^\s*SSLCertificateFile\s+"?(\/[^\s"$]+)/gim,
  },
  {
    name: /^haproxy$/,
    files: ["/etc/haproxy/haproxy.cfg"],
    folders: [],
    setting: /^\s*bind\s.*\scrt\s+(\/\S+\.\w+)/gm,
  },
  {
    name: /^(master|smtpd)$/,
    files: ["/etc/postfix/main.cf"],
    folders: [],
    setting: /^\s*smtpd_tls_(?:cert_file|chain_files)\s*=\s*(\/[^\s,]+)/gm,
  },
  {
    name: /^dovecot$/,
    files: ["/etc/dovecot/dovecot.conf", "/etc/dovecot/conf.d/10-ssl.conf"],
    folders: [],
    setting: /^\s*ssl_cert\s*=\s*<(\/\S+)/gm,
  },
];
/** A host of a thousand sites has a file for each; they end together or are looked at by others. */
const MAX_FILES = 100;

/** Paths as the process sees them; none of a program whose settings are not known here. */
export function configuredCertificates(
  sources: Sources,
  { process_id, process_name }: { readonly process_id: number; readonly process_name: string },
): readonly string[] {
  const server = SERVERS.find(({ name }) => name.test(process_name));
  if (server === undefined) return [];
  const root = `/proc/${process_id}/root`;
  const listed = server.folders.flatMap((folder) =>
    namesIn(sources, `${root}${folder}`).map((name) => `${folder}/${name}`)
  );
  const texts = [...server.files, ...listed].slice(0, MAX_FILES).map((path) => quiet(sources, `${root}${path}`) ?? "");
  return [...new Set(texts.flatMap((text) => [...text.matchAll(server.setting)].flatMap(([, path]) => path ?? [])))];
}

function namesIn(sources: Sources, folder: string): readonly string[] {
  try {
    return sources.names(folder);
  } catch {
    return [];
  }
}

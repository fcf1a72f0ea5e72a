/** Certificates of listening programs that end soon: files that they have open, or that their command line or settings name. */
import type { ProcessStat } from "../../kernel/host/procfs.ts";
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { CERTIFICATE_LEFT } from "../limits.ts";
import { shown, time } from "../readings/figures.ts";
import { allListeners } from "../readings/net.ts";
import { fewOfEachKind, nameOf, processesAt } from "../readings/processes.ts";
import { Gaps, quiet } from "../readings/reading.ts";
import { configuredCertificates } from "../readings/server_settings.ts";
import { printable, quoted } from "../readings/words.ts";

const CERTIFICATE = /\.(pem|crt|cer|cert|der)$/i;
const IN_COMMAND_LINE = /(?:^|[=,])(\/[^=,]*\.(?:pem|crt|cer|cert|der))$/i;
/** Descriptors that are looked at in all, and of one process: a proxy has a hundred thousand, of connections. */
const MAX_LINKS = 20_000, MAX_LINKS_EACH = 1024;
const MAX_FILES = 50;

export const certificates: Collector = {
  name: "certificates",
  start: (sources) =>
    Promise.resolve(async () => {
      const gaps = new Gaps();
      const files = filesOf(sources, gaps);
      const ends = files.length === 0 ? [] : await endsOf(sources, { files, gaps });
      const now_ms = sources.now();
      const soonest = ends.reduce((least, { to_ms }) => Math.min(least, to_ms), Infinity);
      return {
        figures: [
          shown("certificate.files", ends.length),
          ...(ends.length === 0
            ? []
            : [shown("certificate.soonest_end_s", (soonest - now_ms) / 1000, { min: -Infinity })]),
        ],
        findings: ends.flatMap((end) => findingsOf(end, now_ms)),
        ...gaps.state(),
      };
    }),
};

interface CertificateFile {
  readonly process: ProcessStat;
  /** As the process sees it. */
  readonly path: string;
  /** The server's settings name it as its own: then it also counts where it signed itself, as `openssl req -x509` makes it. */
  readonly is_own: boolean;
  /** As it is seen from here: through the process, where that is in a container. */
  readonly seen_as: string;
}

/** Each file once, of the processes that have a listening TCP socket. */
function filesOf(sources: Sources, gaps: Gaps): readonly CertificateFile[] {
  const listening = new Set(allListeners(sources).map(({ inode }) => `socket:[${inode}]`));
  const files = new Map<string, CertificateFile>();
  if (listening.size === 0) return [];
  const own = sources.link("/proc/self/ns/mnt");
  /** A server has many processes of one name, which share their settings; another container has its own. */
  const asked = new Set<string>();
  let left = MAX_LINKS;
  for (const process of fewOfEachKind(processesAt(sources, "end"))) {
    if (process.state === "Z") continue;
    if (left <= 0) {
      gaps.note("/proc/<pid>/fd", `only the first ${MAX_LINKS} descriptors were looked at`);
      break;
    }
    const folder = `/proc/${process.process_id}/fd`;
    const names = gaps.try("descriptors of other users' processes", () => sources.names(folder)) ?? [];
    const targets = names.slice(0, MAX_LINKS_EACH).map((fd) => sources.link(`${folder}/${fd}`) ?? "");
    left -= targets.length;
    if (!targets.some((target) => listening.has(target))) continue;
    const files_of = sources.link(`/proc/${process.process_id}/ns/mnt`) ?? own;
    const server = `${files_of} ${process.process_name}`;
    const configured = asked.has(server) ? [] : configuredCertificates(sources, process);
    asked.add(server);
    const open = targets.filter((target) => CERTIFICATE.test(target));
    const own_paths = new Set(configured);
    for (const path of [...open, ...namedBy(sources, process), ...configured]) {
      if (!path.startsWith("/") || files.size >= MAX_FILES) continue;
      const seen_as = files_of === own ? path : `/proc/${process.process_id}/root${path}`;
      files.set(`${files_of} ${path}`, { process, path, seen_as, is_own: own_paths.has(path) });
    }
  }
  return [...files.values()];
}

function namedBy(sources: Sources, { process_id }: ProcessStat): readonly string[] {
  const words = (quiet(sources, `/proc/${process_id}/cmdline`) ?? "").split("\0");
  return words.flatMap((word) => IN_COMMAND_LINE.exec(word)?.[1] ?? []);
}

interface End extends CertificateFile {
  readonly subject: string;
  readonly from_ms: number;
  readonly to_ms: number;
}

async function endsOf(
  sources: Sources,
  { files, gaps }: { readonly files: readonly CertificateFile[]; readonly gaps: Gaps },
): Promise<readonly End[]> {
  const { X509Certificate } = await import("node:crypto");
  return files.flatMap(({ process, path, seen_as, is_own }): End[] => {
    const bytes = gaps.try(printable(path), () => sources.bytes(`/proc/${process.process_id}/root${path}`));
    if (bytes === undefined) return [];
    try {
      const { ca, subject, validFrom, validTo } = new X509Certificate(bytes);
      const from_ms = Date.parse(validFrom), to_ms = Date.parse(validTo);
      // authorities stand in bundles, where old ones do no harm
      if (ca && !is_own || Number.isNaN(from_ms) || Number.isNaN(to_ms)) return [];
      return [{ process, path, seen_as, is_own, subject: printable(subject.replaceAll("\n", ", ")), from_ms, to_ms }];
    } catch {
      return []; // a key, or something else of that name
    }
  });
}

function findingsOf(
  { process, path, seen_as, subject, from_ms, to_ms }: End,
  now_ms: number,
): readonly HealthFinding[] {
  const left_s = (to_ms - now_ms) / 1000, life_s = (to_ms - from_ms) / 1000;
  const below = ({ s, percent }: { readonly s: number; readonly percent: number }): boolean =>
    left_s < Math.min(s, life_s * percent / 100);
  if (left_s > 0 && !below(CERTIFICATE_LEFT.warn)) return [];
  const of = printable(path);
  return [{
    id: "certificate.expiring",
    of,
    severity: left_s <= 0 || below(CERTIFICATE_LEFT.crit) ? "critical" : "warning",
    title: left_s <= 0
      ? `The certificate ${of} of ${nameOf(process)} ended ${time(-left_s)} ago`
      : `The certificate ${of} of ${nameOf(process)} ends in ${time(left_s)}`,
    evidence: [
      `${of}: ${subject}, valid until ${new Date(to_ms).toISOString()}`,
      `/proc/${process.process_id}: ${nameOf(process)} listens and uses it`,
    ],
    meaning:
      "When it ends clients refuse to connect. Its renewal has failed, or was forgotten; the program has to be told " +
      "to read the new one.",
    next: `openssl x509 -in ${quoted(seen_as)} -noout -subject -dates`,
  }];
}

/** Reboots that wait: asked for by the package manager, or a newer kernel that is installed and does not run. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { REBOOT_PENDING_S } from "../limits.ts";
import { shown, time } from "../readings/figures.ts";
import { isContainer } from "../readings/host.ts";
import { absent, quiet } from "../readings/reading.ts";
import { printable } from "../readings/words.ts";

/** Debian and Ubuntu write it (update-notifier, unattended-upgrades). */
const REQUIRED = "/run/reboot-required";
const MODULES = "/lib/modules";
/** /lib/modules may be a link into /usr, or lie there alone. */
const MODULE_FOLDERS = [MODULES, "/usr/lib/modules"];

interface Pending {
  readonly why: string;
  readonly evidence: string;
  readonly since_ms: number;
}

export const reboot: Collector = {
  name: "reboot",
  start: (sources) =>
    Promise.resolve(() => {
      const running = sources.text("/proc/sys/kernel/osrelease")?.trim() ?? "";
      if (isContainer(sources)) return Promise.resolve(absent("the kernel is that of the host around this container"));
      if (running === "") return Promise.resolve(absent("/proc/sys/kernel/osrelease is not there"));
      const pending = [...required(sources), ...newerKernel(sources, running)];
      return Promise.resolve({
        figures: [shown("reboot.pending", pending.length > 0 ? 1 : 0, { min: 0, max: 1 })],
        findings: findingsOf(pending, sources.now()),
      });
    }),
};

function required(sources: Sources): readonly Pending[] {
  const facts = sources.facts(REQUIRED);
  if (facts === undefined) return [];
  const names = (quiet(sources, `${REQUIRED}.pkgs`) ?? "").split("\n").map((name) => printable(name.trim()));
  const packages = [...new Set(names)].filter((name) => name !== "").slice(0, 5);
  return [{
    why: packages.length === 0 ? "an update needs it" : `updates of ${packages.join(", ")} need it`,
    evidence: `${REQUIRED} is there${packages.length === 0 ? "" : `, ${REQUIRED}.pkgs: ${packages.join(", ")}`}`,
    since_ms: facts.modified_ms,
  }];
}

/** Of the same flavour (6.1.0-18-amd64 and 6.1.0-21-amd64); what the running one is not among, tells nothing. */
function newerKernel(sources: Sources, running: string): readonly Pending[] {
  const installed = new Set(MODULE_FOLDERS.flatMap((folder) => sources.names(folder)));
  if (!installed.has(running)) return []; // a container, or a kernel that came from elsewhere
  const newer = [...installed].filter((release) =>
    flavour(release) === flavour(running) && compare(release, running) > 0
  )
    .filter((release) => folderOf(sources, release) !== undefined)
    .sort(compare).at(-1);
  const since = newer === undefined ? undefined : folderOf(sources, newer);
  if (newer === undefined || since === undefined) return [];
  return [{
    why: `kernel ${printable(newer)} is installed and ${printable(running)} runs`,
    evidence: `${MODULES}/${printable(newer)}; /proc/sys/kernel/osrelease: ${printable(running)}`,
    since_ms: since,
  }];
}

/** When its modules were installed; a removed kernel may leave a folder without the list of them. */
function folderOf(sources: Sources, release: string): number | undefined {
  for (const folder of MODULE_FOLDERS) {
    const facts = sources.facts(`${folder}/${release}/modules.dep`);
    if (facts !== undefined) return facts.modified_ms;
  }
  return undefined;
}

/** What is behind the numbers: `-amd64`, `-generic`, `.el9.x86_64`. */
function flavour(release: string): string {
  return /[^\d.~+_-].*$/.exec(release)?.[0].replace(/\d+/g, "#") ?? "";
}

function compare(a: string, b: string): number {
  const numbers = (release: string): readonly number[] => (release.match(/\d+/g) ?? []).map(Number);
  const [of_a, of_b] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(of_a.length, of_b.length); at++) {
    const difference = (of_a[at] ?? 0) - (of_b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function findingsOf(pending: readonly Pending[], now_ms: number): readonly HealthFinding[] {
  const since_ms = pending.reduce((oldest, each) => Math.min(oldest, each.since_ms), Infinity);
  const waits_s = (now_ms - since_ms) / 1000;
  if (!(waits_s >= REBOOT_PENDING_S)) return [];
  return [{
    id: "reboot.pending",
    severity: "warning",
    title: `A reboot has been waiting for ${time(waits_s)}: ${pending.map(({ why }) => why).join("; ")}`,
    evidence: pending.map(({ evidence }) => evidence),
    meaning: "What was updated is not in use yet: known holes of the kernel and of libraries are still open.",
    next: "uname -r; ls -l /boot",
  }];
}

/** Errors in the kernel's log since the last snapshot, by class. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Remembered, Sources } from "../collector.ts";
import { BOOTING_S, SEGFAULTS } from "../limits.ts";
import { shown } from "../readings/figures.ts";
import { kernelLog, type LogRecord } from "../readings/kernel_log.ts";
import { damagedDevices } from "./filesystem_errors.ts";
import { lastOfLog, logSince } from "../readings/log_since.ts";
import { quiet } from "../readings/reading.ts";

const SHOWN_LINES = 3;
const LONGEST_LINE = 200;

interface LogClass {
  readonly name: string;
  /** Each group in it is a task, disk, link or program: what the message is about. */
  readonly pattern: RegExp;
  /** Messages that look alike and are none. */
  readonly except?: RegExp;
  readonly severity: "warning" | "critical";
  readonly what: string;
  readonly meaning: string;
  /** At least so many of the same `(…)`. */
  readonly at_least?: number;
  /** Means nothing while the host boots. */
  readonly ignored_at_boot?: true;
}

const FILESYSTEM_ERROR =
  /^(?:EXT[234]-fs error|EXT4-fs \(([^)]+)\): (?:Remounting filesystem read-only|shut down)|XFS \(([^)]+)\): .*(?:[Cc]orruption|Filesystem has been shut down|metadata I\/O error)|BTRFS (?:error|critical)|JBD2: .*[Ee]rror|Aborting journal)/;

/**
 * Texts are those of printk() in the kernel's sources, old and new. Kills for want of memory belong to `oom`, and a table of
 * connections that is full to `conntrack` too.
 */
const CLASSES: readonly LogClass[] = [
  {
    name: "hung_task",
    pattern: /task (\S+):\d+ blocked for more than \d+ seconds|khungtaskd: .*blocked/,
    severity: "warning",
    what: "tasks that hang",
    meaning: "They wait in the kernel for a disk, a server or a lock for minutes, and cannot be killed.",
  },
  {
    name: "lockup",
    pattern:
      /watchdog: BUG: soft lockup|BUG: soft lockup|hard LOCKUP|rcu.*detected (?:expedited )?stalls|rcu_\w+ (?:self-)?detected stall/i,
    severity: "critical",
    what: "CPUs that did not come back from the kernel",
    meaning: "A driver or the kernel loops, or the hypervisor took the CPU away for many seconds.",
  },
  {
    name: "crash",
    pattern:
      /^(?:BUG: |Oops|kernel BUG at|Kernel panic|general protection fault|Unable to handle kernel|Internal error: |list_(?:add|del) corruption)/,
    except: /soft lockup|workqueue lockup/,
    severity: "critical",
    what: "faults of the kernel itself",
    meaning:
      "A driver or the kernel has a fault, or memory is broken. The host may be damaged until it is booted again.",
  },
  {
    name: "io_error",
    pattern:
      /I\/O error, dev ([^,\s]+)|Buffer I\/O error on dev(?:ice)? ([^,\s]+)|critical (?:medium|target|space allocation|nexus) error, dev ([^,\s]+)|lost (?:async )?page write|Medium Error|rejecting I\/O to (?:offline|dead) device|Device offlined|nvme\d*: .*(?:controller is down|I\/O \d+ .*timeout|Removing after probe failure)|nvme (\S+?): (?:I\/O .*timeout|controller is down)/,
    // drives without a medium, images that were detached, and a request that the device need not know
    except:
      /, dev (?:fd|sr|loop)\d|on dev(?:ice)? (?:fd|sr|loop)\d|:\((?:DISCARD|SECURE_ERASE|WRITE_ZEROES|WRITE_SAME)\)/,
    severity: "critical",
    what: "errors of disks",
    meaning: "Data could not be read or written: a failing disk, its cable, or lost paths to the storage.",
  },
  {
    name: "filesystem_error",
    pattern: FILESYSTEM_ERROR,
    severity: "critical",
    what: "damaged file systems",
    meaning:
      "A file system found its structure on disk damaged, or could not write it. It has to be checked with fsck.",
  },
  {
    name: "hardware_corrected",
    pattern: /EDAC .*\bCE\b/,
    severity: "warning",
    what: "errors of memory that the hardware corrected",
    meaning: "A memory module is failing: corrected errors come before those that kill programs or the host.",
  },
  {
    name: "hardware_error",
    pattern:
      /\[Hardware Error\]|EDAC .*\bUE\b|[Mm]achine [Cc]heck|Memory failure: 0x|AER: (?:Uncorrected|Multiple Uncorrected|Fatal)|mce: CPU\d+:? .*(?:MCE|Uncorrected)/,
    except:
      /Machine check events logged|MCE banks|Machine check polling|Machine check injector|In-kernel MCE decoding|Using \d+ MCE|CPU supports \d+ MCE/i,
    severity: "critical",
    what: "errors of memory, CPU or PCIe that the hardware reported",
    meaning: "Hardware is failing: memory, a CPU or a card has to be replaced.",
  },
  {
    name: "link_down",
    pattern:
      /(?:(\w[\w.-]*)(?: \([^)]*\))?: |(\S+) )?(?:NIC |Copper |Fibre )?Link (?:is )?[Dd]own|NETDEV WATCHDOG: (\S+?):? .*timed out/,
    severity: "warning",
    what: "network links that went down or hang",
    meaning: "A cable, a switch port or a network card; connections through it stood still meanwhile.",
    ignored_at_boot: true,
  },
  {
    name: "table_full",
    pattern:
      /table full, dropping packet|neighbou?r:? .*table overflow|Neighbour table overflow|TCP: out of memory|TCP: too many orphaned sockets/,
    severity: "critical",
    what: "tables of the network that ran full",
    meaning: "Packets and connections are dropped without a word to anybody.",
  },
  {
    name: "allocation_failure",
    pattern: /page allocation (?:failure|stall)/,
    severity: "warning",
    what: "allocations of memory in the kernel that failed",
    meaning: "Memory is short or in pieces: packets and requests that needed it were dropped.",
  },
  {
    name: "overheating",
    pattern: /temperature above threshold, cpu clock throttled|thermal_zone\d+.*critical temperature reached/i,
    severity: "warning",
    what: "CPUs that run slower because they are hot",
    meaning: "Cooling fails or is blocked; everything takes longer.",
  },
  {
    name: "segfault",
    pattern:
      /^(.+?)\[\d+\]: segfault at |^traps: (.+?)\[\d+\] (?:general protection|trap (?:invalid opcode|divide error|stack segment))/,
    severity: "warning",
    what: "crashes of programs",
    meaning:
      "A program reads or writes memory that is not its own: a fault of it, or of a library; broken memory when it is several.",
    at_least: SEGFAULTS,
  },
];

export const kernelLogErrors: Collector = {
  name: "kernel_log",
  start: (sources) =>
    Promise.resolve(({ remembered }) => {
      const all = kernelLog(sources);
      const damaged = damagedDevices(sources).map((device) => new RegExp(`\\b${RegExp.escape(device)}\\b`));
      const fresh = withoutCorrected(logSince(sources, remembered)).filter(({ message }) =>
        !(FILESYSTEM_ERROR.test(message) && damaged.some((device) => device.test(message)))
      );
      const sorted = sortOut(fresh);
      sorted.set(
        "link_down",
        (sorted.get("link_down") ?? []).filter((hit) => isNews(sources, { hit, remembered })),
      );
      return Promise.resolve({
        figures: CLASSES.map(({ name }) => shown(`kernel_log.${name}`, sorted.get(name)?.length ?? 0)),
        findings: CLASSES.flatMap((each) => findingsOf(each, sorted.get(each.name) ?? [])),
        remember: lastOfLog(sources, all),
      });
    }),
};

interface Hit {
  readonly record: LogRecord;
  /** Which task, disk, link or program. */
  readonly of: string | undefined;
}

/** Of a report by the firmware (`{3}[Hardware Error]: …`, drivers/acpi/apei/ghes.c), or by AMD's machine checks. */
const REPORT = /(?:(\{\d+\}))?\[Hardware Error\]: /;
const CORRECTED = /event severity: (?:corrected|info)|Corrected error, no action required/;

/** What the hardware corrected "requires no further action"; errors of memory among it are counted by EDAC too. */
function withoutCorrected(records: readonly LogRecord[]): readonly LogRecord[] {
  const corrected = new Set<string>();
  for (const { message } of records) {
    const report = REPORT.exec(message)?.[1];
    if (report !== undefined && CORRECTED.test(message)) corrected.add(report);
  }
  let is_corrected = false;
  return records.filter(({ message }) => {
    const [is_report, report] = REPORT.exec(message) ?? [];
    if (is_report === undefined) return true;
    if (report !== undefined) return !corrected.has(report);
    // without a number a report goes on until another one begins
    if (/: (?:Corrected|Deferred|Uncorrected) error|Machine check|: CPU \d+: Machine Check/i.test(message)) {
      is_corrected = CORRECTED.test(message);
    }
    return !is_corrected;
  });
}

/**
 * An interface that is down now was taken down on purpose, or `network_interfaces` tells of its link, as soon as it remembers
 * that there was one.
 */
function isNews(
  sources: Sources,
  { hit: { of, record }, remembered }: { readonly hit: Hit; readonly remembered: Remembered | undefined },
): boolean {
  if (of === undefined || /WATCHDOG/.test(record.message)) return true;
  const carrier = quiet(sources, `/sys/class/net/${of.replace(/:$/, "")}/carrier`)?.trim();
  return carrier === "1" || carrier === "0" && remembered === undefined;
}

/** Each record belongs to the first class that knows it. */
function sortOut(records: readonly LogRecord[]): Map<string, readonly Hit[]> {
  const sorted = new Map<string, Hit[]>();
  for (const record of records) {
    const message = record.message.slice(0, 1000);
    const found = CLASSES.find(({ pattern, except, ignored_at_boot }) =>
      pattern.test(message) && except?.test(message) !== true &&
      (ignored_at_boot !== true || record.at_s > BOOTING_S)
    );
    if (found === undefined) continue;
    const of = found.pattern.exec(message)?.slice(1).find((group) => group !== undefined);
    const hits = sorted.get(found.name) ?? [];
    hits.push({ record, of });
    sorted.set(found.name, hits);
  }
  return sorted;
}

function findingsOf(
  { name, severity, what, meaning, at_least = 1 }: LogClass,
  hits: readonly Hit[],
): readonly HealthFinding[] {
  const counts = Map.groupBy(hits, ({ of }) => of);
  const most = [...counts].sort(([, a], [, b]) => b.length - a.length)[0];
  if (most === undefined || most[1].length < at_least) return [];
  const named = [...counts.keys()].filter((of) => of !== undefined).slice(0, SHOWN_LINES);
  const lines = [...hits.slice(0, SHOWN_LINES - 1), ...hits.slice(SHOWN_LINES - 1).slice(-1)];
  return [{
    id: `kernel_log.${name}`,
    ...(named.length === 0 ? {} : { of: named.join(", ") }),
    severity,
    title: `The kernel reports ${what}: ${hits.length} ${hits.length === 1 ? "message" : "messages"}${
      named.length === 0 ? "" : ` about ${named.join(", ")}`
    }`,
    evidence: lines.map(({ record: { at_s, message } }) =>
      `/dev/kmsg: [${at_s.toFixed(3)}] ${message.slice(0, LONGEST_LINE)}`
    ),
    meaning,
    next: "dmesg --level=emerg,alert,crit,err,warn,info | tail -n 50",
  }];
}

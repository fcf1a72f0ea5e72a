/** The clock: whether somebody keeps it right, and whether it jumped while we looked. */
import type { KernelClock } from "../../ffi/clock.ts";
import type { ProcessStat } from "../../kernel/host/procfs.ts";
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { CLOCK_JUMP_S, CLOCK_SETTLING_S } from "../limits.ts";
import { number, shown, time } from "../readings/figures.ts";
import { bootSeconds, uptime } from "../readings/host.ts";
import { nameOf, processesAt } from "../readings/processes.ts";
import { absent, quiet } from "../readings/reading.ts";

/**
 * Programs that tell the kernel when the clock is right; ptp4l keeps the clock of the network card. Without one a guest may
 * have its time from the hypervisor, and is well.
 */
const DAEMONS = /^(chronyd|ntpd|ntpsec-ntpd|openntpd|systemd-timesyn|phc2sys|timemaster)/;
const TICKS_PER_S = 100;

export const clock: Collector = {
  name: "clock",
  start: (sources) => {
    const before = readTimes(sources);
    return Promise.resolve(() => {
      const jump_s = jumpBetween(before, readTimes(sources));
      const state = sources.clock();
      // whoever boots without a clock of its own is set right by its time daemon, once
      const jumped = (uptime(sources) ?? Infinity) < CLOCK_SETTLING_S ? [] : jumpFindings(jump_s);
      if (state === undefined) {
        return Promise.resolve({ ...absent("the kernel does not tell about its clock here"), findings: jumped });
      }
      return Promise.resolve({
        figures: [
          shown("clock.synchronised", state.synchronised ? 1 : 0, { min: 0, max: 1 }),
          shown("clock.offset_s", state.offset_s, { min: -Infinity }),
          ...(state.synchronised ? [shown("clock.max_error_s", state.max_error_s)] : []),
        ],
        findings: [...jumped, ...unsynchronised(sources, state)],
      });
    });
  },
};

interface Times {
  readonly real_s: number;
  /** Since the boot, with the time that the host slept: nobody can set it. */
  readonly boot_s: number | undefined;
}

/** One right after the other: on a host under load seconds pass between the collectors. */
function readTimes(sources: Sources): Times {
  return { boot_s: bootSeconds(sources), real_s: sources.now() / 1000 };
}

function jumpBetween(before: Times, after: Times): number {
  const { boot_s } = before;
  if (boot_s === undefined || after.boot_s === undefined || after.boot_s <= boot_s) return 0; // hidden, or made up
  return after.real_s - before.real_s - (after.boot_s - boot_s);
}

function jumpFindings(jump_s: number): readonly HealthFinding[] {
  if (Math.abs(jump_s) < CLOCK_JUMP_S) return [];
  return [{
    id: "clock.jump",
    severity: "warning",
    title: `The clock was set ${time(Math.abs(jump_s))} ${jump_s > 0 ? "forward" : "back"} while we looked`,
    evidence: [`CLOCK_REALTIME moved ${number(jump_s)} s more than /proc/uptime`],
    meaning:
      "Timers, logs, leases and certificates see a wrong time; something sets the clock by hand, or the hypervisor does.",
    next: "timedatectl",
  }];
}

function unsynchronised(sources: Sources, { synchronised }: KernelClock): readonly HealthFinding[] {
  if (synchronised) return [];
  const uptime_s = uptime(sources);
  const daemon = [...processesAt(sources, "end").values()].find(({ process_name }) => DAEMONS.test(process_name));
  if (daemon === undefined || uptime_s === undefined || !tellsKernel(sources, daemon)) return [];
  const running_s = uptime_s - daemon.start_ticks / TICKS_PER_S;
  if (running_s < CLOCK_SETTLING_S) return [];
  return [{
    id: "clock.unsynchronised",
    severity: "warning",
    title: `The clock is not synchronised, although ${nameOf(daemon)} has been running for ${time(running_s)}`,
    evidence: [
      "adjtimex: STA_UNSYNC is set",
      `/proc/${daemon.process_id}/stat: ${nameOf(daemon)} has run for ${time(running_s)}`,
    ],
    meaning:
      "It does not reach its time servers, or does not trust them: logs of several hosts cannot be compared, then " +
      "logins (Kerberos), certificates and clusters fail.",
    next: daemon.process_name === "chronyd" ? "chronyc tracking" : "timedatectl",
  }];
}

/** chronyd leaves the kernel's flag alone where its file does not say `rtcsync`, and with `-x` (containers) the clock too. */
function tellsKernel(sources: Sources, { process_id, process_name }: ProcessStat): boolean {
  if (process_name !== "chronyd") return true;
  if ((quiet(sources, `/proc/${process_id}/cmdline`) ?? "").split("\0").includes("-x")) return false;
  const files = ["/etc/chrony/chrony.conf", "/etc/chrony.conf"].flatMap((path) => quiet(sources, path) ?? []);
  return files.some((text) => /^\s*rtcsync\b/m.test(text));
}

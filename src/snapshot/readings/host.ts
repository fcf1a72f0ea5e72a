/** Facts of the host that collectors share. */
import { INITIAL_PID_NAMESPACE } from "../../kernel/host/container.ts";
import { parseUptime } from "../../kernel/host/procfs.ts";
import { type Mount, parseMountinfo, withRoot } from "../../kernel/host/mounts.ts";
import type { Sources } from "../collector.ts";
import { type Moment, once } from "./once.ts";
import { quiet } from "./reading.ts";

/** What was remembered of another boot says nothing about this one. */
export function bootId(sources: Sources): string {
  return once(sources, "boot_id", () => quiet(sources, "/proc/sys/kernel/random/boot_id")?.trim() ?? "");
}

/** Whether this runs in a container: counters of the whole kernel then also tell of its neighbours, who are not seen. */
export function isContainer(sources: Sources): boolean {
  const namespace = sources.link("/proc/self/ns/pid");
  return namespace !== undefined && namespace !== INITIAL_PID_NAMESPACE;
}

/** Seconds since the boot, with those in which the host slept, now; undefined where /proc does not tell. */
export function bootSeconds(sources: Sources): number | undefined {
  try {
    return parseUptime(sources.text("/proc/uptime") ?? "");
  } catch {
    return undefined;
  }
}

/** The same for all who ask at the window's end. */
export function uptime(sources: Sources): number | undefined {
  return once(sources, "uptime", () => bootSeconds(sources));
}

export function mountsAt(sources: Sources, moment: Moment): readonly Mount[] {
  return once(
    sources,
    `mounts ${moment}`,
    () => withRoot(parseMountinfo(sources.text("/proc/self/mountinfo") ?? "")),
  );
}

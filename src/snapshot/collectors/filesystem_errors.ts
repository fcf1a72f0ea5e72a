/** File systems that found themselves damaged: made read-only by the kernel, shut down, or with errors on record. */
import { hasOption, type Mount } from "../../kernel/host/mounts.ts";
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { RECORDED_ERROR_S } from "../limits.ts";
import { numberOf } from "../readings/counters.ts";
import { shown, time } from "../readings/figures.ts";
import { mountsAt } from "../readings/host.ts";
import { once } from "../readings/once.ts";
import { quiet } from "../readings/reading.ts";
import { printable } from "../readings/words.ts";

/** Types that the kernel makes read-only after an error; images that were never writable look alike and are none of them. */
const WRITABLE_TYPES =
  /^(ext[234]|xfs|btrfs|f2fs|jfs|reiserfs|nilfs2|bcachefs|vfat|exfat|ntfs3?|hfsplus|ocfs2|gfs2|ubifs)$/;
/**
 * What the kernel shows of a file system that stopped: ext4 has `emergency_ro` in place of `ro` since 6.12 (commit
 * d3476f3dad4a), and `shutdown` likewise.
 */
const STOPPED = ["emergency_ro", "shutdown"];
const LOG = "dmesg --level=emerg,alert,crit,err | tail -n 30";

export const filesystemErrors: Collector = {
  name: "filesystem_errors",
  start: (sources) =>
    Promise.resolve(() => {
      const { mounts, stopped, recorded } = stateOf(sources);
      const figures = recorded.map(({ device, count }) => shown("filesystem.recorded_errors", count, { of: device }));
      const told = stopped.flatMap(readOnlyByError);
      const others = recorded.filter(({ device }) => !stopped.some((mount) => isOn(mount, device)))
        .flatMap((each) => recordFinding(each, { mounts, now_ms: sources.now() }));
      return Promise.resolve({
        figures: figures.filter(({ value }) => value > 0),
        findings: [...told, ...others, ...neverWritable(sources, mounts)],
      });
    }),
};

/** Devices of which this collector tells: what the log says about them is no second fault. */
export function damagedDevices(sources: Sources): readonly string[] {
  const { stopped, recorded } = stateOf(sources);
  const fresh = recorded.filter((each) => isFresh(each, sources.now()));
  return [...stopped.map(({ source }) => source.split("/").at(-1) ?? ""), ...fresh.map(({ device }) => device)]
    .filter((name) => name !== "");
}

interface State {
  readonly mounts: readonly Mount[];
  readonly stopped: readonly Mount[];
  readonly recorded: readonly Recorded[];
}

function stateOf(sources: Sources): State {
  return once(sources, "file systems with errors", () => {
    const all = mountsAt(sources, "end");
    const mounts = oncePerDevice(all);
    // `remount,ro` changes the file system and the one mount that it names: other mounts of all of it go on to say rw
    const on_purpose = new Set(
      all.filter(({ root, options }) => root === "/" && hasOption(options, "ro")).map(({ device }) => device),
    );
    const stopped = mounts.filter((mount) => isStopped(mount, on_purpose.has(mount.device)));
    return { mounts, stopped, recorded: recordedErrors(sources) };
  });
}

function isOn({ source }: Mount, device: string): boolean {
  return source.endsWith(`/${device}`);
}

/** Bind mounts share the file system: a mount with its root goes before others. */
function oncePerDevice(mounts: readonly Mount[]): readonly Mount[] {
  const by_device = new Map<string, Mount>();
  for (const mount of mounts) {
    const known = by_device.get(mount.device);
    if (known === undefined || known.root !== "/" && mount.root === "/") by_device.set(mount.device, mount);
  }
  return [...by_device.values()].filter(({ type }) => WRITABLE_TYPES.test(type));
}

/**
 * Who mounts read-only sets it at the mount; the kernel, after an error, only at the file system: then the mount still
 * says `rw` (show_mountinfo(), fs/proc_namespace.c).
 */
function isStopped({ options, super_options }: Mount, is_on_purpose: boolean): boolean {
  return STOPPED.some((each) => hasOption(super_options, each)) ||
    !is_on_purpose && !hasOption(options, "ro") && hasOption(super_options, "ro");
}

function readOnlyByError(mount: Mount): readonly HealthFinding[] {
  const { super_options, type } = mount;
  const option = STOPPED.find((each) => hasOption(super_options, each));
  const at = printable(mount.mount_point);
  return [{
    id: "filesystem.read_only",
    of: at,
    severity: "critical",
    title: `${at} became read-only: the kernel found an error in its file system`,
    evidence: [
      `/proc/self/mountinfo: ${at} (${printable(type)} on ${
        printable(mount.source)
      }) is mounted rw, its file system says ${option ?? "ro"}`,
    ],
    meaning:
      "Every write there fails with EROFS. The disk below is failing, or the file system is damaged: look at the " +
      "kernel's log, and check it with fsck before it is mounted again.",
    next: LOG,
  }];
}

/** Read-only as a whole although /etc/fstab wants it written: it was left so by a failed check at boot, or by hand. */
function neverWritable(sources: Sources, mounts: readonly Mount[]): readonly HealthFinding[] {
  const wanted = new Map(
    (quiet(sources, "/etc/fstab") ?? "").split("\n").flatMap((line) => {
      const [device = "#", mount_point, , options = ""] = line.trim().split(/\s+/);
      return device.startsWith("#") || mount_point === undefined ? [] : [[mount_point, options] as const];
    }),
  );
  return mounts.flatMap((mount): HealthFinding[] => {
    const options = wanted.get(mount.mount_point);
    // what is not mounted at boot, somebody mounted by hand, as it pleased him
    if (options === undefined || hasOption(options, "ro") || hasOption(options, "noauto")) return [];
    if (!hasOption(mount.options, "ro") || !hasOption(mount.super_options, "ro")) return [];
    const at = printable(mount.mount_point);
    return [{
      id: "filesystem.read_only",
      of: at,
      severity: "warning",
      title: `${at} is mounted read-only, and /etc/fstab wants it writable`,
      evidence: [`/proc/self/mountinfo: ${at} ro`, `/etc/fstab: ${at} ${printable(options)}`],
      meaning:
        "A check at boot may have failed, or somebody made it read-only and forgot. Programs cannot write there.",
      next: LOG,
    }];
  });
}

interface Recorded {
  readonly device: string;
  readonly count: number;
  /** Seconds since the epoch. */
  readonly last_s: number;
  readonly where: string;
}

/** ext4 keeps errors in its superblock until fsck runs (Documentation/ABI/testing/sysfs-fs-ext4). */
function recordedErrors(sources: Sources): readonly Recorded[] {
  const folder = "/sys/fs/ext4";
  return sources.folders(folder).flatMap((device) => {
    const of = (name: string): string | undefined => quiet(sources, `${folder}/${device}/${name}`);
    const count = numberOf(of("errors_count"));
    if (count === undefined) return [];
    const where = printable(of("last_error_func")?.trim() ?? "");
    return [{ device, count, last_s: numberOf(of("last_error_time")) ?? 0, where }];
  });
}

function isFresh({ count, last_s }: Pick<Recorded, "count" | "last_s">, now_ms: number): boolean {
  return count > 0 && now_ms / 1000 - last_s <= RECORDED_ERROR_S;
}

function recordFinding(
  { device, count, last_s, where }: Recorded,
  { mounts, now_ms }: { readonly mounts: readonly Mount[]; readonly now_ms: number },
): readonly HealthFinding[] {
  const ago_s = Math.max(0, now_ms / 1000 - last_s);
  if (!isFresh({ count, last_s }, now_ms)) return [];
  const mount = mounts.find((each) => isOn(each, device));
  return [{
    id: "filesystem.errors",
    of: mount === undefined ? device : printable(mount.mount_point),
    severity: "critical",
    title: `The file system on ${device} recorded errors, the last one ${time(ago_s)} ago`,
    evidence: [`/sys/fs/ext4/${device}/errors_count: ${count}, last in ${where || "?"} ${time(ago_s)} ago`],
    meaning:
      "Its structure on disk is damaged, or the disk returned errors: files may be lost. It has to be checked with fsck.",
    next: LOG,
  }];
}

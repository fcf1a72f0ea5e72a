/** File systems and disks. */
import { blockDevices } from "../../../../src/snapshot/collectors/block_devices.ts";
import { filesystemErrors } from "../../../../src/snapshot/collectors/filesystem_errors.ts";
import { filesystems } from "../../../../src/snapshot/collectors/filesystems.ts";
import type { Space } from "../../../../src/snapshot/collector.ts";
import { type Case, GiB } from "./case.ts";

const mount = (type: string, options = "rw", super_options = "rw", at = "/srv") =>
  `30 20 8:1 / ${at} ${options},relatime shared:1 - ${type} /dev/sda1 ${super_options},errors=remount-ro\n`;
const MOUNTINFO = "/proc/self/mountinfo";
const space = (size: number, available: number, inodes = 1e6, inodes_free = 9e5): Record<string, Space> => ({
  "/srv": { size_bytes: size, available_bytes: available, inodes, inodes_free },
});
const NOW_MS = 1_700_000_000_000;
const disk = (numbers: string) =>
  `   8       0 sda ${numbers}\n   8       1 sda1 ${numbers}\n   7       0 loop0 9 9 9 9 9 9 9 9 9 9 9\n`;
const SDA = { "/sys/block/sda/size": "1\n", "/sys/block/sda/device/state": "running\n" };

function full(name: string, type: string, left: Record<string, Space | Error>, told: readonly string[]): Case {
  return { name, collector: filesystems, host: { start: { [MOUNTINFO]: mount(type) }, space: left }, told };
}

function growing(name: string, marks: unknown, told: readonly string[]): Case {
  const start = { [MOUNTINFO]: mount("ext4") };
  return {
    name,
    collector: filesystems,
    host: { start, space: space(100 * GiB, 10 * GiB), now_ms: NOW_MS, window_s: 0, remembered: { "/srv": marks } },
    told,
  };
}

export const STORAGE_CASES: readonly Case[] = [
  full("a full file system", "ext4", space(100 * GiB, 0), ["filesystem.full /srv critical"]),
  full("a root of 20 GiB with 800 MiB left", "ext4", space(20 * GiB, 0.8 * GiB), ["filesystem.full /srv warning"]),
  full("an archive of 20 TiB, 97 % full", "xfs", space(20_480 * GiB, 600 * GiB), []),
  full("a file system without inodes", "ext4", space(100 * GiB, 50 * GiB, 1e6, 0), [
    "filesystem.no_inodes /srv critical",
  ]),
  full("a mail store with 4 % of 100 million inodes left", "ext4", space(9000 * GiB, 900 * GiB, 1e8, 4e6), []),
  full("a full XFS, whose inodes come out of free space", "xfs", space(100 * GiB, 0, 60_000, 9), [
    "filesystem.full /srv critical",
  ]),
  full("a btrfs, which has no table of inodes", "btrfs", space(100 * GiB, 50 * GiB, 0, 0), []),
  full("a server of files that does not answer", "nfs4", { "/srv": new Error("no answer within 500 ms") }, []),
  {
    name: "an image that is mounted read-only, and full by nature",
    collector: filesystems,
    host: { start: { [MOUNTINFO]: mount("ext4", "ro", "ro") }, space: space(GiB, 0, 1e4, 0) },
    told: [],
  },
  {
    name: "a snap, an ISO image and a container's layer",
    collector: filesystems,
    host: {
      start: {
        [MOUNTINFO]: mount("squashfs", "ro", "ro", "/snap/core") + mount("iso9660", "ro", "ro", "/media/cd") +
          "99 30 0:54 / /var/lib/docker/overlay2/6f/merged rw - overlay overlay rw\n",
      },
      space: Object.fromEntries(
        ["/snap/core", "/media/cd", "/var/lib/docker/overlay2/6f/merged"].map((
          at,
        ) => [at, space(GiB, 0, 1e4, 0)["/srv"]!]),
      ),
    },
    told: [],
  },
  growing("a file system that has grown by 5 GiB an hour for two hours", [
    { at_ms: NOW_MS - 7200e3, available_bytes: 20 * GiB },
    { at_ms: NOW_MS - 3600e3, available_bytes: 15 * GiB },
  ], ["filesystem.filling /srv critical"]),
  growing("a file system into which a backup was written an hour ago, and nothing since", [
    { at_ms: NOW_MS - 7200e3, available_bytes: 20 * GiB },
    { at_ms: NOW_MS - 3600e3, available_bytes: 10 * GiB },
  ], []),
  growing("a file system into which a backup has been written for an hour", [
    { at_ms: NOW_MS - 7200e3, available_bytes: 20 * GiB },
    { at_ms: NOW_MS - 3600e3, available_bytes: 20 * GiB },
  ], []),
  growing("a file system that has grown slowly", [{ at_ms: NOW_MS - 7200e3, available_bytes: 10.1 * GiB }], []),
  growing("a file system into which a backup has been written for five minutes", [
    { at_ms: NOW_MS - 300e3, available_bytes: 30 * GiB },
  ], []),
  growing(
    "a file system whose last snapshot is from the future",
    [{ at_ms: NOW_MS + 9e6, available_bytes: 30 * GiB }],
    [],
  ),
  {
    name: "a file system that the kernel made read-only",
    collector: filesystemErrors,
    host: { start: { [MOUNTINFO]: mount("ext4", "rw", "ro") } },
    told: ["filesystem.read_only /srv critical"],
  },
  {
    name: "a file system that Linux 6.18 stopped, without calling it read-only",
    collector: filesystemErrors,
    host: { start: { [MOUNTINFO]: mount("ext4", "rw", "rw,emergency_ro") } },
    told: ["filesystem.read_only /srv critical"],
  },
  {
    name: "a file system that somebody mounted read-only, and a read-only image that says rw at its mount",
    collector: filesystemErrors,
    host: {
      start: {
        [MOUNTINFO]: mount("ext4", "ro", "ro") + "31 20 7:0 / /snap/core rw - squashfs /dev/loop0 ro\n" +
          "32 20 8:3 / /mnt/share rw - nfs4 nas:/export ro\n",
        "/etc/fstab": "/dev/sda1 /srv ext4 ro,noatime 0 2\n",
      },
    },
    told: [],
  },
  {
    name: "a file system that /etc/fstab wants writable, and is not",
    collector: filesystemErrors,
    host: {
      start: {
        [MOUNTINFO]: mount("ext4", "ro", "ro"),
        "/etc/fstab": "# comment\nUUID=1-2 /srv ext4 defaults,noatime 0 2\n",
      },
    },
    told: ["filesystem.read_only /srv warning"],
  },
  {
    name: "a file system that found an error an hour ago, and goes on (errors=continue)",
    collector: filesystemErrors,
    host: {
      now_ms: NOW_MS,
      start: {
        [MOUNTINFO]: mount("ext4"),
        "/sys/fs/ext4/sda1/errors_count": "3\n",
        "/sys/fs/ext4/sda1/last_error_time": `${NOW_MS / 1000 - 3600}\n`,
        "/sys/fs/ext4/sda1/last_error_func": "ext4_lookup\n",
        "/sys/fs/ext4/features/meta_bg_resize": "supported\n",
      },
    },
    told: ["filesystem.errors /srv critical"],
  },
  {
    name: "a file system that had an error last year",
    collector: filesystemErrors,
    host: {
      now_ms: NOW_MS,
      start: {
        [MOUNTINFO]: mount("ext4"),
        "/sys/fs/ext4/sda1/errors_count": "3\n",
        "/sys/fs/ext4/sda1/last_error_time": `${NOW_MS / 1000 - 3e7}\n`,
      },
    },
    told: [],
  },
  {
    name: "a disk that takes 1.5 s for a request",
    collector: blockDevices,
    host: {
      start: { ...SDA, "/proc/diskstats": disk("0 0 0 0 0 0 0 0 0 0 0") },
      end: { "/proc/diskstats": disk("10 0 80 15000 10 0 80 15000 3 9000 30000 0 0 0 0 0 0") },
    },
    told: ["block.slow sda warning"],
  },
  {
    name: "a disk that is busy all the time and answers in 90 ms",
    collector: blockDevices,
    host: {
      start: { ...SDA, "/proc/diskstats": disk("0 0 0 0 0 0 0 0 0 0 0") },
      end: { "/proc/diskstats": disk("1000 0 80000 90000 1000 0 80000 90000 32 10000 180000") },
    },
    told: [],
  },
  {
    name: "a disk that does not answer",
    collector: blockDevices,
    host: {
      start: { ...SDA, "/proc/diskstats": disk("5 0 40 20 5 0 40 20 2 100 40") },
      end: { "/proc/diskstats": disk("5 0 40 20 5 0 40 20 6 10100 40") },
    },
    told: ["block.stuck sda critical"],
  },
  {
    name: "a disk that the kernel gave up",
    collector: blockDevices,
    host: {
      start: {
        ...SDA,
        "/sys/block/sda/device/state": "offline\n",
        "/proc/diskstats": disk("5 0 40 20 5 0 40 20 0 100 40"),
      },
    },
    told: ["block.offline sda critical"],
  },
  {
    name: "a host with three arrays: whole, without a disk, and recovering",
    collector: blockDevices,
    host: {
      start: {
        "/proc/diskstats": "",
        "/proc/mdstat": "Personalities : [raid1] [raid6] [raid5]\n" +
          "md0 : active raid1 sdb1[1] sda1[0]\n      1046528 blocks super 1.2 [2/2] [UU]\n      \n" +
          "md1 : active raid5 sdc1[2] sdb2[1]\n      2093056 blocks super 1.2 level 5, 512k chunk [3/2] [UU_]\n      \n" +
          "md2 : active raid1 sdd1[2] sda3[0]\n      999 blocks [2/1] [U_]\n      [==>...]  recovery = 12.6% (1/9) finish=5min\n\n" +
          "unused devices: <none>\n",
      },
    },
    told: ["block.array_degraded md1 critical", "block.array_degraded md2 warning"],
  },
];

/** The ioctls that only read. All others are denied: what they do depends on the driver, and there are thousands. */
import type { Needs } from "../needs.ts";

/** asm-generic/ioctls.h: flags of the own descriptor, TCGETS, TIOCGPGRP, TIOCOUTQ, TIOCGWINSZ, FIONREAD, TIOCGSID … */
const TERMINALS_AND_FILES = [0x5401, 0x540f, 0x5411, 0x5413, 0x541b, 0x5421, 0x5429, 0x5450, 0x5451, 0x5452, 0x5460]
  .concat([0x802c_542a, 0x8004_5430, 0x8004_5438, 0x8004_5439]);
/** sockios.h: SIOCG…, and SIOCETHTOOL and SIOCGMIIREG, whose changes ask for CAP_NET_ADMIN. */
const NETWORK = [0x8903, 0x8904, 0x8905, 0x8906, 0x8907, 0x8910, 0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891b]
  .concat([0x891d, 0x8921, 0x8927, 0x8933, 0x8938, 0x8942, 0x8946, 0x8947, 0x8948, 0x894c, 0x8954, 0x8970])
  .concat([0x8993, 0x8994, 0x89b1])
  .concat(Array.from({ length: 24 }, (_, i) => 0x8b01 + 2 * i)); // wireless: the odd ones read
/** fs.h: BLKROGET, BLKGETSIZE(64), sizes and limits, zones; HDIO_GETGEO, HDIO_GET_IDENTITY; LOOP_GET_STATUS64. */
const BLOCK = [0x125e, 0x1260, 0x1263, 0x1267, 0x1268, 0x1278, 0x1279, 0x127a, 0x127b, 0x127c, 0x127e]
  .concat([
    0x8008_1270,
    0x8008_1272,
    0x8004_1284,
    0x8004_1285,
    0xc010_1282,
    0x8008_1280,
    0x0301,
    0x030d,
    0x4c03,
    0x4c05,
  ]);
/** FIGETBSZ, FS_IOC_FIEMAP, FS_IOC_GETFLAGS, FS_IOC_GETVERSION, FS_IOC_FSGETXATTR, the label, the UUID. */
const FILE_SYSTEMS = [0x2, 0xc020_660b, 0x8008_6601, 0x8008_7601, 0x801c_581f, 0x8100_9431, 0x8011_1500, 0x8081_1501]
  // btrfs: TREE_SEARCH, SPACE_INFO, DEV_INFO, FS_INFO, GET_DEV_STATS, SUBVOL_GETFLAGS
  .concat([0xd000_9411, 0xc010_9414, 0xd000_941e, 0x8400_941f, 0xc408_9434, 0x8008_9419]);
/** NS_GET_USERNS, _PARENT, _NSTYPE, _OWNER_UID; RTC_RD_TIME. */
const OTHERS = [0xb701, 0xb702, 0xb703, 0xb704, 0x8024_7009];
/** SG_IO, SG_GET_VERSION_NUM, HDIO_DRIVE_CMD, HDIO_DRIVE_TASKFILE, NVME_IOCTL_ID, NVME_IOCTL_ADMIN_CMD: S.M.A.R.T. */
const DRIVES = [0x2285, 0x2282, 0x5382, 0x5386, 0x031f, 0x031d, 0x4e40, 0xc048_4e41];
/** DM_VERSION, LIST_DEVICES, DEV_STATUS, TABLE_DEPS, TABLE_STATUS, LIST_VERSIONS. */
const DEVICE_MAPPER = [0xc138_fd00, 0xc138_fd02, 0xc138_fd07, 0xc138_fd0b, 0xc138_fd0c, 0xc138_fd0d];
/** PERF_EVENT_IOC_ENABLE, DISABLE, REFRESH, RESET, PERIOD, ID, SET_BPF: of the own events. */
const PERF_EVENTS = [0x2400, 0x2401, 0x2402, 0x2403, 0x4008_2404, 0x8008_2407, 0x4004_2408];

/** Request numbers as unsigned 32 bit. */
export function readingIoctls({ capabilities, calls }: Needs): readonly number[] {
  const drives = capabilities.includes("SYS_RAWIO") || capabilities.includes("SYS_ADMIN");
  return [
    ...TERMINALS_AND_FILES,
    ...NETWORK,
    ...BLOCK,
    ...FILE_SYSTEMS,
    ...OTHERS,
    ...drives ? DRIVES : [],
    ...capabilities.includes("SYS_ADMIN") ? DEVICE_MAPPER : [],
    ...calls.includes("perf_event_open") ? PERF_EVENTS : [],
  ];
}

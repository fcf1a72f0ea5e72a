/** Enum constants that kernels leave as names in `print fmt`, where their values have never changed. */

/** include/net/tcp_states.h */
export const TCP_STATES: readonly string[] = [
  "",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "CLOSING",
  "NEW_SYN_RECV",
];

/** Names without a value here are left out of their table: the value stays a number. */
export const KERNEL_CONSTANTS: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ...TCP_STATES.map((name, state): [string, bigint] => [`TCP_${name}`, BigInt(state)]),
  // include/uapi/linux/ioprio.h
  ["IOPRIO_CLASS_NONE", 0n],
  ["IOPRIO_CLASS_RT", 1n],
  ["IOPRIO_CLASS_BE", 2n],
  ["IOPRIO_CLASS_IDLE", 3n],
  ["IOPRIO_CLASS_INVALID", 7n],
  // include/linux/hrtimer.h
  ["HRTIMER_MODE_ABS", 0n],
  ["HRTIMER_MODE_REL", 1n],
  ["HRTIMER_MODE_ABS_PINNED", 2n],
  ["HRTIMER_MODE_REL_PINNED", 3n],
  ["HRTIMER_MODE_ABS_SOFT", 4n],
  ["HRTIMER_MODE_REL_SOFT", 5n],
  ["HRTIMER_MODE_ABS_PINNED_SOFT", 6n],
  ["HRTIMER_MODE_REL_PINNED_SOFT", 7n],
  ["HRTIMER_MODE_ABS_HARD", 8n],
  ["HRTIMER_MODE_REL_HARD", 9n],
  ["HRTIMER_MODE_ABS_PINNED_HARD", 10n],
  ["HRTIMER_MODE_REL_PINNED_HARD", 11n],
  // include/linux/mm_types.h
  ["VM_FAULT_OOM", 0x1n],
  ["VM_FAULT_SIGBUS", 0x2n],
  ["VM_FAULT_MAJOR", 0x4n],
  ["VM_FAULT_HWPOISON", 0x10n],
  ["VM_FAULT_HWPOISON_LARGE", 0x20n],
  ["VM_FAULT_SIGSEGV", 0x40n],
  ["VM_FAULT_NOPAGE", 0x100n],
  ["VM_FAULT_LOCKED", 0x200n],
  ["VM_FAULT_RETRY", 0x400n],
  ["VM_FAULT_FALLBACK", 0x800n],
  ["VM_FAULT_DONE_COW", 0x1000n],
  ["VM_FAULT_NEEDDSYNC", 0x2000n],
  // include/linux/mmzone.h
  ["VMSCAN_THROTTLE_WRITEBACK", 0n],
  ["VMSCAN_THROTTLE_ISOLATED", 1n],
  ["VMSCAN_THROTTLE_NOPROGRESS", 2n],
  ["VMSCAN_THROTTLE_CONGESTED", 3n],
  // include/linux/pm_qos.h
  ["DEV_PM_QOS_RESUME_LATENCY", 1n],
  ["DEV_PM_QOS_LATENCY_TOLERANCE", 2n],
  ["DEV_PM_QOS_MIN_FREQUENCY", 3n],
  ["DEV_PM_QOS_MAX_FREQUENCY", 4n],
  ["DEV_PM_QOS_FLAGS", 5n],
  ["PM_QOS_ADD_REQ", 0n],
  ["PM_QOS_UPDATE_REQ", 1n],
  ["PM_QOS_REMOVE_REQ", 2n],
]);

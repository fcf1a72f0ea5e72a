/** What `ktriage probes list` can list. */

/** Types of probes in a kernel; a function has the same arguments whatever way it is probed. */
const KERNEL_TYPES = ["tracepoint", "raw_tracepoint", "kprobe", "kretprobe", "fentry", "fexit"] as const;
export type KernelType = (typeof KERNEL_TYPES)[number];

export const LISTED_TYPES = [...KERNEL_TYPES, "uprobe", "uretprobe"] as const;
export type ListedType = (typeof LISTED_TYPES)[number];

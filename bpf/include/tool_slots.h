/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rows where hits are many: they stand in an array of each CPU, found by a hash of their key, and go into a hash map only
 * when another row takes their place. What a row's process is (ktriage's own, filtered out) is found out once, when the row
 * is made. Only one program writes the slots of a CPU, and the kernel does not run it twice at once there: nothing is
 * atomic.
 */
#ifndef KTRIAGE_TOOL_SLOTS_H
#define KTRIAGE_TOOL_SLOTS_H

#include "tool.h"

#define SLOTS 256 /* with a histogram within the 32 KiB that a value for each CPU may have (PCPU_MIN_UNIT_SIZE) */

/* Starts every slot; what the tool counts follows. */
struct slot {
	__u64 key; /* host's tgid << 32 | the tool's own part; 0: nobody's */
	__u32 is_wanted;
	struct count_key row;
	__u32 pad;
};

/* A place for each key, the same for all CPUs. */
static __always_inline __u32 slot_of(__u64 key)
{
	return (key * 0x9e3779b97f4a7c15ULL) >> 56 & (SLOTS - 1);
}

/* Whether threads of one process may differ in what the filters say, and one thread from one moment to the next. */
static __always_inline int filters_threads(void)
{
	return config.session.tid || config.session.comm_mask[0] || config.session.flags & FILTER_UID;
}

/* The slot is the row of this key from now on, which the current process is hit under. */
static __always_inline void begin_row(struct slot *slot, __u64 key)
{
	struct who who = {};

	slot->key = key;
	slot->is_wanted = is_wanted(&who) || filters_threads();
	who.key.key = key;
	slot->row = who.key;
}

/* Is this hit of the row one that counts? */
static __always_inline int is_wanted_row(struct slot *slot)
{
	struct who who = {};

	if (!slot->is_wanted)
		return 0;
	if (!filters_threads())
		return 1;
	if (!is_wanted(&who))
		return 0;
	__builtin_memcpy(slot->row.comm, who.key.comm, sizeof(slot->row.comm));
	return 1;
}

/*
 * When something began, by thread: an array in which each thread id has a place. Two threads whose ids differ by a multiple
 * of STARTS share one. Measured on a system call: as cheap as task storage, which needs BTF and Linux 5.12; a hash map takes
 * 20 to 30 ns more, even one whose rows stay.
 */
#define STARTS 65536

struct start {
	__u32 tid; /* of the host */
	__u32 note;
	__u64 time_ns; /* 0: nothing has begun */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STARTS);
	__type(key, __u32);
	__type(value, struct start);
} starts SEC(".maps");

static __always_inline struct start *start_of(__u32 tid)
{
	/* an odd factor: no two of 65536 ids in a row meet, and neighbours do not share a cache line */
	__u32 at = (tid * 40503) & (STARTS - 1);

	return bpf_map_lookup_elem(&starts, &at);
}

#endif

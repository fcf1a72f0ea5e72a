/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the object of every curated tool begins with: its configuration, the filters, counts of what found no room.
 * src/probes/tools/object.ts is the other side.
 */
#ifndef KTRIAGE_TOOL_H
#define KTRIAGE_TOOL_H

#include "event.h"
#include <bpf/bpf_helpers.h>

#define TOOL_OFFSETS 24
#define TOOL_NUMBERS 8

/* Frozen before the load. It is all of .rodata: a tool must have no other constant there. */
struct tool_config {
	struct session_config session; /* the filters, the pid namespace */
	__u32 offsets[TOOL_OFFSETS];   /* in records or in structures of the kernel; each tool has an enum of them */
	__u64 numbers[TOOL_NUMBERS];   /* whatever else the tool is told */
};

const volatile struct tool_config config = {};

#include "buckets.h"
#include "filter.h"
#include "maps.h"

/*
 * Set when the window ends. Detaching what hangs on events takes the kernel some 40 ms for each, one after the other: what
 * comes meanwhile must not count. Raw tracepoints are left at once and need not look.
 */
volatile __u32 window_is_over;

struct tool_stats {
	__u64 hits;	   /* what the tool counts, where rows do not say it */
	__u64 lost_rows;   /* hits that found no room in a map */
	__u64 lost_events; /* exemplars that found no room in the ring buffer */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tool_stats);
} tool_stats SEC(".maps");

static __always_inline void count_lost_row(void)
{
	struct tool_stats *stats = only_value(&tool_stats);

	if (stats)
		__sync_fetch_and_add(&stats->lost_rows, 1);
}

/* The row of a map; made from `fresh` where there is none. 0, and counted as lost, when the map is full. */
static __always_inline void *row_of(void *map, const void *key, const void *fresh)
{
	void *row = value_of(map, key, fresh);

	if (!row)
		count_lost_row();
	return row;
}

/* A sum and its largest part, side by side in a row. */
static __always_inline void add_time(__u64 *sum, __u64 *max, __u64 ns)
{
	__sync_fetch_and_add(sum, ns);
	if (ns > *max)
		*max = ns;
}

/* What is at an offset of config.offsets: in a record, or in a structure of the kernel. 0 where it cannot be read. */
static __always_inline __u32 u32_at(const void *base, __u32 offset)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), base + offset);
	return value;
}

static __always_inline __u64 u64_at(const void *base, __u32 offset)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), base + offset);
	return value;
}

#endif

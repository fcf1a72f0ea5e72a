/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The one histogram of a tool: timesOf() in src/probes/tools/times.ts reads it. */
#ifndef KTRIAGE_TIMES_H
#define KTRIAGE_TIMES_H

#include "tool.h"

/* One entry: user space reads it with one call. */
struct times {
	__u64 buckets[LATENCY_BUCKETS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct times);
} times SEC(".maps");

static __always_inline void count_time(__u64 ns)
{
	__u32 bucket = bucket_of(ns);
	struct times *all = only_value(&times);

	if (all && bucket < LATENCY_BUCKETS)
		__sync_fetch_and_add(&all->buckets[bucket], 1);
}

#endif

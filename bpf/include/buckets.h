/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Buckets of a histogram that is exact for all of 64 bits; bucketBounds() in src/probes/engine/counts.ts has their bounds. */
#ifndef KTRIAGE_BUCKETS_H
#define KTRIAGE_BUCKETS_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/*
 * Without branches, of which the verifier would follow every combination: 0 - x has its highest bit set when x, which is
 * below 2^63, is not 0.
 */
static __always_inline __u32 highest_bit(__u64 value)
{
	__u64 shift, highest = 0;
	int i;

#pragma unroll
	for (i = 5; i >= 0; i--) {
		shift = (0 - (value >> (1 << i))) >> 63 << i;
		value >>= shift;
		highest += shift;
	}
	return highest;
}

/* The 3 bits behind the highest one decide: 8 buckets for each power of two, at most 12.5% wide. */
static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 highest = highest_bit(ns | 8);

	return 8 * (highest - 3) + (ns >> (highest - 3));
}

#endif

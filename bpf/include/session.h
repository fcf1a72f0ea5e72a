/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What every program of a session does alike: filters, exact counts, the governor. */
#ifndef KTRIAGE_SESSION_H
#define KTRIAGE_SESSION_H

#include "event.h"
#include "own.h"

const volatile struct config config = {};

/* Shared by all programs of the session: user space puts its own map in here before the load. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct count_key);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats);
} stats SEC(".maps");

/* The governor's only state: when the next event would be due if events came evenly (GCRA). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} governor SEC(".maps");

static __always_inline struct stats *session_stats(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&stats, &zero);
}

static __always_inline int filter_matches(const struct count_key *key, __u32 tid)
{
	const __u64 *comm = (const __u64 *)key->comm;

	if (config.tgid && config.tgid != key->tgid)
		return 0;
	if (config.tid && config.tid != tid)
		return 0;
	if ((config.flags & FILTER_UID) && config.uid != (__u32)bpf_get_current_uid_gid())
		return 0;
	if (config.comm_mask[0] && (comm[0] & config.comm_mask[0]) != config.comm[0])
		return 0;
	if (config.comm_mask[1] && (comm[1] & config.comm_mask[1]) != config.comm[1])
		return 0;
	return !bpf_map_lookup_elem(&own, &key->tgid);
}

static __always_inline void count_hit(const struct count_key *key, struct stats *stats)
{
	__u64 *hits, none = 0;

	stats->hits++;
	hits = bpf_map_lookup_elem(&counts, key);
	if (!hits) {
		/* another CPU may have inserted it meanwhile: that row counts */
		bpf_map_update_elem(&counts, key, &none, BPF_NOEXIST);
		hits = bpf_map_lookup_elem(&counts, key);
	}
	if (hits)
		__sync_fetch_and_add(hits, 1);
	else
		stats->uncounted++;
}

/*
 * May this hit be emitted? Two CPUs that read the same due time may both pass: the bound is exact to the number of
 * CPUs, and needs no compare-and-swap, which BPF has only since 5.12.
 */
static __always_inline int governor_admits(__u64 now)
{
	__u32 zero = 0;
	__u64 *due;

	if (!config.interval_ns)
		return 1;
	due = bpf_map_lookup_elem(&governor, &zero);
	if (!due)
		return 0;
	if (*due + config.burst_ns < now)
		*due = now - config.burst_ns;
	if (*due > now)
		return 0;
	__sync_fetch_and_add(due, config.interval_ns);
	return 1;
}

#endif

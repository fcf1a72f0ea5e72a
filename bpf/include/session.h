/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What every program of a session does alike: filters, exact counts, the governor, the latency histogram. Included behind
 * the family's own `const volatile struct … config`, whose first member is `struct session_config session`.
 */
#ifndef KTRIAGE_SESSION_H
#define KTRIAGE_SESSION_H

#include "buckets.h"
#include "filter.h"
#include "maps.h"

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

/* Latencies by bucket_of(); exact whatever the governor does. One bucket where no histogram is asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LATENCY_BUCKETS);
	__type(key, __u32);
	__type(value, __u64);
} latencies SEC(".maps");

static __always_inline struct stats *session_stats(void)
{
	return only_value(&stats);
}

/* Programs on functions can be preempted by others on the same CPU: what is per CPU is added to atomically, too. */
static __always_inline void count_hit(const struct count_key *key, struct stats *stats)
{
	__u64 none = 0, *hits = value_of(&counts, key, &none);

	if (hits)
		__sync_fetch_and_add(hits, 1);
	else
		__sync_fetch_and_add(&stats->uncounted, 1);
}

/*
 * May this hit be emitted? Two CPUs that read the same due time may both pass: the bound is exact to the number of
 * CPUs, and needs no compare-and-swap, which BPF has only since 5.12.
 */
static __always_inline int governor_admits(__u64 now)
{
	__u64 *due;

	if (!config.session.interval_ns)
		return 1;
	due = only_value(&governor);
	if (!due)
		return 0;
	if (*due + config.session.burst_ns < now)
		*due = now - config.session.burst_ns;
	if (*due > now)
		return 0;
	__sync_fetch_and_add(due, config.session.interval_ns);
	return 1;
}

/* Fills in what events of all kinds begin with. */
static __always_inline void describe_event(struct event *event, const struct who *who, __u64 now)
{
	event->time_ns = now;
	event->tgid = who->key.tgid;
	event->tid = who->ids;
	event->uid = bpf_get_current_uid_gid();
	event->program = config.session.program;
	event->flags = 0;
	event->pad = 0;
	__builtin_memcpy(event->comm, who->key.comm, sizeof(event->comm));
}

static __always_inline void count_latency(__u64 ns)
{
	__u32 bucket;
	__u64 *calls;

	if (!(config.session.flags & HISTOGRAM))
		return;
	bucket = bucket_of(ns);
	calls = bpf_map_lookup_elem(&latencies, &bucket);
	if (calls)
		__sync_fetch_and_add(calls, 1);
}

#endif

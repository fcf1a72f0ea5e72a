/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Single events that a tool hands over beside its counts: the first ones that fit into a small ring buffer of its own. */
#ifndef KTRIAGE_TOOL_EXEMPLARS_H
#define KTRIAGE_TOOL_EXEMPLARS_H

#include "tool.h"

/* Starts every exemplar; the tool's own members follow. */
struct exemplar {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u32 kind; /* the tool's own */
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* object.ts sets it */
} exemplars SEC(".maps");

/* Of the current process. */
static __always_inline void describe_exemplar(struct exemplar *exemplar, const struct who *who, __u32 kind)
{
	exemplar->time_ns = bpf_ktime_get_ns();
	exemplar->tgid = who->key.tgid;
	exemplar->tid = who->ids;
	exemplar->uid = bpf_get_current_uid_gid();
	exemplar->kind = kind;
	__builtin_memcpy(exemplar->comm, who->key.comm, sizeof(exemplar->comm));
}

/* `exemplar`: the tool's structure, which begins with a struct exemplar. */
static __always_inline void hand_over(void *exemplar, __u64 bytes)
{
	struct tool_stats *stats;

	if (!bpf_ringbuf_output(&exemplars, exemplar, bytes, BPF_RB_NO_WAKEUP))
		return;
	stats = only_value(&tool_stats);
	if (stats)
		__sync_fetch_and_add(&stats->lost_events, 1);
}

#endif

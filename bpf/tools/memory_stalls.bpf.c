// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Page faults by process, and how long processes had to free memory themselves before they got any. */
#include "tool.h"
#include "times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum number {
	MINOR_WEIGHT, /* the event comes once for so many minor faults */
};

enum stall {
	DIRECT_RECLAIM = 0, /* the host has too little memory */
	GROUP_RECLAIM = 1,  /* the control group has reached its limit */
	COMPACTION = 2,	    /* memory is there, in pieces that are too small */
	STALLS,
};

struct stall_count {
	__u64 count;
	__u64 total_ns;
	__u64 max_ns;
};

struct process {
	__u64 minor;
	__u64 major;
	struct stall_count stalls[STALLS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct count_key);
	__type(value, struct process);
} processes SEC(".maps");

struct start_key {
	__u32 tid;
	__u32 stall;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* a thread may be ended before its stall is over */
	__uint(max_entries, 4096);
	__type(key, struct start_key);
	__type(value, __u64);
} started SEC(".maps");

static __always_inline struct process *current_process(void)
{
	struct process fresh = {};
	struct who who;

	return is_wanted(&who) ? row_of(&processes, &who.key, &fresh) : 0;
}

SEC("perf_event")
int minor_fault(void *ctx)
{
	struct process *process = current_process();

	if (window_is_over)
		return 0;
	if (process)
		__sync_fetch_and_add(&process->minor, config.numbers[MINOR_WEIGHT]);
	return 0;
}

SEC("perf_event")
int major_fault(void *ctx)
{
	struct process *process = current_process();

	if (window_is_over)
		return 0;
	if (process)
		__sync_fetch_and_add(&process->major, 1);
	return 0;
}

static __always_inline int begin(__u32 stall)
{
	struct start_key key = { .tid = bpf_get_current_pid_tgid(), .stall = stall };
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&started, &key, &now, BPF_ANY);
	return 0;
}

static __always_inline int end(__u32 stall)
{
	struct start_key key = { .tid = bpf_get_current_pid_tgid(), .stall = stall };
	__u64 *start = bpf_map_lookup_elem(&started, &key), ns;
	struct tool_stats *stats = only_value(&tool_stats);
	struct process *process;

	if (!start || !stats)
		return 0;
	ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&started, &key);
	process = current_process();
	if (!process)
		return 0;
	__sync_fetch_and_add(&stats->hits, 1);
	__sync_fetch_and_add(&process->stalls[stall].count, 1);
	add_time(&process->stalls[stall].total_ns, &process->stalls[stall].max_ns, ns);
	count_time(ns);
	return 0;
}

SEC("raw_tp")
int reclaim_begun(void *ctx)
{
	return begin(DIRECT_RECLAIM);
}

SEC("raw_tp")
int reclaim_ended(void *ctx)
{
	return end(DIRECT_RECLAIM);
}

SEC("raw_tp")
int group_reclaim_begun(void *ctx)
{
	return begin(GROUP_RECLAIM);
}

SEC("raw_tp")
int group_reclaim_ended(void *ctx)
{
	return end(GROUP_RECLAIM);
}

SEC("raw_tp")
int compaction_begun(void *ctx)
{
	return begin(COMPACTION);
}

SEC("raw_tp")
int compaction_ended(void *ctx)
{
	return end(COMPACTION);
}

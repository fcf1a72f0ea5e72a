// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* How long threads do not run, why, and where in the kernel. */
#include "tool_stacks.h"
#include "times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of sched:sched_switch; off_cpu.ts holds the same order. */
enum offset {
	PREV_PID,
	PREV_STATE,
	NEXT_PID,
};

/* As the record reports states, in every kernel since 4.14 (TASK_REPORT, TASK_REPORT_MAX). */
#define SLEEPS		0x01
#define UNINTERRUPTIBLE 0x02
#define STOPPED		0x0c
#define DEAD		0x30
#define IDLE		0x80
#define PREEMPTED	0x100

enum why {
	RUNNABLE = 0, /* another one got the CPU */
	SLEEPING = 1,
	BLOCKED = 2, /* uninterruptible: disk, locks of the kernel */
};

/* time_ns is 0 while the thread runs: the row stays, for inserting costs more. */
struct wait {
	__u64 time_ns;
	__s32 kernel_stack;
	__u32 why;
	__u32 tgid;
	__u32 pad;
	char comm[16];
};

struct place {
	__u32 tgid;
	__s32 kernel_stack;
	__u32 why;
	__u32 pad;
	char comm[16];
};

struct waits {
	__u64 count;
	__u64 total_ns;
	__u64 max_ns;
};

/* Allocated ahead, for the scheduler holds its lock. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u32); /* tid on the host */
	__type(value, struct wait);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct place);
	__type(value, struct waits);
} places SEC(".maps");

static __always_inline void begin_wait(void *ctx, __u32 tid, __u64 state, __u64 now)
{
	struct wait fresh = {}, *wait;
	struct who who;

	if (state & DEAD) {
		bpf_map_delete_elem(&waiting, &tid);
		return;
	}
	/* workers of the kernel without work, and what a debugger or a terminal holds */
	if (state & (IDLE | STOPPED))
		return;
	if (!is_wanted(&who))
		return;
	wait = row_of(&waiting, &tid, &fresh);
	if (!wait)
		return;
	wait->time_ns = now;
	wait->why = state & UNINTERRUPTIBLE ? BLOCKED : state & SLEEPS ? SLEEPING : RUNNABLE;
	wait->tgid = who.key.tgid;
	__builtin_memcpy(wait->comm, who.key.comm, sizeof(wait->comm));
	/* one that another one pushed off its CPU was not waiting in any function */
	wait->kernel_stack = wait->why == RUNNABLE ? NO_STACK : stack_of(ctx, 0);
}

static __always_inline void end_wait(__u32 tid, __u64 now)
{
	struct wait *wait = bpf_map_lookup_elem(&waiting, &tid);
	struct tool_stats *stats = only_value(&tool_stats);
	struct waits none = {}, *waits;
	struct place place = {};
	__u64 ns;

	if (!wait || !wait->time_ns || !stats)
		return;
	ns = now - wait->time_ns;
	wait->time_ns = 0;
	__sync_fetch_and_add(&stats->hits, 1);
	place.tgid = wait->tgid;
	place.kernel_stack = wait->kernel_stack;
	place.why = wait->why;
	__builtin_memcpy(place.comm, wait->comm, sizeof(place.comm));
	waits = row_of(&places, &place, &none);
	if (waits) {
		__sync_fetch_and_add(&waits->count, 1);
		add_time(&waits->total_ns, &waits->max_ns, ns);
	}
	if (wait->why == BLOCKED)
		count_time(ns);
}

/* In the thread that leaves the CPU. */
SEC("tracepoint")
int switched(void *ctx)
{
	__u32 prev = u32_at(ctx, config.offsets[PREV_PID]), next = u32_at(ctx, config.offsets[NEXT_PID]);
	__u64 now = bpf_ktime_get_ns();

	if (window_is_over)
		return 1;
	if (prev)
		begin_wait(ctx, prev, u64_at(ctx, config.offsets[PREV_STATE]), now);
	if (next)
		end_wait(next, now);
	return 1;
}

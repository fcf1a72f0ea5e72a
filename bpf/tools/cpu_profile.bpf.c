// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What the CPUs run, sampled: by process and by stack. */
#include "tool_stacks.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct sample_key {
	__u32 tgid;
	__s32 user_stack;
	__s32 kernel_stack;
	__u32 pad;
	char comm[16];
};

struct samples {
	__u64 busy; /* of wanted processes */
	__u64 idle;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sample_key);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct samples);
} samples SEC(".maps");

SEC("perf_event")
int sampled(void *ctx)
{
	struct sample_key key = {};
	__u64 none = 0, *count;
	struct samples *all;
	struct who who;

	if (window_is_over)
		return 0;
	all = only_value(&samples);
	if (!all)
		return 0;
	if (!(__u32)bpf_get_current_pid_tgid()) {
		__sync_fetch_and_add(&all->idle, 1);
		return 0;
	}
	if (!is_wanted(&who))
		return 0;
	__sync_fetch_and_add(&all->busy, 1);
	key.tgid = who.key.tgid;
	__builtin_memcpy(key.comm, who.key.comm, sizeof(key.comm));
	key.kernel_stack = stack_of(ctx, 0);
	key.user_stack = stack_of(ctx, BPF_F_USER_STACK);
	count = row_of(&counts, &key, &none);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

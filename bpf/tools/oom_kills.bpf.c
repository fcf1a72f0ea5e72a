// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Processes that the kernel chose to end, out of memory. */
#include "tool.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of oom:mark_victim; oom_kills.ts holds the same order. All but the first are 0 before Linux 6.9. */
enum offset {
	VICTIM_PID,
	VICTIM_TOTAL_VM,
	VICTIM_ANON_RSS,
	VICTIM_FILE_RSS,
	VICTIM_SHMEM_RSS,
	VICTIM_PGTABLES,
	VICTIM_UID,
	VICTIM_SCORE_ADJ,
	VICTIM_COMM, /* __data_loc */
};

#define SIZES 5

struct victim {
	__u64 time_ns;
	__u64 sizes_kb[SIZES]; /* in the order of the offsets */
	__u32 uid;
	__s32 score_adj;
	__u32 trigger; /* tgid of the process whose allocation led to it */
	__u32 pad;
	char comm[16];
	char trigger_comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* tgid on the host */
	__type(value, struct victim);
} victims SEC(".maps");

static __always_inline void read_numbers(struct victim *victim, void *ctx)
{
	__u32 comm_at;
	int i;

	if (!config.offsets[VICTIM_TOTAL_VM])
		return;
#pragma unroll
	for (i = 0; i < SIZES; i++)
		victim->sizes_kb[i] = u64_at(ctx, config.offsets[VICTIM_TOTAL_VM + i]);
	victim->uid = u32_at(ctx, config.offsets[VICTIM_UID]);
	victim->score_adj = (__s16)u32_at(ctx, config.offsets[VICTIM_SCORE_ADJ]);
	comm_at = u32_at(ctx, config.offsets[VICTIM_COMM]) & 0xffff;
	bpf_probe_read_kernel_str(victim->comm, sizeof(victim->comm), ctx + comm_at);
}

/* In the process whose allocation found no memory. */
SEC("tracepoint")
int victim_marked(void *ctx)
{
	__u32 tgid = u32_at(ctx, config.offsets[VICTIM_PID]);
	struct tool_stats *stats = only_value(&tool_stats);
	struct victim victim = {};

	if (window_is_over)
		return 1;
	if (!stats || bpf_map_lookup_elem(&own, &tgid))
		return 1;
	__sync_fetch_and_add(&stats->hits, 1);
	victim.time_ns = bpf_ktime_get_ns();
	victim.trigger = visible_ids(config.session.pidns_dev, config.session.pidns_ino) >> 32;
	bpf_get_current_comm(victim.trigger_comm, sizeof(victim.trigger_comm));
	read_numbers(&victim, ctx);
	if (bpf_map_update_elem(&victims, &tgid, &victim, BPF_ANY))
		count_lost_row();
	return 1;
}

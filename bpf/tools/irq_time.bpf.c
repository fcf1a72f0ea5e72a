// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* How much of their time CPUs give to interrupts, hard and soft, by which. */
#include "tool.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum offset {
	ACTION_NAME,   /* of struct irqaction */
	HANDLER_IRQ,   /* of irq:irq_handler_entry */
	HANDLER_NAME,  /* __data_loc */
	SOFTIRQ_VEC,   /* of irq:softirq_entry */
	VECTOR_NUMBER, /* of irq_vectors:* */
};

#define SOFTIRQS  10	  /* NR_SOFTIRQS */
#define IS_VECTOR 0x10000 /* in a source: one of the CPU's own interrupts, which have no handler with a name */

struct times {
	__u64 count;
	__u64 total_ns;
	__u64 max_ns;
};

struct source {
	struct times times;
	char name[24];
};

/* What this CPU is in; interrupts of one kind do not nest. */
struct now {
	__u64 hard_start_ns;
	__u64 soft_start_ns;
	__u64 hard_ns;		/* in hard interrupts until now */
	__u64 hard_ns_at_start; /* of the soft one that it is in */
	__u32 source;
	__u32 vec;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 512);
	__type(key, __u32); /* number of the interrupt, or IS_VECTOR and the vector's */
	__type(value, struct source);
} hard SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SOFTIRQS);
	__type(key, __u32);
	__type(value, struct times);
} soft SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct now);
} current_cpu SEC(".maps");

static __always_inline void count_time(struct times *times, __u64 ns)
{
	times->count++;
	times->total_ns += ns;
	if (ns > times->max_ns)
		times->max_ns = ns;
}

/* `name`: in the kernel's memory, read when its row is made; 0: it has none. */
static __always_inline void enter_hard(__u32 source, const void *name)
{
	struct now *now = only_value(&current_cpu);
	struct source fresh = {};

	if (!now)
		return;
	now->source = source;
	if (!bpf_map_lookup_elem(&hard, &source)) {
		if (name)
			bpf_probe_read_kernel_str(fresh.name, sizeof(fresh.name), name);
		bpf_map_update_elem(&hard, &source, &fresh, BPF_NOEXIST);
	}
	now->hard_start_ns = bpf_ktime_get_ns();
}

static __always_inline void leave_hard(void)
{
	__u64 end = bpf_ktime_get_ns(), ns;
	struct now *now = only_value(&current_cpu);
	struct source *row;
	__u32 source;

	if (!now || !now->hard_start_ns)
		return;
	ns = end - now->hard_start_ns;
	now->hard_start_ns = 0;
	now->hard_ns += ns;
	source = now->source;
	row = bpf_map_lookup_elem(&hard, &source);
	if (row)
		count_time(&row->times, ns);
	else
		count_lost_row();
}

static __always_inline void enter_soft(__u32 vec)
{
	struct now *now = only_value(&current_cpu);

	if (!now)
		return;
	now->vec = vec;
	now->hard_ns_at_start = now->hard_ns;
	now->soft_start_ns = bpf_ktime_get_ns();
}

/* Without the hard interrupts that came in between. */
static __always_inline void leave_soft(void)
{
	__u64 end = bpf_ktime_get_ns(), ns;
	struct now *now = only_value(&current_cpu);
	struct times *times;
	__u32 vec;

	if (!now || !now->soft_start_ns)
		return;
	ns = end - now->soft_start_ns - (now->hard_ns - now->hard_ns_at_start);
	now->soft_start_ns = 0;
	vec = now->vec;
	times = bpf_map_lookup_elem(&soft, &vec);
	if (times)
		count_time(times, ns);
}

/* (int irq, struct irqaction *action) */
SEC("raw_tp")
int raw_handler_entered(struct bpf_raw_tracepoint_args *ctx)
{
	enter_hard(ctx->args[0], (void *)u64_at((void *)ctx->args[1], config.offsets[ACTION_NAME]));
	return 0;
}

SEC("raw_tp")
int raw_hard_left(struct bpf_raw_tracepoint_args *ctx)
{
	leave_hard();
	return 0;
}

/* (int vector) */
SEC("raw_tp")
int raw_vector_entered(struct bpf_raw_tracepoint_args *ctx)
{
	enter_hard(IS_VECTOR | (__u32)ctx->args[0], 0);
	return 0;
}

/* (unsigned int vec_nr) */
SEC("raw_tp")
int raw_soft_entered(struct bpf_raw_tracepoint_args *ctx)
{
	enter_soft(ctx->args[0]);
	return 0;
}

SEC("raw_tp")
int raw_soft_left(struct bpf_raw_tracepoint_args *ctx)
{
	leave_soft();
	return 0;
}

SEC("tracepoint")
int handler_entered(void *ctx)
{
	if (window_is_over)
		return 1;
	enter_hard(u32_at(ctx, config.offsets[HANDLER_IRQ]),
		   ctx + (u32_at(ctx, config.offsets[HANDLER_NAME]) & 0xffff));
	return 1;
}

SEC("tracepoint")
int hard_left(void *ctx)
{
	if (window_is_over)
		return 1;
	leave_hard();
	return 1;
}

SEC("tracepoint")
int vector_entered(void *ctx)
{
	if (window_is_over)
		return 1;
	enter_hard(IS_VECTOR | u32_at(ctx, config.offsets[VECTOR_NUMBER]), 0);
	return 1;
}

SEC("tracepoint")
int soft_entered(void *ctx)
{
	if (window_is_over)
		return 1;
	enter_soft(u32_at(ctx, config.offsets[SOFTIRQ_VEC]));
	return 1;
}

SEC("tracepoint")
int soft_left(void *ctx)
{
	if (window_is_over)
		return 1;
	leave_soft();
	return 1;
}

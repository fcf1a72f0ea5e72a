// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* System calls by process and number: how many, how many failed and with what, how long they took. */
#include "syscall_regs.h"
#include "tool_slots.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* In the records of raw_syscalls. */
enum offset {
	ID,
	RET,
};

struct call_counts {
	__u64 calls;
	__u64 errors;
	__u64 total_ns;
	__u64 max_ns;
};

struct call_slot {
	struct slot slot; /* its key ends in the number of the call */
	struct call_counts counts;
};

struct cpu_calls {
	struct call_slot slots[SLOTS];
	__u64 latencies[LATENCY_BUCKETS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_calls);
} cpu_calls SEC(".maps");

/* Rows that have lost their slot. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct count_key);
	__type(value, struct call_counts);
} calls SEC(".maps");

struct error_key {
	struct count_key row;
	__u32 error;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct error_key);
	__type(value, __u64);
} errors SEC(".maps");

static __always_inline void keep(const struct call_slot *slot)
{
	const struct call_counts none = {};
	struct call_counts *counts;

	if (!slot->counts.calls)
		return;
	counts = row_of(&calls, &slot->slot.row, &none);
	if (!counts)
		return;
	__sync_fetch_and_add(&counts->calls, slot->counts.calls);
	__sync_fetch_and_add(&counts->errors, slot->counts.errors);
	__sync_fetch_and_add(&counts->total_ns, slot->counts.total_ns);
	if (slot->counts.max_ns > counts->max_ns)
		counts->max_ns = slot->counts.max_ns;
}

static __always_inline void take_over(struct call_slot *slot, __u64 key)
{
	keep(slot);
	__builtin_memset(&slot->counts, 0, sizeof(slot->counts));
	begin_row(&slot->slot, key);
}

static __always_inline void count_error(const struct count_key *row, __s64 ret)
{
	struct error_key key = { .row = *row, .error = -ret };
	__u64 none = 0, *count = row_of(&errors, &key, &none);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline struct call_slot *count_call(struct cpu_calls *cpu, __u32 number, __s64 ret)
{
	__u64 key = (bpf_get_current_pid_tgid() & ~0xffffffffULL) | number;
	struct call_slot *slot = &cpu->slots[slot_of(key)];

	if (slot->slot.key != key)
		take_over(slot, key);
	if (!is_wanted_row(&slot->slot))
		return 0;
	slot->counts.calls++;
	if (ret < 0 && ret >= -MAX_ERRNO) {
		slot->counts.errors++;
		count_error(&slot->slot.row, ret);
	}
	return slot;
}

static __always_inline void counted(__u32 number, __s64 ret)
{
	struct cpu_calls *cpu = only_value(&cpu_calls);

	if (cpu)
		count_call(cpu, number, ret);
}

static __always_inline void begun(__u32 number)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct start *start;

	/* they do not return */
	if (number == NR_EXIT || number == NR_EXIT_GROUP)
		return;
	start = start_of(tid);
	if (!start)
		return;
	/* another thread with the same place is still in its call, which will not be seen to end */
	if (start->time_ns && start->tid != tid)
		count_lost_row();
	start->tid = tid;
	start->note = number;
	start->time_ns = bpf_ktime_get_ns();
}

static __always_inline void ended(__s64 ret)
{
	__u32 tid = bpf_get_current_pid_tgid(), bucket;
	struct start *start = start_of(tid);
	struct cpu_calls *cpu;
	struct call_slot *slot;
	__u64 ns;

	if (!start || !start->time_ns || start->tid != tid)
		return;
	ns = bpf_ktime_get_ns() - start->time_ns;
	start->time_ns = 0;
	cpu = only_value(&cpu_calls);
	if (!cpu)
		return;
	slot = count_call(cpu, start->note, ret);
	if (!slot)
		return;
	slot->counts.total_ns += ns;
	if (ns > slot->counts.max_ns)
		slot->counts.max_ns = ns;
	bucket = bucket_of(ns);
	if (bucket < LATENCY_BUCKETS)
		cpu->latencies[bucket]++;
}

/* (struct pt_regs *regs, long ret) */
SEC("raw_tp")
int raw_counted(struct bpf_raw_tracepoint_args *ctx)
{
	counted(marked_syscall_number((void *)ctx->args[0]), ctx->args[1]);
	return 0;
}

/* (struct pt_regs *regs, long id) */
SEC("raw_tp")
int raw_begun(struct bpf_raw_tracepoint_args *ctx)
{
	begun(marked_syscall_number((void *)ctx->args[0]));
	return 0;
}

SEC("raw_tp")
int raw_ended(struct bpf_raw_tracepoint_args *ctx)
{
	ended(ctx->args[1]);
	return 0;
}

SEC("tracepoint")
int event_counted(void *ctx)
{
	if (window_is_over)
		return 1;
	counted(u32_at(ctx, config.offsets[ID]), u64_at(ctx, config.offsets[RET]));
	return 1;
}

SEC("tracepoint")
int event_begun(void *ctx)
{
	if (window_is_over)
		return 1;
	begun(u32_at(ctx, config.offsets[ID]));
	return 1;
}

SEC("tracepoint")
int event_ended(void *ctx)
{
	if (window_is_over)
		return 1;
	ended(u64_at(ctx, config.offsets[RET]));
	return 1;
}

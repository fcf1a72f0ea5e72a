// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The scheduler by process: time on a CPU, switches, time in the run queue.
 *
 * All is counted when a task leaves its CPU: it is the current one then, so that its process is known without reading a
 * task_struct. How long it had waited before stands in the CPU's state until then. A wait begins when a task is woken, where
 * programs for that are attached, and when its CPU is taken away.
 */
#include "tool_slots.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* In task_struct, or in the records of sched_switch (NEXT, STATE) and sched_wakeup (WOKEN). */
enum offset {
	NEXT,
	STATE,
	WOKEN,
};

/* In records of sched_switch: the task was preempted (TASK_REPORT_MAX in include/linux/sched.h, since 4.14). */
#define PREEMPTED 0x100

struct sched_counts {
	__u64 ran_ns;
	__u64 voluntary;
	__u64 involuntary;
	__u64 waits;
	__u64 wait_ns;
	__u64 max_wait_ns;
};

struct sched_slot {
	struct slot slot; /* its key is the process alone */
	struct sched_counts counts;
};

struct cpu_sched {
	struct sched_slot slots[SLOTS];
	__u64 waits[LATENCY_BUCKETS];
	__u64 since_ns; /* when the current task came to this CPU; 0: not known */
	__u64 waited_ns; /* how long it had waited for it */
	__u32 has_waited;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_sched);
} cpu_sched SEC(".maps");

/* Rows that have lost their slot. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct count_key);
	__type(value, struct sched_counts);
} processes SEC(".maps");

static __always_inline void keep(const struct sched_slot *slot)
{
	const struct sched_counts none = {};
	struct sched_counts *counts;

	if (!slot->counts.voluntary && !slot->counts.involuntary && !slot->counts.ran_ns)
		return;
	counts = row_of(&processes, &slot->slot.row, &none);
	if (!counts)
		return;
	__sync_fetch_and_add(&counts->ran_ns, slot->counts.ran_ns);
	__sync_fetch_and_add(&counts->voluntary, slot->counts.voluntary);
	__sync_fetch_and_add(&counts->involuntary, slot->counts.involuntary);
	__sync_fetch_and_add(&counts->waits, slot->counts.waits);
	__sync_fetch_and_add(&counts->wait_ns, slot->counts.wait_ns);
	if (slot->counts.max_wait_ns > counts->max_wait_ns)
		counts->max_wait_ns = slot->counts.max_wait_ns;
}

static __always_inline void count_wait(struct cpu_sched *cpu, struct sched_counts *counts)
{
	__u32 bucket;

	if (!cpu->has_waited)
		return;
	counts->waits++;
	counts->wait_ns += cpu->waited_ns;
	if (cpu->waited_ns > counts->max_wait_ns)
		counts->max_wait_ns = cpu->waited_ns;
	bucket = bucket_of(cpu->waited_ns);
	if (bucket < LATENCY_BUCKETS)
		cpu->waits[bucket]++;
	cpu->has_waited = 0;
}

/* The current task has run until now. Its counts; 0 where it is not looked at. */
static __always_inline struct sched_counts *count_run(struct cpu_sched *cpu, __u64 ids, __u64 now)
{
	__u64 key = ids & ~0xffffffffULL;
	struct sched_slot *slot = &cpu->slots[slot_of(key)];

	if (!key) /* the idle task */
		return 0;
	if (slot->slot.key != key) {
		keep(slot);
		__builtin_memset(&slot->counts, 0, sizeof(slot->counts));
		begin_row(&slot->slot, key);
	}
	if (!is_wanted_row(&slot->slot))
		return 0;
	/* what it executes may have changed; the process is called as its first thread */
	if (ids >> 32 == (__u32)ids)
		read_own_comm(slot->slot.row.comm);
	if (cpu->since_ns)
		slot->counts.ran_ns += now - cpu->since_ns;
	count_wait(cpu, &slot->counts);
	return &slot->counts;
}

static __always_inline void begin_wait(__u32 tid, __u64 now)
{
	struct start *start;

	if (!tid)
		return;
	start = start_of(tid);
	if (!start)
		return;
	start->tid = tid;
	start->time_ns = now;
}

static __always_inline void end_wait(struct cpu_sched *cpu, __u32 tid, __u64 now)
{
	struct start *start;

	cpu->has_waited = 0;
	if (!tid)
		return;
	start = start_of(tid);
	if (!start || !start->time_ns)
		return;
	if (start->tid != tid) {
		count_lost_row();
		return;
	}
	cpu->waited_ns = now - start->time_ns;
	cpu->has_waited = 1;
	start->time_ns = 0;
}

static __always_inline void switched(__u32 next, int is_involuntary)
{
	__u64 now = bpf_ktime_get_ns(), ids = bpf_get_current_pid_tgid();
	struct cpu_sched *cpu = only_value(&cpu_sched);
	struct sched_counts *counts;

	if (!cpu)
		return;
	counts = count_run(cpu, ids, now);
	if (counts && is_involuntary)
		counts->involuntary++;
	else if (counts)
		counts->voluntary++;
	if (is_involuntary)
		begin_wait(ids, now);
	end_wait(cpu, next, now);
	cpu->since_ns = now;
}

/* (bool preempt, struct task_struct *prev, struct task_struct *next, …): as the kernel counts nivcsw in __schedule() */
SEC("raw_tp")
int raw_switched(struct bpf_raw_tracepoint_args *ctx)
{
	void *prev = (void *)ctx->args[1], *next = (void *)ctx->args[2];

	switched(u32_at(next, config.offsets[NEXT]), ctx->args[0] || !u32_at(prev, config.offsets[STATE]));
	return 0;
}

SEC("tracepoint")
int event_switched(void *ctx)
{
	__u32 state = u32_at(ctx, config.offsets[STATE]);

	if (window_is_over)
		return 1;
	switched(u32_at(ctx, config.offsets[NEXT]), !state || state & PREEMPTED);
	return 1;
}

/* (struct task_struct *p) */
SEC("raw_tp")
int raw_woken(struct bpf_raw_tracepoint_args *ctx)
{
	begin_wait(u32_at((void *)ctx->args[0], config.offsets[WOKEN]), bpf_ktime_get_ns());
	return 0;
}

SEC("tracepoint")
int event_woken(void *ctx)
{
	if (window_is_over)
		return 1;
	begin_wait(u32_at(ctx, config.offsets[WOKEN]), bpf_ktime_get_ns());
	return 1;
}

/*
 * Run on every CPU when the window begins and when it is over (BPF_PROG_TEST_RUN, 5.10): what runs there then may do so
 * without a switch for all of the window.
 */
SEC("raw_tp")
int marked(void *ctx)
{
	struct cpu_sched *cpu = only_value(&cpu_sched);
	__u64 now = bpf_ktime_get_ns();

	if (!cpu)
		return 0;
	if (cpu->since_ns)
		count_run(cpu, bpf_get_current_pid_tgid(), now);
	cpu->since_ns = now;
	return 0;
}

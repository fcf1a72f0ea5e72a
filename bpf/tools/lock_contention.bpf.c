// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Who waits for which futex, how long, and where in the program. */
#include "tool_stacks.h"
#include "times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of records of system calls; lock_contention.ts holds the same order. */
enum offset {
	FUTEX_ADDRESS, /* of sys_enter_futex */
	FUTEX_OP,
	FUTEX_VALUE,
	FUTEX_RET, /* of sys_exit_futex */
	WAIT_ADDRESS, /* of sys_enter_futex_wait, since Linux 6.7 */
	WAIT_VALUE,
	WAIT_RET,
};

/* include/uapi/linux/futex.h */
#define FUTEX_CMD_MASK	      0x7f
#define FUTEX_WAIT	      0
#define FUTEX_LOCK_PI	      6
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_LOCK_PI2	      13
#define FUTEX_TID_MASK	      0x3fffffff
#define ETIMEDOUT	      110
#define EAGAIN		      11

#define CONTENDED 2 /* value of a lock that others wait for: glibc, musl's like, Rust and Go alike */
#define GLIBC_OWNER 8 /* of pthread_mutex_t.__data.__owner */

enum kind {
	OTHER = 0, /* a condition, a queue, a semaphore, the end of a thread: nobody holds it */
	LOCK = 1,
	PI_LOCK = 2,
};

struct wait {
	__u64 time_ns;
	__u64 address;
	__u32 kind;
	__u32 holder; /* tid as the program knows it; 0: not known */
	__u64 ids;
	char comm[16];
};

struct lock_key {
	__u64 address;
	__u32 tgid;
	__u32 kind;
};

/* The last four are of the longest wait. */
struct lock {
	__u64 waits;
	__u64 timeouts;
	__u64 total_ns;
	__u64 max_ns;
	__u32 tid;
	__u32 holder;
	__s32 user_stack;
	__u32 pad;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u32); /* tid on the host */
	__type(value, struct wait);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct lock_key);
	__type(value, struct lock);
} locks SEC(".maps");

static __always_inline __u32 user_u32(__u64 address)
{
	__u32 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline void begin_wait(__u64 address, __u32 kind)
{
	struct wait wait = { .address = address, .kind = kind };
	__u32 tid = bpf_get_current_pid_tgid();
	struct who who;

	if (!is_wanted(&who))
		return;
	wait.ids = who.ids;
	__builtin_memcpy(wait.comm, who.key.comm, sizeof(wait.comm));
	if (kind == LOCK)
		wait.holder = user_u32(address + GLIBC_OWNER);
	else if (kind == PI_LOCK)
		wait.holder = user_u32(address) & FUTEX_TID_MASK;
	wait.time_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&waiting, &tid, &wait, BPF_ANY))
		count_lost_row();
}

static __always_inline void count_wait(void *ctx, const struct wait *wait, __s64 ret)
{
	struct lock_key key = { .address = wait->address, .tgid = wait->ids >> 32, .kind = wait->kind };
	__u64 ns = bpf_ktime_get_ns() - wait->time_ns;
	struct lock fresh = { .user_stack = NO_STACK }, *lock = row_of(&locks, &key, &fresh);

	if (!lock)
		return;
	__sync_fetch_and_add(&lock->waits, 1);
	__sync_fetch_and_add(&lock->total_ns, ns);
	if (ret == -ETIMEDOUT)
		__sync_fetch_and_add(&lock->timeouts, 1);
	if (wait->kind != OTHER)
		count_time(ns);
	if (ns <= lock->max_ns)
		return;
	lock->max_ns = ns;
	lock->tid = wait->ids;
	lock->holder = wait->holder;
	lock->user_stack = stack_of(ctx, BPF_F_USER_STACK);
	__builtin_memcpy(lock->comm, wait->comm, sizeof(lock->comm));
}

static __always_inline void end_wait(void *ctx, __u32 ret_offset)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct wait *wait = bpf_map_lookup_elem(&waiting, &tid);
	struct tool_stats *stats = only_value(&tool_stats);
	__s64 ret = u64_at(ctx, ret_offset);

	if (!wait || !stats)
		return;
	/* the value had changed already: it did not wait */
	if (ret != -EAGAIN) {
		__sync_fetch_and_add(&stats->hits, 1);
		count_wait(ctx, wait, ret);
	}
	bpf_map_delete_elem(&waiting, &tid);
}

SEC("tracepoint")
int futex_entered(void *ctx)
{
	__u32 op = u32_at(ctx, config.offsets[FUTEX_OP]) & FUTEX_CMD_MASK;
	__u32 value = u32_at(ctx, config.offsets[FUTEX_VALUE]);
	__u64 address = u64_at(ctx, config.offsets[FUTEX_ADDRESS]);

	if (window_is_over)
		return 1;
	if (op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2)
		begin_wait(address, PI_LOCK);
	else if (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET)
		begin_wait(address, value == CONTENDED ? LOCK : OTHER);
	else if (op == FUTEX_WAIT_REQUEUE_PI)
		begin_wait(address, OTHER);
	return 1;
}

SEC("tracepoint")
int futex_left(void *ctx)
{
	if (window_is_over)
		return 1;
	end_wait(ctx, config.offsets[FUTEX_RET]);
	return 1;
}

SEC("tracepoint")
int wait_entered(void *ctx)
{
	__u64 value = u64_at(ctx, config.offsets[WAIT_VALUE]);

	if (window_is_over)
		return 1;
	begin_wait(u64_at(ctx, config.offsets[WAIT_ADDRESS]), value == CONTENDED ? LOCK : OTHER);
	return 1;
}

SEC("tracepoint")
int wait_left(void *ctx)
{
	if (window_is_over)
		return 1;
	end_wait(ctx, config.offsets[WAIT_RET]);
	return 1;
}

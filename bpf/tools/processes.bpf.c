// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Processes that end: how long they lived, what they ran, what they left with; and who sent which signal to whom. */
#include "tool_processes.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum number {
	SHORT_NS, /* a process that lived no longer is short-lived */
};

#define CLONE_THREAD 0x00010000 /* include/uapi/linux/sched.h */
#define MAX_ARGS_BYTES 256
#define UNKNOWN_CODE 0xffffffff
#define EEXIST	     17

/* A process under way that was created, or executed something, within the window. */
struct life {
	__u64 born_ns; /* 0: before the window */
	__u32 parent_tgid;
	__u32 args_bytes;
	char parent_comm[16];
	char args[MAX_ARGS_BYTES]; /* each ended by a NUL */
};

struct end_key {
	__u32 code; /* as wait(2) tells it */
	__u32 pad;
	char comm[16];
	char parent_comm[16];
};

struct end {
	__u64 count;
	__u64 short_lived;
	__u64 timed; /* whose birth was seen: the times are theirs */
	__u64 total_ns;
	__u64 max_ns;
	__u64 last_ns; /* when the last of them ended; it is the one below */
	__u32 tgid;
	__u32 parent_tgid;
	__u32 uid;
	__u32 args_bytes;
	char args[MAX_ARGS_BYTES];
};

struct totals {
	__u64 created;
	__u64 threads;
	__u64 executed;
	__u64 ended;
	__u64 short_lived;
	__u64 failed; /* left with a code that is not 0 */
	__u64 killed;
	__u64 signals;
};

/* Allocated ahead, as all maps here: before Linux 6.1 the kernel warns of tracing programs that allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32); /* tgid on the host */
	__type(value, struct life);
} lives SEC(".maps");

/* Processes that have ended, by the host's tgid, until another one has it: before 6.16 two threads may be the last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u8);
} ended SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct end_key);
	__type(value, struct end);
} ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct totals);
} totals SEC(".maps");

/* Too large for the stack: made anew by each program that uses it. Since Linux 7.0 another one may run in between. */
enum life_user {
	CREATED,
	EXECUTED,
	LIFE_USERS,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIFE_USERS);
	__type(key, __u32);
	__type(value, struct life);
} fresh_life SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct end);
} fresh_end SEC(".maps");

static __always_inline struct totals *get_totals(void)
{
	return only_value(&totals);
}

static __always_inline struct life *empty_life(__u32 user)
{
	struct life *life = bpf_map_lookup_elem(&fresh_life, &user);

	if (life) {
		life->born_ns = 0;
		life->parent_tgid = 0;
		life->args_bytes = 0;
		__builtin_memset(life->parent_comm, 0, sizeof(life->parent_comm));
	}
	return life;
}

/* In the parent. */
static __always_inline void handle_created(__u32 child, __u64 flags)
{
	struct totals *totals = get_totals();
	int is_process = !(flags & CLONE_THREAD);
	struct life *life;

	if (is_process)
		bpf_map_delete_elem(&ended, &child);
	if (!totals || is_own_process())
		return;
	if (!is_process) {
		__sync_fetch_and_add(&totals->threads, 1);
		return;
	}
	__sync_fetch_and_add(&totals->created, 1);
	life = empty_life(CREATED);
	if (!life)
		return;
	life->born_ns = bpf_ktime_get_ns();
	life->parent_tgid = visible_ids(config.session.pidns_dev, config.session.pidns_ino) >> 32;
	read_process_comm(life->parent_comm, (void *)bpf_get_current_task());
	if (bpf_map_update_elem(&lives, &child, life, BPF_ANY))
		count_lost_row();
}

/* (struct task_struct *task, unsigned long clone_flags) */
SEC("raw_tp")
int raw_created(struct bpf_raw_tracepoint_args *ctx)
{
	handle_created(u32_at((void *)ctx->args[0], config.offsets[TASK_PID]), ctx->args[1]);
	return 0;
}

SEC("tracepoint")
int event_created(void *ctx)
{
	if (window_is_over)
		return 1;
	handle_created(u32_at(ctx, config.offsets[NEW_PID]), u64_at(ctx, config.offsets[NEW_FLAGS]));
	return 1;
}

/* From the new program's stack, where the kernel has just put them: they can be read at once. */
static __always_inline void read_args(struct life *life)
{
	void *task = (void *)bpf_get_current_task(), *mm;
	__u64 start, bytes;

	if (!config.offsets[TASK_MM] || !config.offsets[MM_ARG_START])
		return;
	mm = (void *)u64_at(task, config.offsets[TASK_MM]);
	start = u64_at(mm, config.offsets[MM_ARG_START]);
	bytes = u64_at(mm, config.offsets[MM_ARG_END]) - start;
	if (bytes > MAX_ARGS_BYTES)
		bytes = MAX_ARGS_BYTES;
	life->args_bytes = 0;
	if (!bpf_probe_read_user(life->args, bytes, (void *)start))
		life->args_bytes = bytes;
}

static __always_inline void handle_executed(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct totals *totals = get_totals();
	struct life *life;

	if (!totals || is_own_process())
		return;
	__sync_fetch_and_add(&totals->executed, 1);
	life = bpf_map_lookup_elem(&lives, &tgid);
	if (life) {
		read_args(life);
		return;
	}
	life = empty_life(EXECUTED);
	if (!life)
		return;
	read_args(life);
	if (bpf_map_update_elem(&lives, &tgid, life, BPF_ANY))
		count_lost_row();
}

SEC("raw_tp")
int raw_executed(void *ctx)
{
	handle_executed();
	return 0;
}

SEC("tracepoint")
int event_executed(void *ctx)
{
	if (window_is_over)
		return 1;
	handle_executed();
	return 1;
}

/*
 * Is this the last thread of its process, by signal_struct.live, which do_exit() has counted down by then? Two that end at
 * once may both find it at 0: the first one is the last. Without BTF it is taken to be the leader.
 */
static __always_inline int seems_last(void *task, __u64 ids)
{
	__u32 tgid = ids >> 32;
	void *signal;
	__u8 yes = 1;

	if (!config.offsets[TASK_SIGNAL])
		return (__u32)ids == tgid;
	signal = (void *)u64_at(task, config.offsets[TASK_SIGNAL]);
	if (u32_at(signal, config.offsets[SIGNAL_LIVE]))
		return 0;
	/* before Linux 6.4 it returns an int, whose upper half is not filled (map_update_elem of struct bpf_map_ops) */
	return (int)bpf_map_update_elem(&ended, &tgid, &yes, BPF_NOEXIST) != -EEXIST;
}

static __always_inline struct end *empty_end(void)
{
	struct end *end = only_value(&fresh_end);

	if (end)
		__builtin_memset(end, 0, sizeof(*end) - sizeof(end->args));
	return end;
}

/* The row tells the last one's command line. */
static __always_inline void describe_last(struct end *end, const struct life *life, const struct who *who)
{
	end->last_ns = bpf_ktime_get_ns();
	end->tgid = who->key.tgid;
	end->uid = bpf_get_current_uid_gid();
	end->parent_tgid = life ? life->parent_tgid : 0;
	end->args_bytes = life ? life->args_bytes : 0;
	if (life)
		__builtin_memcpy(end->args, life->args, sizeof(end->args));
}

static __always_inline void count_end(struct end *end, const struct life *life, struct totals *totals)
{
	__u64 lived;

	__sync_fetch_and_add(&end->count, 1);
	if (!life || !life->born_ns)
		return;
	lived = bpf_ktime_get_ns() - life->born_ns;
	__sync_fetch_and_add(&end->timed, 1);
	add_time(&end->total_ns, &end->max_ns, lived);
	if (lived > config.numbers[SHORT_NS])
		return;
	__sync_fetch_and_add(&end->short_lived, 1);
	__sync_fetch_and_add(&totals->short_lived, 1);
}

static __always_inline void count_code(__u32 code, struct totals *totals)
{
	__sync_fetch_and_add(&totals->ended, 1);
	if (code == UNKNOWN_CODE)
		return;
	if (code & 0x7f)
		__sync_fetch_and_add(&totals->killed, 1);
	else if (code)
		__sync_fetch_and_add(&totals->failed, 1);
}

static __always_inline void handle_exited(void)
{
	void *task = (void *)bpf_get_current_task();
	struct totals *totals = get_totals();
	struct end_key key = {};
	struct end *fresh, *end;
	struct life *life;
	struct who who = {};
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!totals)
		return;
	if (!is_wanted_process(&who)) {
		bpf_map_delete_elem(&lives, &tgid);
		return;
	}
	life = bpf_map_lookup_elem(&lives, &tgid);
	key.code = config.offsets[TASK_EXIT_CODE] ? u32_at(task, config.offsets[TASK_EXIT_CODE]) : UNKNOWN_CODE;
	count_code(key.code, totals);
	__builtin_memcpy(key.comm, who.key.comm, sizeof(key.comm));
	if (life)
		__builtin_memcpy(key.parent_comm, life->parent_comm, sizeof(key.parent_comm));
	fresh = empty_end();
	if (!fresh)
		return;
	end = row_of(&ends, &key, fresh);
	if (end) {
		describe_last(end, life, &who);
		count_end(end, life, totals);
	}
	bpf_map_delete_elem(&lives, &tgid);
}

/* (struct task_struct *p), and since 6.16 (…, bool group_dead): a program that reads more than there is, is refused */
SEC("raw_tp")
int raw_exited(void *ctx)
{
	if (seems_last((void *)bpf_get_current_task(), bpf_get_current_pid_tgid()))
		handle_exited();
	return 0;
}

SEC("raw_tp")
int raw_last_exited(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[1] & 0xff)
		handle_exited();
	return 0;
}

SEC("tracepoint")
int event_exited(void *ctx)
{
	__u8 is_last = 0;

	if (window_is_over)
		return 1;
	if (config.offsets[EXIT_GROUP_DEAD])
		bpf_probe_read_kernel(&is_last, sizeof(is_last), ctx + config.offsets[EXIT_GROUP_DEAD]);
	else
		is_last = seems_last((void *)bpf_get_current_task(), bpf_get_current_pid_tgid());
	if (is_last)
		handle_exited();
	return 1;
}

#include "tool_signals.h"

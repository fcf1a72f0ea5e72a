// SPDX-License-Identifier: GPL-2.0
/* Processes that end: how long they lived, what they ran, what they left with; and who sent which signal to whom. */
#include "tool.h"

char LICENSE[] SEC("license") = "GPL";

/* processes.ts holds the same order; 0: this kernel does not tell. */
enum offset {
	NEW_PID, /* of task:task_newtask */
	NEW_FLAGS,
	SIGNAL_NUMBER, /* of signal:signal_generate */
	SIGNAL_CODE,
	SIGNAL_COMM,
	SIGNAL_PID,
	SIGNAL_RESULT,
	EXIT_GROUP_DEAD, /* of sched:sched_process_exit, since Linux 6.16 */
	TASK_EXIT_CODE,	 /* of struct task_struct */
	TASK_SIGNAL,
	TASK_MM,
	SIGNAL_LIVE, /* of struct signal_struct */
	MM_ARG_START,
	MM_ARG_END,
};

enum number {
	SHORT_NS, /* a process that lived no longer is short-lived */
};

#define CLONE_THREAD 0x00010000 /* include/uapi/linux/sched.h */
#define SIGCHLD	     17		/* every exit sends one: it says nothing more */
#define MAX_ARGS_BYTES 256
#define UNKNOWN_CODE 0xffffffff

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

struct signal_key {
	__u32 sender;
	__u32 target; /* tid; of a signal to a whole process its tgid */
	__u32 number;
	__s32 code; /* of siginfo: from a program, or from the kernel */
	char sender_comm[16];
	char target_comm[16];
};

struct signal_count {
	__u64 count;
	__u64 last_ns;
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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct end_key);
	__type(value, struct end);
} ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct signal_key);
	__type(value, struct signal_count);
} signals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct totals);
} totals SEC(".maps");

/* Too large for the stack: made anew by each program that uses it, and no program here can be preempted by another. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
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

static __always_inline struct life *empty_life(void)
{
	struct life *life = only_value(&fresh_life);

	if (life) {
		life->born_ns = 0;
		life->parent_tgid = 0;
		life->args_bytes = 0;
		__builtin_memset(life->parent_comm, 0, sizeof(life->parent_comm));
	}
	return life;
}

/* In the parent. */
SEC("tracepoint")
int created(void *ctx)
{
	struct totals *totals = get_totals();
	__u32 child = u32_at(ctx, config.offsets[NEW_PID]);
	struct life *life;

	if (!totals || is_own_process())
		return 1;
	if (u64_at(ctx, config.offsets[NEW_FLAGS]) & CLONE_THREAD) {
		__sync_fetch_and_add(&totals->threads, 1);
		return 1;
	}
	__sync_fetch_and_add(&totals->created, 1);
	life = empty_life();
	if (!life)
		return 1;
	life->born_ns = bpf_ktime_get_ns();
	life->parent_tgid = visible_ids(config.session.pidns_dev, config.session.pidns_ino) >> 32;
	bpf_get_current_comm(life->parent_comm, sizeof(life->parent_comm));
	if (bpf_map_update_elem(&lives, &child, life, BPF_ANY))
		count_lost_row();
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

SEC("tracepoint")
int executed(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct totals *totals = get_totals();
	struct life *life;

	if (!totals || is_own_process())
		return 1;
	__sync_fetch_and_add(&totals->executed, 1);
	life = bpf_map_lookup_elem(&lives, &tgid);
	if (life) {
		read_args(life);
		return 1;
	}
	life = empty_life();
	if (!life)
		return 1;
	read_args(life);
	if (bpf_map_update_elem(&lives, &tgid, life, BPF_ANY))
		count_lost_row();
	return 1;
}

/*
 * Is this the last thread of its process? Since 6.16 the record says so; before, signal_struct.live, which do_exit() has
 * counted down by then. Without BTF it is taken to be the leader.
 */
static __always_inline int ends_process(void *ctx, void *task, __u64 ids)
{
	void *signal;
	__u8 dead = 0;

	if (config.offsets[EXIT_GROUP_DEAD]) {
		bpf_probe_read_kernel(&dead, sizeof(dead), ctx + config.offsets[EXIT_GROUP_DEAD]);
		return dead;
	}
	if (!config.offsets[TASK_SIGNAL])
		return (__u32)ids == ids >> 32;
	signal = (void *)u64_at(task, config.offsets[TASK_SIGNAL]);
	return u32_at(signal, config.offsets[SIGNAL_LIVE]) == 0;
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

SEC("tracepoint")
int exited(void *ctx)
{
	void *task = (void *)bpf_get_current_task();
	__u64 ids = bpf_get_current_pid_tgid();
	struct totals *totals = get_totals();
	struct end_key key = {};
	struct end *fresh, *end;
	struct life *life;
	struct who who;
	__u32 tgid = ids >> 32;

	if (!totals || !ends_process(ctx, task, ids))
		return 1;
	if (!is_wanted(&who)) {
		bpf_map_delete_elem(&lives, &tgid);
		return 1;
	}
	life = bpf_map_lookup_elem(&lives, &tgid);
	key.code = config.offsets[TASK_EXIT_CODE] ? u32_at(task, config.offsets[TASK_EXIT_CODE]) : UNKNOWN_CODE;
	count_code(key.code, totals);
	__builtin_memcpy(key.comm, who.key.comm, sizeof(key.comm));
	if (life)
		__builtin_memcpy(key.parent_comm, life->parent_comm, sizeof(key.parent_comm));
	fresh = empty_end();
	if (!fresh)
		return 1;
	end = row_of(&ends, &key, fresh);
	if (end) {
		describe_last(end, life, &who);
		count_end(end, life, totals);
	}
	bpf_map_delete_elem(&lives, &tgid);
	return 1;
}

/* Sent by a wanted process, or to the one that is asked for. */
static __always_inline int is_wanted_signal(const struct signal_key *key, int is_wanted_sender)
{
	return is_wanted_sender || (config.session.tgid && config.session.tgid == key->target);
}

SEC("tracepoint")
int signalled(void *ctx)
{
	struct signal_key key = {};
	struct signal_count none = {}, *count;
	struct totals *totals = get_totals();
	int is_wanted_sender;
	struct who who;

	key.number = u32_at(ctx, config.offsets[SIGNAL_NUMBER]);
	key.target = u32_at(ctx, config.offsets[SIGNAL_PID]);
	/* only what was delivered: not ignored, not pending already (TRACE_SIGNAL_DELIVERED) */
	if (!totals || key.number == SIGCHLD || u32_at(ctx, config.offsets[SIGNAL_RESULT]))
		return 1;
	is_wanted_sender = is_wanted(&who);
	if (is_own_process() || bpf_map_lookup_elem(&own, &key.target) || !is_wanted_signal(&key, is_wanted_sender))
		return 1;
	__sync_fetch_and_add(&totals->signals, 1);
	key.sender = who.key.tgid;
	key.code = u32_at(ctx, config.offsets[SIGNAL_CODE]);
	bpf_get_current_comm(key.sender_comm, sizeof(key.sender_comm));
	bpf_probe_read_kernel(key.target_comm, sizeof(key.target_comm), ctx + config.offsets[SIGNAL_COMM]);
	count = row_of(&signals, &key, &none);
	if (!count)
		return 1;
	__sync_fetch_and_add(&count->count, 1);
	count->last_ns = bpf_ktime_get_ns();
	return 1;
}

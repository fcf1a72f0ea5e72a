/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who sent which signal to whom: the second half of processes.bpf.c, which includes it behind its totals. */
#ifndef KTRIAGE_TOOL_SIGNALS_H
#define KTRIAGE_TOOL_SIGNALS_H

#include "tool_processes.h"

#define SIGCHLD 17 /* every exit sends one: it says nothing more */
/* What stands for a siginfo (include/linux/sched/signal.h), and their codes */
#define SEND_SIG_NOINFO 0
#define SEND_SIG_PRIV	1
#define SI_USER		0
#define SI_KERNEL	0x80

struct signal_key {
	__u32 sender;
	__u32 target; /* tgid; without BTF the tid of a thread that it was sent to */
	__u32 number;
	__s32 code; /* of siginfo: from a program, or from the kernel */
	char sender_comm[16];
	char target_comm[16];
};

struct signal_count {
	__u64 count;
	__u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct signal_key);
	__type(value, struct signal_count);
} signals SEC(".maps");

/* Only what was delivered: not ignored, not pending already (TRACE_SIGNAL_DELIVERED). */
static __always_inline int is_told(__u32 number, __u32 result)
{
	return number != SIGCHLD && !result;
}

/* Sent by a wanted process, or to the one that is asked for; ktriage's own has no part in it. */
static __always_inline int is_wanted_signal(const struct signal_key *key, __u32 tgid, int is_wanted_sender)
{
	return !is_own_process() && !bpf_map_lookup_elem(&own, &tgid) &&
	       (is_wanted_sender || (config.session.tgid && config.session.tgid == key->target));
}

/* struct upid */
#define UPID_BYTES 16
#define UPID_NR	   0
#define UPID_NS	   8

/* The id of a task's process as visible_ids() has that of the current one. */
static __always_inline __u32 visible_tgid(const void *task, __u32 tgid)
{
	const void *leader, *pid, *innermost, *ns;

	if (!config.session.pidns_ino)
		return tgid;
	leader = (void *)u64_at(task, config.offsets[TASK_LEADER]);
	pid = (void *)u64_at(leader, config.offsets[TASK_THREAD_PID]);
	innermost = pid + config.offsets[PID_NUMBERS] + UPID_BYTES * (__u64)u32_at(pid, config.offsets[PID_LEVEL]);
	ns = (void *)u64_at(innermost, UPID_NS);
	if (u32_at(ns, config.offsets[PIDNS_INODE]) == (__u32)config.session.pidns_ino)
		return u32_at(innermost, UPID_NR);
	return tgid | HOST_PROCESS;
}

/* `key`: without its sender. `tgid`: the target's for the host. */
static __always_inline void count_signal(struct signal_key *key, __u32 tgid)
{
	struct signal_count none = {}, *count;
	struct totals *totals = get_totals();
	struct who who = {};
	int is_wanted_sender = is_wanted_process(&who);

	if (!totals || !is_wanted_signal(key, tgid, is_wanted_sender))
		return;
	__sync_fetch_and_add(&totals->signals, 1);
	key->sender = who.key.tgid;
	read_process_comm(key->sender_comm, (void *)bpf_get_current_task());
	count = row_of(&signals, key, &none);
	if (!count)
		return;
	__sync_fetch_and_add(&count->count, 1);
	count->last_ns = bpf_ktime_get_ns();
}

/* (int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result) */
SEC("raw_tp")
int raw_signalled(struct bpf_raw_tracepoint_args *ctx)
{
	void *info = (void *)ctx->args[1], *task = (void *)ctx->args[2];
	struct signal_key key = { .number = ctx->args[0], .code = SI_USER };
	__u32 tgid;

	if (!is_told(key.number, ctx->args[4]))
		return 0;
	if (info == (void *)SEND_SIG_PRIV)
		key.code = SI_KERNEL;
	else if (info != (void *)SEND_SIG_NOINFO)
		key.code = u32_at(info, config.offsets[INFO_CODE]);
	tgid = u32_at(task, config.offsets[TASK_TGID]);
	key.target = visible_tgid(task, tgid);
	read_process_comm(key.target_comm, task);
	count_signal(&key, tgid);
	return 0;
}

SEC("tracepoint")
int event_signalled(void *ctx)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct signal_key key = {};
	__u32 tgid;

	if (window_is_over)
		return 1;
	key.number = u32_at(ctx, config.offsets[SIGNAL_NUMBER]);
	if (!is_told(key.number, u32_at(ctx, config.offsets[SIGNAL_RESULT])))
		return 1;
	key.code = u32_at(ctx, config.offsets[SIGNAL_CODE]);
	key.target = u32_at(ctx, config.offsets[SIGNAL_PID]);
	bpf_probe_read_kernel_str(key.target_comm, sizeof(key.target_comm), ctx + config.offsets[SIGNAL_COMM]);
	tgid = key.target;
	if (tgid == (__u32)ids) {
		/* to the thread itself, as abort(3) and faults do */
		tgid = ids >> 32;
		key.target = visible_ids(config.session.pidns_dev, config.session.pidns_ino) >> 32;
	} else if (config.session.pidns_ino) {
		key.target |= HOST_PROCESS;
	}
	count_signal(&key, tgid);
	return 1;
}

#endif

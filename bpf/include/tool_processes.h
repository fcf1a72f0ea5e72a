/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What both halves of the tool processes need: where the kernel keeps things, and how a process is called. */
#ifndef KTRIAGE_TOOL_PROCESSES_H
#define KTRIAGE_TOOL_PROCESSES_H

#include "tool.h"

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
	TASK_PID,	 /* of struct task_struct; from here on all or none are known */
	TASK_TGID,
	TASK_LEADER,
	TASK_COMM,
	TASK_EXIT_CODE,
	TASK_SIGNAL,
	TASK_MM,
	SIGNAL_LIVE, /* of struct signal_struct */
	MM_ARG_START,
	MM_ARG_END,
	INFO_CODE, /* of struct kernel_siginfo */
	TASK_THREAD_PID,
	PID_LEVEL,
	PID_NUMBERS,
	PIDNS_INODE, /* ns.inum of struct pid_namespace */
};

/* The name of a task's process: threads have names of their own. Without BTF only the current thread's is known. */
static __always_inline void read_process_comm(char *comm, const void *task)
{
	const void *leader;

	if (!config.offsets[TASK_LEADER]) {
		read_own_comm(comm);
		return;
	}
	__builtin_memset(comm, 0, 16);
	leader = (void *)u64_at(task, config.offsets[TASK_LEADER]);
	bpf_probe_read_kernel_str(comm, 16, leader + config.offsets[TASK_COMM]);
}

/* Fills in the current process, by its own name; 0 when the filters keep it out. */
static __always_inline int is_wanted_process(struct who *who)
{
	if (!are_wanted_ids(who))
		return 0;
	read_process_comm(who->key.comm, (void *)bpf_get_current_task());
	return is_wanted_comm(who->key.comm) && !is_own_process();
}

#endif

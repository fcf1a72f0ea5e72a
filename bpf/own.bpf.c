// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Keeps the set of ktriage's own processes: a child of one of them is one of them. */
#include "own.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* In the records, from their format files. */
const volatile struct {
	__u32 child_pid; /* of sched_process_fork */
	__u32 pid;	 /* of sched_process_free */
} offsets = {};

/* Run once by ktriage itself (BPF_PROG_TEST_RUN, 5.10): its tgid on the host, which a pid namespace hides from it. */
SEC("raw_tp")
int host_tgid(void *ctx)
{
	return bpf_get_current_pid_tgid() >> 32;
}

SEC("tracepoint")
int forked(void *ctx)
{
	__u32 child = 0;
	__u8 yes = 1;

	if (!is_own_process())
		return 1;
	/* for a new thread this is its tid: harmless, no process has that tgid while the thread lives */
	if (!bpf_probe_read_kernel(&child, sizeof(child), ctx + offsets.child_pid))
		bpf_map_update_elem(&own, &child, &yes, BPF_ANY);
	return 1;
}

/* Not when it exits: whoever traces exits must still know it then. */
SEC("tracepoint")
int freed(void *ctx)
{
	__u32 tid = 0;

	if (!bpf_probe_read_kernel(&tid, sizeof(tid), ctx + offsets.pid))
		bpf_map_delete_elem(&own, &tid);
	return 1;
}

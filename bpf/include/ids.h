/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Process ids as people see them: in ktriage's pid namespace, where a container has its own. */
#ifndef KTRIAGE_IDS_H
#define KTRIAGE_IDS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Marks ids of the host: no process id has this bit (PID_MAX_LIMIT is 2^22). */
#define HOST_PROCESS (1U << 31)

/*
 * tgid << 32 | tid of the current thread in the pid namespace with this device and inode (Linux 5.7); inode 0: the
 * host's ids, as they are. A thread of any other namespace keeps the host's ids, both with HOST_PROCESS. So does one in
 * a namespace below ours: the helper knows only the innermost namespace of a thread.
 */
static __always_inline __u64 visible_ids(__u64 dev, __u64 ino)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct bpf_pidns_info seen = {};

	if (!ino)
		return id;
	if (bpf_get_ns_current_pid_tgid(dev, ino, &seen, sizeof(seen)))
		return id | (__u64)HOST_PROCESS << 32 | HOST_PROCESS;
	return (__u64)seen.tgid << 32 | seen.pid;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef KTRIAGE_OWN_H
#define KTRIAGE_OWN_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* ktriage and everything it started, by the host's tgid: they are never traced. One map for all; own.bpf.c fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u8);
} own SEC(".maps");

/* Is the current process ktriage's own? By the host's ids, also where ktriage shows those of its pid namespace. */
static __always_inline int is_own_process(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&own, &tgid) != 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef KTRIAGE_OWN_H
#define KTRIAGE_OWN_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* ktriage and everything it started, by tgid: they are never traced. One map for all; bpf/own.bpf.c fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u8);
} own SEC(".maps");

#endif

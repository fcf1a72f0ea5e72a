/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Stacks of the kernel and of programs, each kept once; src/probes/tools/stacks.ts reads and names them. */
#ifndef KTRIAGE_TOOL_STACKS_H
#define KTRIAGE_TOOL_STACKS_H

#include "tool.h"

#define STACK_DEPTH 64
#define NO_STACK    (-1) /* there is none: a thread of the kernel has no memory of a program */
#define LOST_STACK  (-2) /* others have its places */
#define MORE_STACKS (1 << 24) /* the number is one of more_stacks */
#define EEXIST	    17
#define ENOMEM	    12

/*
 * A stack has one place, by a hash of it; another one that has the same finds it taken. Of 2,000 stacks 200 do, and of
 * those 20 do so in the second map, too.
 */
struct stack_map {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 8192);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, STACK_DEPTH * sizeof(__u64));
};

struct stack_map stacks SEC(".maps");
struct stack_map more_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} lost_stacks SEC(".maps");

/* The stack's number, NO_STACK or LOST_STACK. `flags`: 0 for the kernel's, BPF_F_USER_STACK for the program's. */
static __always_inline __s32 stack_of(void *ctx, __u64 flags)
{
	long id = bpf_get_stackid(ctx, &stacks, flags);
	__u64 *lost;

	if (id >= 0)
		return id;
	if (id != -EEXIST && id != -ENOMEM)
		return NO_STACK;
	id = bpf_get_stackid(ctx, &more_stacks, flags);
	if (id >= 0)
		return id | MORE_STACKS;
	lost = only_value(&lost_stacks);
	if (lost)
		__sync_fetch_and_add(lost, 1);
	return LOST_STACK;
}

#endif

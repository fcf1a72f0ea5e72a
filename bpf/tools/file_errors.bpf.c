// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Opens that failed, by process, error and path. Only the end of a call is looked at: by then the path's memory is
 * present, and calls that succeed cost no more than a comparison.
 */
#include "tool.h"
#include "syscall_regs.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PATH_BYTES 224

/* src/probes/tools/file_errors.ts has the offsets. */
struct failure {
	__u32 tgid;
	__s32 error;
	char comm[16];
	char path[PATH_BYTES]; /* as the program gave it; one that fills all of it may have been longer */
};

struct failures {
	__u64 count;
	__u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct failure);
	__type(value, struct failures);
} failures SEC(".maps");

/* All of them, also those whose path found no room: key is the error. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct count_key);
	__type(value, __u64);
} errors SEC(".maps");

/* The argument that is the path, or -1: the call opens no file. */
static __always_inline int path_argument(__u32 number)
{
	switch (number) {
	case NR_OPENAT:
	case NR_OPENAT2:
		return 1;
	case NR_OPEN:
	case NR_CREAT:
		return 0;
	}
	return -1;
}

static __always_inline void count_path(const struct who *who, __s32 error, const void *path)
{
	struct failures fresh = {}, *row;
	struct failure failure = {};

	failure.tgid = who->key.tgid;
	failure.error = error;
	__builtin_memcpy(failure.comm, who->key.comm, sizeof(failure.comm));
	if (bpf_probe_read_user_str(failure.path, sizeof(failure.path), path) < 0)
		failure.path[0] = 0;
	bpf_map_update_elem(&failures, &failure, &fresh, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&failures, &failure);
	/* the process and the error are counted all the same */
	if (!row)
		return;
	__sync_fetch_and_add(&row->count, 1);
	row->last_ns = bpf_ktime_get_ns();
}

SEC("raw_tp")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const void *regs = (const void *)ctx->args[0];
	__u64 none = 0, *count;
	__s64 ret = ctx->args[1];
	struct who who;
	int argument;

	if (ret >= 0 || ret < -MAX_ERRNO)
		return 0;
	argument = path_argument(syscall_number(regs));
	if (argument < 0 || is_compat(regs) || !is_wanted(&who))
		return 0;
	who.key.key = -ret;
	count = row_of(&errors, &who.key, &none);
	if (count)
		__sync_fetch_and_add(count, 1);
	count_path(&who, -ret, (void *)syscall_argument(regs, argument));
	return 0;
}

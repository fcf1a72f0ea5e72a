// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Operations on files that took long, by process and operation, each with its path. What is quick is only timed. Of reads
 * and writes those on files and disks count: a wait for a pipe, a socket or a terminal is none for a file.
 */
#include "tool.h"
#include "files.h"
#include "syscall_regs.h"
#include "tool_exemplars.h"

/* src/probes/tools/slow_files.ts writes them behind those of files.h, in the order of struct path_layout. */
enum path_offsets {
	PATH_dentry_parent = FILE_OFFSETS,
	PATH_dentry_name,
	PATH_path_mnt,
	PATH_path_dentry,
	PATH_vfsmount_root,
	PATH_mount_vfsmount,
	PATH_mount_parent,
	PATH_mount_mountpoint,
};

#define AT_PATH(member) config.offsets[PATH_##member]
#include "paths.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum numbers {
	THRESHOLD_NS,
	HAS_BTF,
};

/* In the order of OPERATIONS in src/probes/tools/slow_files.ts. */
enum operation {
	NO_OPERATION,
	READ,
	WRITE,
	SYNC,
	LIST,
	TRUNCATE_FILE,
	ALLOCATE,
	/* by path */
	OPEN,
	STAT,
	UNLINK,
	RENAME,
	MKDIR,
	TRUNCATE_PATH,
};

#define S_IFMT	0170000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFREG 0100000

struct call {
	__u64 start_ns; /* 0: it has returned */
	__u64 operation;
};

/* By the host's thread id; a thread's row is used again for its next call. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

struct slow {
	__u64 count;
	__u64 latency_ns;
	__u64 latency_max_ns;
};

/* By process and operation. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct count_key);
	__type(value, struct slow);
} slow SEC(".maps");

enum path_kind {
	NO_PATH,
	NAMES, /* as read_path() leaves them */
	TEXT,  /* as the program gave it */
};

struct slow_call {
	struct exemplar exemplar; /* kind: the operation */
	__u64 latency_ns;
	__s64 ret;
	__u32 fd;
	__u32 path_kind;
	union {
		struct path_slot names;
		char text[PATH_BYTES];
	};
};

/* Too large for the stack. The kernel never runs a program twice at once on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slow_call);
} scratch SEC(".maps");

static __always_inline __u32 operation_of(__u32 number)
{
	switch (number) {
	case NR_READ:
	case NR_PREAD64:
	case NR_READV:
	case NR_PREADV:
	case NR_PREADV2:
		return READ;
	case NR_WRITE:
	case NR_PWRITE64:
	case NR_WRITEV:
	case NR_PWRITEV:
	case NR_PWRITEV2:
		return WRITE;
	case NR_FSYNC:
	case NR_FDATASYNC:
	case NR_SYNCFS:
		return SYNC;
	case NR_GETDENTS64:
		return LIST;
	case NR_FTRUNCATE:
		return TRUNCATE_FILE;
	case NR_FALLOCATE:
		return ALLOCATE;
	case NR_OPEN:
	case NR_CREAT:
	case NR_OPENAT:
	case NR_OPENAT2:
		return OPEN;
	case NR_STAT:
	case NR_LSTAT:
	case NR_NEWFSTATAT:
	case NR_STATX:
		return STAT;
	case NR_UNLINK:
	case NR_UNLINKAT:
	case NR_RMDIR:
		return UNLINK;
	case NR_RENAME:
	case NR_RENAMEAT:
	case NR_RENAMEAT2:
		return RENAME;
	case NR_MKDIR:
	case NR_MKDIRAT:
		return MKDIR;
	case NR_TRUNCATE:
		return TRUNCATE_PATH;
	}
	return NO_OPERATION;
}

/* The path is the second argument of the calls that begin with a folder's descriptor. */
static __always_inline __u32 path_argument(__u32 number)
{
	switch (number) {
	case NR_OPEN:
	case NR_CREAT:
	case NR_STAT:
	case NR_LSTAT:
	case NR_UNLINK:
	case NR_RMDIR:
	case NR_RENAME:
	case NR_MKDIR:
	case NR_TRUNCATE:
		return 0;
	}
	return 1;
}

SEC("raw_tp")
int sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct call fresh = {}, *call;
	__u32 tid;

	fresh.operation = operation_of(ctx->args[1]);
	if (!fresh.operation)
		return 0;
	tid = bpf_get_current_pid_tgid();
	call = bpf_map_lookup_elem(&calls, &tid);
	if (call) {
		call->operation = fresh.operation;
		call->start_ns = bpf_ktime_get_ns();
		return 0;
	}
	fresh.start_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&calls, &tid, &fresh, BPF_ANY))
		count_lost_row();
	return 0;
}

/* Is it a file, a folder or a disk? Its names are read if so. */
static __always_inline int read_names(struct slow_call *event, __u32 fd)
{
	__u64 file, inode, dentry, mount;
	__u16 mode;

	file = file_of(fd);
	if (!file)
		return 0;
	inode = u64_at((void *)file, config.offsets[AT_FILE_INODE]);
	mode = u32_at((void *)inode, config.offsets[AT_INODE_MODE]) & S_IFMT;
	if (mode != S_IFREG && mode != S_IFDIR && mode != S_IFBLK)
		return 0;
	dentry = u64_at((void *)file, config.offsets[AT_FILE_DENTRY]);
	mount = u64_at((void *)file, config.offsets[AT_FILE_MNT]) - AT_PATH(mount_vfsmount);
	if (!read_path(&event->names, dentry, mount, READ_PATH))
		event->path_kind = NAMES;
	return 1;
}

static __always_inline void count_slow(const struct who *who, __u64 latency)
{
	struct slow fresh = {}, *row = row_of(&slow, &who->key, &fresh);

	if (!row)
		return;
	__sync_fetch_and_add(&row->count, 1);
	add_time(&row->latency_ns, &row->latency_max_ns, latency);
}

static __always_inline void handle_slow(const void *regs, __u32 number, __u32 operation, __u64 latency, __s64 ret)
{
	struct slow_call *event;
	struct who who;

	event = only_value(&scratch);
	if (!event || is_compat(regs) || !is_wanted(&who))
		return;
	event->path_kind = NO_PATH;
	event->fd = syscall_argument(regs, 0);
	if (operation >= OPEN) {
		if (bpf_probe_read_user_str(event->text, sizeof(event->text),
					    (void *)syscall_argument(regs, path_argument(number))) > 0)
			event->path_kind = TEXT;
	} else if (config.numbers[HAS_BTF] && !read_names(event, event->fd)) {
		return;
	}
	who.key.key = operation;
	count_slow(&who, latency);
	describe_exemplar(&event->exemplar, &who, operation);
	event->latency_ns = latency;
	event->ret = ret;
	hand_over(event, sizeof(*event));
}

SEC("raw_tp")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const void *regs = (const void *)ctx->args[0];
	__u32 number = syscall_number(regs), operation = operation_of(number), tid;
	__u64 latency;
	struct call *call;

	if (!operation)
		return 0;
	tid = bpf_get_current_pid_tgid();
	call = bpf_map_lookup_elem(&calls, &tid);
	if (!call || !call->start_ns)
		return 0;
	latency = bpf_ktime_get_ns() - call->start_ns;
	call->start_ns = 0;
	if (latency >= config.numbers[THRESHOLD_NS])
		handle_slow(regs, number, operation, latency, ctx->args[1]);
	return 0;
}

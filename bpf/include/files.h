/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What is behind a descriptor of the current process, by this kernel's BTF. */
#ifndef KTRIAGE_FILES_H
#define KTRIAGE_FILES_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Where user space puts fileOffsets() of src/probes/tools/file_offsets.ts: the first of a tool's offsets. */
enum file_offsets {
	AT_TASK_FILES,
	AT_FILES_FDT,
	AT_FDTABLE_MAX,
	AT_FDTABLE_FD,
	AT_FILE_PRIVATE,
	AT_FILE_INODE,
	AT_FILE_DENTRY,
	AT_FILE_MNT,
	AT_INODE_MODE,
	FILE_OFFSETS,
};

/* The struct file of a descriptor; 0 where it is not open. Nothing holds it: only probe reads may follow. */
static __always_inline __u64 file_of(__u32 fd)
{
	__u64 task = bpf_get_current_task(), files, table;

	files = u64_at((void *)task, config.offsets[AT_TASK_FILES]);
	table = files ? u64_at((void *)files, config.offsets[AT_FILES_FDT]) : 0;
	if (!table || fd >= u32_at((void *)table, config.offsets[AT_FDTABLE_MAX]))
		return 0;
	return u64_at((void *)u64_at((void *)table, config.offsets[AT_FDTABLE_FD]), 8ULL * fd);
}

#endif

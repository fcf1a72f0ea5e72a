/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Paths of files, name by name from their dentries. Included behind AT_PATH(member): an offset of struct path_layout. */
#ifndef KTRIAGE_PATHS_H
#define KTRIAGE_PATHS_H

#include "function.h"
#include <bpf/bpf_helpers.h>

static __always_inline long read_pointer(__u64 *to, __u64 from)
{
	return bpf_probe_read_kernel(to, sizeof(*to), (void *)from);
}

/* A path's slot while it is filled. `used` stands in the record, not in a register: the verifier would follow the path
 * once for every value that it could have after each name. */
struct path_slot {
	char names[PATH_BYTES - sizeof(__u64)];
	__u64 used;
};

#define NAMES_LIMIT (PATH_BYTES - sizeof(__u64) - MAX_NAME - CUT_BYTES)

/* One more name behind those in the slot; 0 when it was the last that can be read. */
static __always_inline int add_name(struct path_slot *slot, __u64 dentry)
{
	__u64 name = 0, used = slot->used;
	long bytes;

	if (used > NAMES_LIMIT || read_pointer(&name, dentry + AT_PATH(dentry_name)))
		return 0;
	bytes = bpf_probe_read_kernel_str(slot->names + used, MAX_NAME, (void *)name);
	if (bytes <= 0)
		return 0;
	slot->used = used + bytes;
	return 1;
}

/* What has room behind the last name: the end of a path, or of what was read of a longer one: "…". */
static __always_inline void end_path(struct path_slot *slot, __u64 end)
{
	__u64 used = slot->used;

	if (used <= sizeof(slot->names) - CUT_BYTES)
		__builtin_memcpy(slot->names + used, &end, sizeof(end));
}

/*
 * The names from the innermost on. READ_DENTRY_PATH: in the file system that the dentry is in; READ_PATH: the walk goes on
 * where the file system is mounted.
 */
static __always_inline long read_path(struct path_slot *slot, __u64 dentry, __u64 mount, __u8 kind)
{
	__u64 root = 0, parent = 0, above = 0;
	int i;

	slot->used = 0;
	for (i = 0; i < MAX_NAMES; i++) {
		if (kind == READ_PATH) {
			if (read_pointer(&root, mount + AT_PATH(mount_vfsmount) + AT_PATH(vfsmount_root)))
				return -1;
			if (root == dentry) {
				if (read_pointer(&above, mount + AT_PATH(mount_parent)))
					return -1;
				if (above == mount)
					goto whole;
				if (read_pointer(&dentry, mount + AT_PATH(mount_mountpoint)))
					return -1;
				mount = above;
				continue;
			}
		}
		if (read_pointer(&parent, dentry + AT_PATH(dentry_parent)))
			return -1;
		if (parent == dentry && kind == READ_DENTRY_PATH)
			goto whole;
		if (!add_name(slot, dentry))
			break;
		/* a pipe or socket: mounted nowhere */
		if (parent == dentry)
			goto whole;
		dentry = parent;
	}
	end_path(slot, CUT);
	return 0;
whole:
	end_path(slot, 0);
	return 0;
}

#endif

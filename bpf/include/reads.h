/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a hit on a function reads, each read into its own slot. Included behind `config`, which says what and where. */
#ifndef KTRIAGE_READS_H
#define KTRIAGE_READS_H

#include "function.h"
#include <bpf/bpf_helpers.h>

static __always_inline long read_memory(void *to, __u32 bytes, __u64 from, __u8 user)
{
	return user ? bpf_probe_read_user(to, bytes, (void *)from) : bpf_probe_read_kernel(to, bytes, (void *)from);
}

static __always_inline long read_pointer(__u64 *to, __u64 from)
{
	return bpf_probe_read_kernel(to, sizeof(*to), (void *)from);
}

static __always_inline long read_string(void *to, __u32 bytes, __u64 from, __u8 user)
{
	return user ? bpf_probe_read_user_str(to, bytes, (void *)from) :
		      bpf_probe_read_kernel_str(to, bytes, (void *)from);
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

	if (used > NAMES_LIMIT || read_pointer(&name, dentry + config.path.dentry_name))
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
 * The names from the innermost on. `mount` is 0 where only the file system that the dentry is in is asked for; else the
 * walk goes on where the file system is mounted.
 */
static __always_inline long read_path(struct path_slot *slot, __u64 dentry, __u64 mount, __u8 kind)
{
	__u64 root = 0, parent = 0, above = 0;
	int i;

	slot->used = 0;
	for (i = 0; i < MAX_NAMES; i++) {
		if (kind == READ_PATH) {
			if (read_pointer(&root, mount + config.path.mount_vfsmount + config.path.vfsmount_root))
				return -1;
			if (root == dentry) {
				if (read_pointer(&above, mount + config.path.mount_parent))
					return -1;
				if (above == mount)
					goto whole;
				if (read_pointer(&dentry, mount + config.path.mount_mountpoint))
					return -1;
				mount = above;
				continue;
			}
		}
		if (read_pointer(&parent, dentry + config.path.dentry_parent))
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

static __always_inline long read_packet(void *to, __u64 skb)
{
	__u16 network_header = 0;
	__u64 head = 0;

	if (read_pointer(&head, skb + config.packet.skb_head) ||
	    bpf_probe_read_kernel(&network_header, sizeof(network_header),
				  (void *)(skb + config.packet.skb_network_header)))
		return -1;
	return bpf_probe_read_kernel(to, PACKET_BYTES, (void *)(head + network_header));
}

/* From the source along the steps to the address that is read, or to the value itself. */
static __always_inline long follow(const volatile struct read *read, __u64 *address)
{
	__u8 user = read->flags & FOLLOW_USER;
	long failed = 0;
	int i;

	for (i = 0; i < MAX_STEPS; i++) {
		if (i >= read->step_count)
			break;
		*address += read->steps[i];
		if (i + 1 < read->step_count)
			failed |= read_memory(address, sizeof(*address), *address, user);
	}
	return failed;
}

static __always_inline long read_slot(__u8 *slot, const volatile struct read *read, __u64 address)
{
	__u8 kind = read->kind, user = read->flags & READ_USER;
	__u64 mount = 0;

	if (kind == READ_VALUE) {
		*(__u64 *)slot = address;
		return 0;
	}
	if (kind == READ_MEMORY)
		return read_memory(slot, read->bytes_read, address, user);
	if (kind == READ_STRING)
		return read_string(slot, read->bytes_read, address, user) < 0;
	if (kind == READ_PACKET)
		return read_packet(slot, address);
	if (kind == READ_PATH) {
		if (read_pointer(&mount, address + config.path.path_mnt) ||
		    read_pointer(&address, address + config.path.path_dentry))
			return -1;
		mount -= config.path.mount_vfsmount;
	}
	return read_path((struct path_slot *)slot, address, mount, kind);
}

/* Fills all slots; returns the bits of the reads that failed. */
static __always_inline __u64 read_slots(__u8 *slots, const __u64 *values)
{
	__u64 faults = 0;
	int i;

	for (i = 0; i < MAX_READS; i++) {
		const volatile struct read *read = &config.reads[i];
		__u64 address;

		if (!read->kind)
			break;
		address = values[read->source];
		if (follow(read, &address) || read_slot(slots + read->at, read, address))
			faults |= 1ULL << i;
	}
	return faults;
}

#endif

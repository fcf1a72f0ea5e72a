/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a hit on a function reads, each read into its own slot. Included behind `config`, which says what and where. */
#ifndef KTRIAGE_READS_H
#define KTRIAGE_READS_H

#include "function.h"
#include <bpf/bpf_helpers.h>

#define AT_PATH(member) config.path.member
#include "paths.h"

static __always_inline long read_memory(void *to, __u32 bytes, __u64 from, __u8 user)
{
	return user ? bpf_probe_read_user(to, bytes, (void *)from) : bpf_probe_read_kernel(to, bytes, (void *)from);
}

static __always_inline long read_string(void *to, __u32 bytes, __u64 from, __u8 user)
{
	return user ? bpf_probe_read_user_str(to, bytes, (void *)from) :
		      bpf_probe_read_kernel_str(to, bytes, (void *)from);
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
		if (read_pointer(&mount, address + AT_PATH(path_mnt)) ||
		    read_pointer(&address, address + AT_PATH(path_dentry)))
			return -1;
		mount -= AT_PATH(mount_vfsmount);
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

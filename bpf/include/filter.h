/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who hits, and whether the filters want it. Included behind a `const volatile struct … config`, whose first member is
 * `struct session_config session`.
 */
#ifndef KTRIAGE_FILTER_H
#define KTRIAGE_FILTER_H

#include "event.h"
#include "ids.h"
#include "own.h"

/* Who hits: their ids as ktriage sees them, and the row that they are counted in. */
struct who {
	__u64 ids; /* tgid << 32 | tid */
	struct count_key key;
};

/* Fills in whose ids hit; 0 when the filters keep them out. */
static __always_inline int are_wanted_ids(struct who *who)
{
	who->ids = visible_ids(config.session.pidns_dev, config.session.pidns_ino);
	who->key.tgid = who->ids >> 32;
	who->key.key = 0;
	if (config.session.tgid && config.session.tgid != who->key.tgid)
		return 0;
	if (config.session.tid && config.session.tid != (__u32)who->ids)
		return 0;
	return !(config.session.flags & FILTER_UID) || config.session.uid == (__u32)bpf_get_current_uid_gid();
}

/* Do the filters want this name? */
static __always_inline int is_wanted_comm(const char *name)
{
	const __u64 *comm = (const __u64 *)name;

	if (config.session.comm_mask[0] && (comm[0] & config.session.comm_mask[0]) != config.session.comm[0])
		return 0;
	return !config.session.comm_mask[1] || (comm[1] & config.session.comm_mask[1]) == config.session.comm[1];
}

/* In some kernels (6.1) the helper leaves what is behind the name's end as it was, and names are parts of keys. */
static __always_inline void read_own_comm(char *comm)
{
	__builtin_memset(comm, 0, 16);
	bpf_get_current_comm(comm, 16);
}

/* Fills in who hits; 0 when the filters keep them out. */
static __always_inline int is_wanted(struct who *who)
{
	if (!are_wanted_ids(who))
		return 0;
	read_own_comm(who->key.comm);
	return is_wanted_comm(who->key.comm) && !is_own_process();
}

#endif

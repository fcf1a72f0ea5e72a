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

/* Fills in who hits; 0 when the filters keep them out. */
static __always_inline int is_wanted(struct who *who)
{
	const __u64 *comm = (const __u64 *)who->key.comm;

	who->ids = visible_ids(config.session.pidns_dev, config.session.pidns_ino);
	who->key.tgid = who->ids >> 32;
	who->key.key = 0;
	if (config.session.tgid && config.session.tgid != who->key.tgid)
		return 0;
	if (config.session.tid && config.session.tid != (__u32)who->ids)
		return 0;
	if ((config.session.flags & FILTER_UID) && config.session.uid != (__u32)bpf_get_current_uid_gid())
		return 0;
	bpf_get_current_comm(who->key.comm, sizeof(who->key.comm));
	if (config.session.comm_mask[0] && (comm[0] & config.session.comm_mask[0]) != config.session.comm[0])
		return 0;
	if (config.session.comm_mask[1] && (comm[1] & config.session.comm_mask[1]) != config.session.comm[1])
		return 0;
	return !is_own_process();
}

#endif

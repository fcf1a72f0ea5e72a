/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Look-ups that every object makes. */
#ifndef KTRIAGE_MAPS_H
#define KTRIAGE_MAPS_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The value of a map that has one entry (of a map for each CPU: this CPU's). */
static __always_inline void *only_value(void *map)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(map, &zero);
}

/* The value of a key; made from `fresh` where there is none. 0 when the map is full. */
static __always_inline void *value_of(void *map, const void *key, const void *fresh)
{
	void *value = bpf_map_lookup_elem(map, key);

	if (value)
		return value;
	/* another CPU may have inserted it meanwhile: that one counts */
	bpf_map_update_elem(map, key, fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

#endif

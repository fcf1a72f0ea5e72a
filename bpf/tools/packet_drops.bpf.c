// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Packets that the kernel threw away, by reason, by the place in the kernel that did it, and by protocol. */
#include "tool.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* src/probes/tools/packet_drops.ts writes them in this order. */
enum offsets {
	AT_LOCATION,
	AT_PROTOCOL,
	AT_REASON,
};

enum numbers {
	HAS_REASON, /* 5.17 */
};

struct drop {
	__u64 location;
	__u32 reason;
	__u32 protocol; /* ETH_P_ */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct drop);
	__type(value, __u64);
} drops SEC(".maps");

SEC("tracepoint")
int dropped(void *ctx)
{
	struct drop drop = {};
	__u64 none = 0, *count;

	if (window_is_over)
		return 1;
	drop.location = u64_at(ctx, config.offsets[AT_LOCATION]);
	drop.protocol = (__u16)u32_at(ctx, config.offsets[AT_PROTOCOL]);
	if (config.numbers[HAS_REASON])
		drop.reason = u32_at(ctx, config.offsets[AT_REASON]);
	count = row_of(&drops, &drop, &none);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 1;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* TCP segments that were sent again, and resets that were sent and received, by peer, port, state and reason. */
#include "tool.h"
#include "inet.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* src/probes/tools/tcp_resets.ts writes them in this order: of three records. */
enum offsets {
	SENT_AGAIN,   /* tcp_retransmit_skb */
	RECEIVED = 4, /* tcp_receive_reset */
	SENT = 8,     /* tcp_send_reset */
	SENT_REASON = 12,
};

/* In each of them. */
enum field {
	AT_STATE,
	AT_SPORT,
	AT_DPORT, /* of a record that has a sockaddr for each end: where that of the peer begins; SPORT: that of ours */
	AT_DADDR, /* the peer as an IPv6 address, of IPv4 a mapped one; of such a record not used */
};

enum numbers {
	HAS_SOCKADDRS, /* tcp_send_reset: 6.10 */
	HAS_REASON,
};

enum kind {
	RETRANSMIT,
	RESET_RECEIVED,
	RESET_SENT,
};

#define NO_STATE 0xffffffff

struct trouble {
	struct endpoint remote;
	__u32 kind;
	__u32 state;
	__u32 reason;
	__u32 local_port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct trouble);
	__type(value, __u64);
} troubles SEC(".maps");

static __always_inline void count(const struct trouble *trouble)
{
	__u64 none = 0, *row = row_of(&troubles, trouble, &none);

	if (row)
		__sync_fetch_and_add(row, 1);
}

static __always_inline void read_ends(struct trouble *trouble, const void *ctx, __u32 base)
{
	trouble->local_port = (__u16)u32_at(ctx, config.offsets[base + AT_SPORT]);
	trouble->remote.port = u32_at(ctx, config.offsets[base + AT_DPORT]);
	trouble->remote.family = AF_INET6;
	bpf_probe_read_kernel(trouble->remote.address, 16, ctx + config.offsets[base + AT_DADDR]);
}

static __always_inline __u16 read_sockaddr(struct endpoint *to, const void *from)
{
	struct inet_sockaddr address = {};

	bpf_probe_read_kernel(&address, sizeof(address), from);
	if (to && address.family == AF_INET)
		__builtin_memcpy(to->address, &address.v4, 4);
	else if (to)
		__builtin_memcpy(to->address, address.v6, 16);
	if (to)
		to->family = address.family;
	return bpf_ntohs(address.port);
}

SEC("tracepoint")
int retransmitted(void *ctx)
{
	struct trouble trouble = { .kind = RETRANSMIT };

	if (window_is_over)
		return 1;
	trouble.state = u32_at(ctx, config.offsets[SENT_AGAIN + AT_STATE]);
	read_ends(&trouble, ctx, SENT_AGAIN);
	count(&trouble);
	return 1;
}

SEC("tracepoint")
int reset_received(void *ctx)
{
	struct trouble trouble = { .kind = RESET_RECEIVED, .state = NO_STATE };

	if (window_is_over)
		return 1;
	read_ends(&trouble, ctx, RECEIVED);
	count(&trouble);
	return 1;
}

SEC("tracepoint")
int reset_sent(void *ctx)
{
	struct trouble trouble = { .kind = RESET_SENT };

	if (window_is_over)
		return 1;
	trouble.state = u32_at(ctx, config.offsets[SENT + AT_STATE]);
	if (config.numbers[HAS_REASON])
		trouble.reason = u32_at(ctx, config.offsets[SENT_REASON]);
	if (config.numbers[HAS_SOCKADDRS]) {
		trouble.local_port = read_sockaddr(0, ctx + config.offsets[SENT + AT_SPORT]);
		trouble.remote.port = read_sockaddr(&trouble.remote, ctx + config.offsets[SENT + AT_DPORT]);
	} else {
		read_ends(&trouble, ctx, SENT);
	}
	count(&trouble);
	return 1;
}

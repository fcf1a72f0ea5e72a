/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Addresses of IPv4 and IPv6. */
#ifndef KTRIAGE_INET_H
#define KTRIAGE_INET_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define AF_INET	 2
#define AF_INET6 10

/* src/probes/tools/inet.ts has the offsets. */
struct endpoint {
	__u8 address[16]; /* of IPv4 in its first 4 bytes */
	__u16 port;	  /* in the host's order */
	__u16 family;	  /* 0: no address is known */
	__u32 pad;
};

/* struct sockaddr_in and sockaddr_in6 */
struct inet_sockaddr {
	__u16 family;
	__u16 port;
	union {
		__u32 v4;
		struct {
			__u32 flow;
			__u8 v6[16];
		};
	};
};

/* A sockaddr in a process's memory; 0 where it is none of IPv4 or IPv6. */
static __always_inline int read_endpoint(struct endpoint *to, const void *from)
{
	struct inet_sockaddr address = {};

	/* the shorter of both first: more may not be there */
	if (!from || bpf_probe_read_user(&address, 8, from))
		return 0;
	if (address.family == AF_INET) {
		__builtin_memcpy(to->address, &address.v4, 4);
	} else if (address.family == AF_INET6) {
		if (bpf_probe_read_user(&address, sizeof(address), from))
			return 0;
		__builtin_memcpy(to->address, address.v6, 16);
	} else {
		return 0;
	}
	to->family = address.family;
	to->port = bpf_ntohs(address.port);
	return 1;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a system call has read or written, as its arguments say in the memory of the process: buffers, pieces, messages. */
#ifndef KTRIAGE_MOVED_H
#define KTRIAGE_MOVED_H

#include "syscall_regs.h"

/* struct iovec, struct user_msghdr, struct mmsghdr */
struct iovec {
	__u64 base;
	__u64 bytes;
};

struct msghdr {
	__u64 name;
	__u32 name_bytes;
	__u32 pad;
	__u64 iov;
	__u64 iov_count;
	__u64 control;
	__u64 control_bytes;
	__u32 flags;
	__u32 pad2;
};

struct mmsghdr {
	struct msghdr header;
	__u32 bytes;
	__u32 pad;
};

enum direction {
	NEITHER,
	SENT,
	RECEIVED,
};

/* What a call has moved: a buffer, or one or more messages of pieces. */
struct moved {
	__u32 direction;
	__u32 messages; /* 0: `at` is a buffer, or with `pieces` the iovecs */
	__u32 pieces;
	__u32 pad;
	__u64 at;
	__u64 bytes;
	__u64 address;
};

static __always_inline struct moved moved_by(const void *regs, __u32 number, __u64 ret)
{
	struct moved moved = { .at = syscall_argument(regs, 1), .bytes = ret };

	switch (number) {
	case NR_SENDTO:
		moved.address = syscall_argument(regs, 4);
		/* fall through */
	case NR_WRITE:
		moved.direction = SENT;
		break;
	case NR_RECVFROM:
	case NR_READ:
		moved.direction = RECEIVED;
		break;
	case NR_WRITEV:
		moved.direction = SENT;
		moved.pieces = 1;
		break;
	case NR_READV:
		moved.direction = RECEIVED;
		moved.pieces = 1;
		break;
	case NR_SENDMSG:
	case NR_SENDMMSG:
		moved.direction = SENT;
		moved.messages = number == NR_SENDMMSG ? ret : 1;
		break;
	case NR_RECVMSG:
	case NR_RECVMMSG:
		moved.direction = RECEIVED;
		moved.messages = number == NR_RECVMMSG ? ret : 1;
		break;
	}
	return moved;
}

#endif

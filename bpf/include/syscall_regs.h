/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A system call as raw tracepoint sys_exit sees it: the registers still hold its number and its arguments, so that nothing
 * must be remembered from its entry. Layouts: arch/<arch>/include/asm/ptrace.h, unchanged from 5.10 to 7.0.
 */
#ifndef KTRIAGE_SYSCALL_REGS_H
#define KTRIAGE_SYSCALL_REGS_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define MAX_ERRNO 4095

#if defined(__TARGET_ARCH_x86)

/* struct pt_regs by index of its 8-byte members */
#define REGS_NUMBER 15 /* orig_ax */
#define REGS_MODE   17 /* cs */
#define USER32_CS   0x23

#define NR_READ	     0
#define NR_WRITE     1
#define NR_OPEN	     2
#define NR_FSYNC     74
#define NR_FDATASYNC 75
#define NR_RENAME    82
#define NR_MKDIR     83
#define NR_RMDIR     84
#define NR_CREAT     85
#define NR_UNLINK    87
#define NR_PREAD64   17
#define NR_PWRITE64  18
#define NR_READV     19
#define NR_WRITEV    20
#define NR_CONNECT   42
#define NR_SENDTO    44
#define NR_RECVFROM  45
#define NR_SENDMSG   46
#define NR_RECVMSG   47
#define NR_OPENAT    257
#define NR_MKDIRAT   258
#define NR_UNLINKAT  263
#define NR_RENAMEAT  264
#define NR_RENAMEAT2 316
#define NR_RECVMMSG  299
#define NR_STAT	     4
#define NR_LSTAT     6
#define NR_TRUNCATE  76
#define NR_FTRUNCATE 77
#define NR_GETDENTS64 217
#define NR_NEWFSTATAT 262
#define NR_PREADV    295
#define NR_PWRITEV   296
#define NR_STATX     332
#define NR_EXIT	     60
#define NR_FALLOCATE 285
#define NR_SYNCFS    306
#define NR_PREADV2   327
#define NR_PWRITEV2  328
#define NR_EXIT_GROUP 231
#define NR_SENDMMSG  307

static __always_inline __u32 argument_index(__u32 argument)
{
	/* rdi, rsi, rdx, r10, r8, r9 */
	switch (argument) {
	case 0:
		return 14;
	case 1:
		return 13;
	case 2:
		return 12;
	case 3:
		return 7;
	case 4:
		return 9;
	default:
		return 8;
	}
}

static __always_inline int is_32_bit_mode(__u64 mode)
{
	return mode == USER32_CS;
}

#elif defined(__TARGET_ARCH_arm64)

#define REGS_NUMBER 35 /* syscallno, its lower half */
#define REGS_MODE   33 /* pstate */
#define REGS_X0	    34 /* orig_x0: x0 holds the result */
#define PSR_MODE32  0x10

/* include/uapi/asm-generic/unistd.h; what only x86 has is a number that no call has */
#define NR_ABSENT(n) (0xffff0000U + (n))
#define NR_READ	     63
#define NR_WRITE     64
#define NR_OPEN	     NR_ABSENT(0)
#define NR_CREAT     NR_ABSENT(1)
#define NR_RENAME    NR_ABSENT(2)
#define NR_MKDIR     NR_ABSENT(3)
#define NR_RMDIR     NR_ABSENT(4)
#define NR_UNLINK    NR_ABSENT(5)
#define NR_FSYNC     82
#define NR_FDATASYNC 83
#define NR_PREAD64   67
#define NR_PWRITE64  68
#define NR_READV     65
#define NR_WRITEV    66
#define NR_CONNECT   203
#define NR_SENDTO    206
#define NR_RECVFROM  207
#define NR_SENDMSG   211
#define NR_RECVMSG   212
#define NR_OPENAT    56
#define NR_MKDIRAT   34
#define NR_UNLINKAT  35
#define NR_RENAMEAT  38
#define NR_RENAMEAT2 276
#define NR_RECVMMSG  243
#define NR_STAT	     NR_ABSENT(6)
#define NR_LSTAT     NR_ABSENT(7)
#define NR_TRUNCATE  45
#define NR_FTRUNCATE 46
#define NR_GETDENTS64 61
#define NR_NEWFSTATAT 79
#define NR_PREADV    69
#define NR_PWRITEV   70
#define NR_STATX     291
#define NR_EXIT	     93
#define NR_FALLOCATE 47
#define NR_SYNCFS    267
#define NR_PREADV2   286
#define NR_PWRITEV2  287
#define NR_EXIT_GROUP 94
#define NR_SENDMMSG  269

static __always_inline __u32 argument_index(__u32 argument)
{
	return argument == 0 ? REGS_X0 : argument;
}

static __always_inline int is_32_bit_mode(__u64 mode)
{
	return (mode & PSR_MODE32) != 0;
}

#else
#error "syscall_regs.h: add this architecture"
#endif

/* Younger than the unified table (Linux 5.1). */
#define NR_OPENAT2 437

static __always_inline __u64 register_at(const void *regs, __u32 index)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), regs + 8 * index);
	return value;
}

static __always_inline __u32 syscall_number(const void *regs)
{
	return register_at(regs, REGS_NUMBER);
}

/* A 32-bit program's calls have other numbers. */
static __always_inline int is_compat(const void *regs)
{
	return is_32_bit_mode(register_at(regs, REGS_MODE));
}

/* Set in the number of a 32-bit program's call: no table here has its names. */
#define CALL_32_BIT 0x40000000

/* The number and the mode stand next but one to each other, whichever comes first: one read for both. */
static __always_inline __u32 marked_syscall_number(const void *regs)
{
	const __u32 first = REGS_NUMBER < REGS_MODE ? REGS_NUMBER : REGS_MODE;
	__u64 words[3] = {};

	bpf_probe_read_kernel(words, sizeof(words), regs + 8 * first);
	return (__u32)words[REGS_NUMBER - first] | (is_32_bit_mode(words[REGS_MODE - first]) ? CALL_32_BIT : 0);
}

static __always_inline __u64 syscall_argument(const void *regs, __u32 argument)
{
	return register_at(regs, argument_index(argument));
}

#endif

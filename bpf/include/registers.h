/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Registers at a probe, as the kernel's ABI fixes them (arch/<arch>/include/uapi/asm/ptrace.h): declared here, so that
 * objects for every architecture are compiled on any. Arguments that do not fit into registers are on the stack.
 */
#ifndef KTRIAGE_REGISTERS_H
#define KTRIAGE_REGISTERS_H

#include <linux/types.h>

#if defined(__TARGET_ARCH_x86)

struct pt_regs {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags, rsp, ss;
};

#define REGISTER_ARGUMENTS 6
/* from the stack pointer on entry, which points to the return address */
#define STACK_ARGUMENTS_AT 8

static __always_inline void register_arguments(__u64 *to, const struct pt_regs *regs)
{
	to[0] = regs->rdi;
	to[1] = regs->rsi;
	to[2] = regs->rdx;
	to[3] = regs->rcx;
	to[4] = regs->r8;
	to[5] = regs->r9;
}

static __always_inline __u64 return_value(const struct pt_regs *regs)
{
	return regs->rax;
}

static __always_inline __u64 stack_pointer(const struct pt_regs *regs)
{
	return regs->rsp;
}

/* The stack pointer that the function had on entry: its return has taken the return address off the stack. */
static __always_inline __u64 stack_pointer_on_entry(const struct pt_regs *regs)
{
	return regs->rsp - 8;
}

#elif defined(__TARGET_ARCH_arm64)

struct pt_regs {
	__u64 x[31], sp, pc, pstate;
};

#define REGISTER_ARGUMENTS 8
#define STACK_ARGUMENTS_AT 0

static __always_inline void register_arguments(__u64 *to, const struct pt_regs *regs)
{
	int i;

#pragma unroll
	for (i = 0; i < REGISTER_ARGUMENTS; i++)
		to[i] = regs->x[i];
}

static __always_inline __u64 return_value(const struct pt_regs *regs)
{
	return regs->x[0];
}

static __always_inline __u64 stack_pointer(const struct pt_regs *regs)
{
	return regs->sp;
}

/* A return leaves the stack as it was: the return address is in a register. */
static __always_inline __u64 stack_pointer_on_entry(const struct pt_regs *regs)
{
	return regs->sp;
}

#else
#error "registers.h: add this architecture"
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What user space and the programs on functions share, beside event.h. */
#ifndef KTRIAGE_FUNCTION_H
#define KTRIAGE_FUNCTION_H

#include "event.h"

#define MAX_ARGUMENTS 12
#define RETURN_VALUE  MAX_ARGUMENTS /* as a source: stands behind the arguments */
#define MAX_VALUES    (MAX_ARGUMENTS + 1)
#define MAX_READS     24
#define MAX_STEPS     6
#define MAX_NAMES     24   /* of a path */
#define PATH_BYTES    1024 /* slot of a path */
#define MAX_NAME      256  /* with its NUL (NAME_MAX) */
#define CUT	      0xa680e2ULL /* "…" in UTF-8, and NULs: the outermost name of a path that has more of them */
#define CUT_BYTES     8
#define PACKET_BYTES  40

/* In the ring buffer; the slots follow, each where its read says. */
struct function_event {
	struct event event; /* record_bytes: of the slots */
	__u64 faults;	    /* bit n: read n found no memory, its slot holds nothing */
	__s64 ret;
	__u64 latency_ns;
};

enum read_kind {
	READ_VALUE = 1,
	READ_MEMORY = 2,
	READ_STRING = 3,
	READ_DENTRY_PATH = 4,
	READ_PATH = 5,
	READ_PACKET = 6,
};

enum read_flags {
	READ_USER = 1,	    /* what is read is memory of the process */
	FOLLOW_USER = 2, /* so are the pointers on the way */
};

struct read {
	__s32 steps[MAX_STEPS]; /* each but the last: added, then the pointer there is followed */
	__u8 kind;		/* 0: none, nor any behind */
	__u8 source;		/* index of the argument, or RETURN_VALUE */
	__u8 step_count;
	__u8 flags;
	__u16 at; /* of the slot, 8-aligned */
	__u16 bytes_read;
};

/* Offsets of members in this kernel's structures. */
struct path_layout {
	__u32 dentry_parent;
	__u32 dentry_name;
	__u32 path_mnt;
	__u32 path_dentry;
	__u32 vfsmount_root;
	__u32 mount_vfsmount;
	__u32 mount_parent;
	__u32 mount_mountpoint;
};

struct packet_layout {
	__u32 skb_head;
	__u32 skb_network_header;
};

/* One requested function. */
struct function_config {
	struct session_config session;
	__u32 slot_bytes; /* all slots together, a multiple of 8 */
	__u32 argument_count;
	__u32 user_function; /* arguments on the stack are memory of the process */
	__u32 never;	     /* 0, see keep_threads_stack() */
	struct path_layout path;
	struct packet_layout packet;
	struct read reads[MAX_READS];
};

/* A call under way: a function that calls itself has one for each frame of the stack. */
struct call_key {
	__u64 frame;
	__u32 tid;
	__u32 pad;
};

enum window {
	WINDOW_AHEAD = 0,
	WINDOW_OPEN = 1,
	WINDOW_CLOSED = 2,
};

struct function_call {
	__u64 time_ns;
	__u64 in_window; /* counted in stats.entered */
	__u64 values[MAX_VALUES];
};

#endif

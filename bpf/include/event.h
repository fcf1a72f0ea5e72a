/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What user space and the programs share. src/probes/engine/layout.ts holds the same offsets; a test compares both with BTF. */
#ifndef KTRIAGE_EVENT_H
#define KTRIAGE_EVENT_H

#include <linux/types.h>

#define MAX_DIRECTIVES 12
#define MAX_RECORD     2048 /* fixed and dynamic part of a trace record that is copied */
#define MAX_EXTRA      2048 /* user memory that the directives bring along; the last one may pass it by MAX_STRING */
#define MAX_STRING     1024 /* one string with its NUL */
#define MAX_ARGS	   20 /* of argv; each has a slot of MAX_ARG bytes */
#define MAX_ARG	   128
#define MAX_SOCKADDR   128 /* sizeof(struct sockaddr_storage) */
#define LATENCY_BUCKETS 496 /* of 64 bits, see bucket_of() */

enum event_kind {
	EVENT_HIT = 0,
	EVENT_RETURN = 1,   /* of a system call whose EVENT_HIT was emitted */
	EVENT_FUNCTION = 2, /* bpf/include/function.h */
};

enum event_flags {
	EVENT_UNPAIRED = 1, /* no room to remember the call: no EVENT_RETURN will follow */
	EVENT_NO_ENTRY = 2, /* a function's return whose entry was not seen: neither arguments nor latency */
};

/* Starts every event in the ring buffer. The record follows, then, 8-aligned, the extras. */
struct event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 tgid;
	__u32 tid;
	__u32 uid;
	__u16 program; /* index in the session */
	__u8 kind;
	__u8 flags;
	__u16 record_bytes;
	__u16 extra_bytes;
	__u32 pad;
	char comm[16];
};

/* Instead of `struct event`, when a system call returns. Extras follow: what could not be read on entry. */
struct event_return {
	__u64 time_ns;
	__u32 tgid;
	__u32 tid;
	__u32 pad;
	__u16 program;
	__u8 kind;
	__u8 flags;
	__u16 record_bytes; /* 0 */
	__u16 extra_bytes;
	__u32 pad2;
	__s64 ret;
	__u64 latency_ns;
};

enum extra_flags {
	EXTRA_FAULT = 1,     /* the memory could not be read: not present, or a wrong pointer */
	EXTRA_TRUNCATED = 2, /* more follows in the traced process */
};

/* What a directive read; `length` bytes follow, then padding to 8. */
struct extra {
	__u8 directive;
	__u8 flags;
	__u16 length;
	__u32 pad;
};

enum directive_kind {
	READ_NONE = 0,
	READ_USER_STRING = 1, /* u64 at offset points to a string of user space */
	READ_SOCKADDR = 2,    /* u64 at offset points to a sockaddr of user space, its length is the int at arg */
	READ_ARGV = 3,	  /* u64 at offset points to a NULL-ended array of strings of user space */
	READ_DATA_LOC = 4,    /* u32 at offset: length << 16 | offset from the record's start */
	READ_REL_LOC = 5,     /* u32 at offset: length << 16 | offset from this field's end */
	READ_KERNEL_STRING = 6,
};

struct directive {
	__u16 offset;
	__u16 arg;
	__u8 kind;
	__u8 pad[3];
};

enum config_flags {
	FILTER_UID = 1,
	EMIT_EVENTS = 2,
	PAIRED = 4,    /* a return follows: remember the call */
	HISTOGRAM = 8, /* sort the latency of every return into buckets */
	EXECUTES = 16, /* a thread that is not the leader returns from the call as the leader */
};

/* What every program is told, first in the config of its family. Frozen before load: the verifier drops the rest. */
struct session_config {
	__u64 comm[2]; /* compared after masking: exact, or a prefix */
	__u64 comm_mask[2];
	__u32 tgid; /* 0: any */
	__u32 tid;
	__u32 uid; /* with FILTER_UID */
	__u32 flags;
	__u64 interval_ns; /* the governor's time between events; 0: no bound */
	__u64 burst_ns;
	__u64 pidns_dev; /* of the pid namespace whose ids are seen; see visible_ids() */
	__u64 pidns_ino;
	__u32 program;
	__u32 pad;
};

#define MAX_MATCHES 8
#define MAX_ENDLESS 4
#define MAX_UNMADE  3
#define NO_KEY	    0xffffffff

/* One requested tracepoint. */
struct tracepoint_config {
	struct session_config session;
	__u32 record_bytes; /* fixed part of the record */
	__u32 key_offset;   /* field of the record that hits are counted by */
	__u32 key_bytes;    /* 0, 4 or 8 */
	__u32 ret_offset;   /* in the record of the return */
	__u32 match_offset; /* field of the record whose value decides what is a hit */
	__u32 match_bytes;
	__u32 matches; /* 0: every record is a hit */
	__u32 pad;
	__u64 match[MAX_MATCHES];
	__u32 endless[MAX_ENDLESS]; /* keys of calls that never return; NO_KEY behind the last */
	__u32 unmade[MAX_UNMADE]; /* keys of calls that no program makes: those of probes */
	__u32 unmades;
	struct directive directives[MAX_DIRECTIVES];
};

/* Hits by process and by key. comm belongs to the key: what a process was before exec is another row. */
struct count_key {
	__u32 tgid;
	__u32 key;
	char comm[16];
};

/* Hits are the sum of all rows and of uncounted, emitted the hits that are not one of these. */
struct stats {
	__u64 suppressed; /* by the governor */
	__u64 lost;	  /* the ring buffer was full */
	__u64 uncounted;  /* hits that found no row in counts */
	__u64 lost_returns;
	__u64 entered;	/* calls of a function while the window was open */
	__u64 returned; /* those of them whose return was seen */
};

#endif

// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Any tracepoint. The record is copied as the kernel wrote it; directives, prepared in user space from the event's
 * format file, bring along the user memory that it points to. System calls are paired with their return.
 *
 * All return 1: 0 would hide the event from perf and ftrace users of the same host (trace_call_bpf()).
 */
#include "event.h"
#include <bpf/bpf_helpers.h>

const volatile struct tracepoint_config config = {};

#include "session.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define DATA_BYTES (MAX_RECORD + MAX_EXTRA + MAX_STRING + MAX_ARGS * MAX_ARG)
/* Where a returning call's arguments are laid out as in its record: behind anything that extras can reach. */
#define ARGS_AT	   (DATA_BYTES - MAX_RECORD)

/* The event is built here: too large for the 512 bytes of BPF stack. Hits do not nest on a CPU (bpf_prog_active). */
struct scratch {
	union {
		struct event event;
		struct event_return returned;
	};
	union {
		struct extra extra; /* where the first stands in a return; keeps the type in BTF */
		__u8 data[DATA_BYTES + 8];
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

struct call {
	__u64 time_ns;
	__u64 faults; /* bit n: directive n could not be read on entry */
	__u64 args[6];
	__u32 key;
	__u32 emitted; /* an event is out that waits for the return */
};

/* System calls under way, by call_id(). A thread is in one call at a time; a stale entry is overwritten by its tid's next. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/*
 * Every argument has a slot of its own: packed, the sum of their lengths would cost the verifier more states than it
 * follows. A slot that is full says that its argument is cut.
 */
static __always_inline long read_argv(__u8 *to, const __u64 *argv, __u8 *flags)
{
	const char *arg = 0;
	int i;

	for (i = 0; i < MAX_ARGS; i++) {
		if (bpf_probe_read_user(&arg, sizeof(arg), argv + i)) {
			*flags = EXTRA_FAULT;
			return i * MAX_ARG;
		}
		if (!arg)
			return i * MAX_ARG;
		if (bpf_probe_read_user_str(to + i * MAX_ARG, MAX_ARG, arg) <= 0) {
			*flags = EXTRA_FAULT;
			return i * MAX_ARG;
		}
	}
	if (!bpf_probe_read_user(&arg, sizeof(arg), argv + i) && arg)
		*flags = EXTRA_TRUNCATED;
	return MAX_ARGS * MAX_ARG;
}

static __always_inline long read_sockaddr(__u8 *to, const void *from, __u64 bytes, __u8 *flags)
{
	if (bytes > MAX_SOCKADDR)
		bytes = MAX_SOCKADDR;
	/* a caller may pass a length that its memory does not have: then the shortest address that tells something */
	if (!bpf_probe_read_user(to, bytes, from))
		return bytes;
	if (bytes > 16 && !bpf_probe_read_user(to, 16, from))
		return 16;
	*flags |= EXTRA_FAULT;
	return 0;
}

static __always_inline long read_string(__u8 *to, const void *from, __u8 kind, __u8 *flags)
{
	long bytes;

	if (kind == READ_KERNEL_STRING)
		bytes = bpf_probe_read_kernel_str(to, MAX_STRING, from);
	else
		bytes = bpf_probe_read_user_str(to, MAX_STRING, from);
	if (bytes <= 0) {
		*flags |= EXTRA_FAULT;
		return 0;
	}
	if (bytes == MAX_STRING)
		*flags |= EXTRA_TRUNCATED;
	return bytes;
}

/*
 * Follows the directives whose bit is set in `wanted`; `base` is where a field of the record with offset 0 would be.
 * Returns the bytes written, a multiple of 8; sets the bits of those that faulted.
 */
static __always_inline __u64 read_extras(__u8 *to, const __u8 *base, __u64 wanted, __u64 *faults)
{
	__u64 at = 0;
	int i;

	for (i = 0; i < MAX_DIRECTIVES; i++) {
		__u8 kind = config.directives[i].kind;
		struct extra *extra;
		const void *from;
		__u8 flags = 0;
		long bytes = 0;

		if (kind == READ_NONE || kind == READ_DATA_LOC || kind == READ_REL_LOC || !(wanted & (1ULL << i)))
			continue;
		if (at > MAX_EXTRA)
			break;
		extra = (void *)(to + at);
		from = *(const void **)(base + (config.directives[i].offset & (MAX_RECORD - 1)));
		if (!from)
			continue;
		if (kind == READ_ARGV)
			bytes = read_argv((void *)(extra + 1), from, &flags);
		else if (kind == READ_SOCKADDR)
			bytes = read_sockaddr((void *)(extra + 1), from,
					      *(__u32 *)(base + (config.directives[i].arg & (MAX_RECORD - 1))),
					      &flags);
		else
			bytes = read_string((void *)(extra + 1), from, kind, &flags);
		if (flags & EXTRA_FAULT)
			*faults |= 1ULL << i;
		extra->directive = i;
		extra->flags = flags;
		extra->length = bytes;
		extra->pad = 0;
		at += sizeof(*extra) + (((__u64)bytes + 7) & 0xff8);
	}
	return at;
}

/* Copies the record with its dynamic part; returns its bytes. */
static __always_inline __u64 copy_record(__u8 *to, void *ctx)
{
	__u64 fixed = config.record_bytes, end = fixed;
	int i;

	if (fixed > MAX_RECORD)
		fixed = MAX_RECORD;
	if (bpf_probe_read_kernel(to, fixed, ctx))
		return 0;
	for (i = 0; i < MAX_DIRECTIVES; i++) {
		__u16 offset = config.directives[i].offset & (MAX_RECORD - 1);
		__u8 kind = config.directives[i].kind;
		__u64 loc, last;

		if (kind != READ_DATA_LOC && kind != READ_REL_LOC)
			continue;
		loc = *(__u32 *)(to + offset);
		last = (loc & 0xffff) + (loc >> 16);
		if (kind == READ_REL_LOC)
			last += offset + 4;
		if (last > end)
			end = last;
	}
	if (end > MAX_RECORD)
		end = MAX_RECORD;
	if (end > fixed && !bpf_probe_read_kernel(to + fixed, (end - fixed) & (2 * MAX_RECORD - 1), ctx + fixed))
		return end;
	return fixed;
}

/* Who comes back from a call: its thread; of a process that executes another program, the only one that is left. */
static __always_inline __u32 call_id(__u64 ids)
{
	return config.session.flags & EXECUTES ? ids >> 32 : ids;
}

/* `args`: of the call's record, which start behind common fields and the padded number (struct syscall_trace_enter) */
static __always_inline int remember_call(const struct who *who, struct call *call, const void *args)
{
	__u32 id = call_id(who->ids);

	call->key = who->key.key;
	if (bpf_probe_read_kernel(call->args, sizeof(call->args), args))
		return -1;
	return bpf_map_update_elem(&calls, &id, call, BPF_ANY);
}

/* Will the call return? A row for one that does not would stay. */
static __always_inline int is_followed(__u32 key)
{
	int i;

	if (!(config.session.flags & PAIRED))
		return 0;
	if (!config.key_bytes)
		return 1;
#pragma unroll
	for (i = 0; i < MAX_ENDLESS; i++)
		if (key == config.endless[i])
			return 0;
	return 1;
}

static __always_inline void emit_hit(void *ctx, const struct who *who, __u64 now, struct stats *stats)
{
	struct call call = { .time_ns = now, .emitted = 1 };
	struct scratch *s = only_value(&scratch);
	__u64 record, padded, extras;
	__u32 id = call_id(who->ids);

	if (!s)
		return;
	record = copy_record(s->data, ctx);
	padded = (record + 7) & ~7ULL;
	if (padded > MAX_RECORD)
		return;
	extras = read_extras(s->data + padded, s->data, ~0ULL, &call.faults);
	describe_event(&s->event, who, now);
	s->event.kind = EVENT_HIT;
	s->event.record_bytes = record;
	s->event.extra_bytes = extras;
	if (is_followed(who->key.key) && remember_call(who, &call, s->data + 16))
		s->event.flags = EVENT_UNPAIRED;
	if (extras > DATA_BYTES - MAX_RECORD)
		return;
	if (bpf_ringbuf_output(&events, s, sizeof(s->event) + padded + extras, BPF_RB_NO_WAKEUP)) {
		__sync_fetch_and_add(&stats->lost, 1);
		if (config.session.flags & PAIRED)
			bpf_map_delete_elem(&calls, &id);
	}
}

/* Of a call that is not emitted: its latency is counted all the same. */
static __always_inline void time_call(void *ctx, const struct who *who, __u64 now, struct stats *stats)
{
	struct call call = { .time_ns = now };

	if ((config.session.flags & HISTOGRAM) && is_followed(who->key.key) &&
	    remember_call(who, &call, ctx + 16))
		__sync_fetch_and_add(&stats->lost_returns, 1);
}

/* Probes on functions of programs make system calls themselves, ktriage's among them: the doing of no program. */
static __always_inline int is_unmade(__u32 key)
{
	__u32 i;

	if (!config.key_bytes)
		return 0;
#pragma unroll
	for (i = 0; i < MAX_UNMADE; i++)
		if (i < config.unmades && key == config.unmade[i])
			return 1;
	return 0;
}

/* Has the record's field one of the values that are asked for? */
static __always_inline int matches(void *ctx)
{
	__u64 value = 0;
	int i;

	if (!config.matches)
		return 1;
	if (bpf_probe_read_kernel(&value, config.match_bytes, ctx + config.match_offset))
		return 0;
#pragma unroll
	for (i = 0; i < MAX_MATCHES; i++)
		if (i < config.matches && value == config.match[i])
			return 1;
	return 0;
}

SEC("tracepoint")
int hit(void *ctx)
{
	struct stats *stats;
	struct who who;
	__u64 now;

	if (!matches(ctx) || !is_wanted(&who))
		return 1;
	if (config.key_bytes)
		bpf_probe_read_kernel(&who.key.key, sizeof(who.key.key), ctx + config.key_offset);
	stats = session_stats();
	if (!stats || is_unmade(who.key.key))
		return 1;
	count_hit(&who.key, stats);
	if (!(config.session.flags & (EMIT_EVENTS | HISTOGRAM)))
		return 1;
	now = bpf_ktime_get_ns();
	if (!(config.session.flags & EMIT_EVENTS)) {
		time_call(ctx, &who, now, stats);
	} else if (governor_admits(now)) {
		emit_hit(ctx, &who, now, stats);
	} else {
		__sync_fetch_and_add(&stats->suppressed, 1);
		time_call(ctx, &who, now, stats);
	}
	return 1;
}

/* A call that never returned, such as exit, left its row to the next thread of its id: raw_syscalls tells them apart. */
static __always_inline int returns_from(const struct call *call, void *ctx)
{
	__u32 key = 0;

	if (!config.key_bytes)
		return 1;
	bpf_probe_read_kernel(&key, sizeof(key), ctx + config.key_offset);
	return key == call->key;
}

SEC("tracepoint")
int returned(void *ctx)
{
	__u64 ids = visible_ids(config.session.pidns_dev, config.session.pidns_ino), now = bpf_ktime_get_ns();
	__u64 extras = 0, ignored = 0;
	__u32 id = call_id(ids);
	struct call *call = bpf_map_lookup_elem(&calls, &id);
	struct event_return *event;
	struct scratch *s;
	struct stats *stats;

	if (!call)
		return 1;
	s = only_value(&scratch);
	stats = session_stats();
	if (!s || !stats)
		return 1;
	if (!returns_from(call, ctx)) {
		bpf_map_delete_elem(&calls, &id);
		return 1;
	}
	count_latency(now - call->time_ns);
	if (!call->emitted) {
		bpf_map_delete_elem(&calls, &id);
		return 1;
	}
	event = &s->returned;
	event->latency_ns = now - call->time_ns;
	/* by now the kernel has faulted in what the call was given */
	if (call->faults) {
		__builtin_memcpy(s->data + ARGS_AT + 16, call->args, sizeof(call->args));
		extras = read_extras(s->data, s->data + ARGS_AT, call->faults, &ignored);
	}
	bpf_map_delete_elem(&calls, &id);
	event->time_ns = now;
	event->tgid = ids >> 32;
	event->tid = ids;
	event->pad = 0;
	event->program = config.session.program;
	event->kind = EVENT_RETURN;
	event->flags = 0;
	event->record_bytes = 0;
	event->extra_bytes = extras;
	event->pad2 = 0;
	event->ret = 0;
	bpf_probe_read_kernel(&event->ret, sizeof(event->ret), ctx + config.ret_offset);
	if (extras > DATA_BYTES - MAX_RECORD)
		return 1;
	if (bpf_ringbuf_output(&events, event, sizeof(*event) + extras, BPF_RB_NO_WAKEUP))
		__sync_fetch_and_add(&stats->lost_returns, 1);
	return 1;
}

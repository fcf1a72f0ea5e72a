// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Any function of the kernel or of a program. Each kind of attachment has thin twins around the same handlers: one that
 * is hit on entry; or, where the return is the hit, one that remembers the call on entry and one that sees the return.
 *
 * No buffer per CPU: these programs may be preempted and interleave. Events are written where they are reserved in the
 * ring buffer, each read into a slot of its own whose place the verifier knows, as all of `config` is frozen.
 */
#include "function.h"
#include <bpf/bpf_helpers.h>

const volatile struct function_config config = {};

#include "reads.h"
#include "registers.h"
#include "session.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A return that is missed, as by a thread that ends or jumps, leaves a row that ages out. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct call_key);
	__type(value, struct function_call);
} calls SEC(".maps");

/*
 * Open while both of a function's probes are in place: only of calls that were entered then, every return can be seen.
 * User space opens and closes it; what is entered behind it is none of ours.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} window SEC(".maps");

/* What a hit tells: arguments and returned value, and how long the call took. */
struct hit {
	__u64 values[MAX_VALUES];
	__u64 latency_ns;
	__u8 flags;
};

static __always_inline void emit_function(const struct hit *hit, const struct who *who, __u64 now, struct stats *stats)
{
	struct function_event *event;

	event = bpf_ringbuf_reserve(&events, sizeof(*event) + config.slot_bytes, 0);
	if (!event) {
		__sync_fetch_and_add(&stats->lost, 1);
		return;
	}
	describe_event(&event->event, who, now);
	event->event.kind = EVENT_FUNCTION;
	event->event.flags = hit->flags;
	event->event.record_bytes = config.slot_bytes;
	event->event.extra_bytes = 0;
	event->ret = hit->values[RETURN_VALUE];
	event->latency_ns = hit->latency_ns;
	event->faults = read_slots((__u8 *)(event + 1), hit->values);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* `who` has passed the filters. */
static __always_inline void count_and_emit(const struct hit *hit, const struct who *who, __u64 now)
{
	struct stats *stats = session_stats();

	if (!stats)
		return;
	count_hit(&who->key, stats);
	if (!(config.session.flags & EMIT_EVENTS))
		return;
	if (governor_admits(now))
		emit_function(hit, who, now, stats);
	else
		__sync_fetch_and_add(&stats->suppressed, 1);
}

static __always_inline __u64 window_state(void)
{
	__u64 *state = only_value(&window);

	return state ? *state : WINDOW_CLOSED;
}

static __always_inline void count_entry(struct function_call *call)
{
	struct stats *stats = session_stats();

	if (!stats)
		return;
	call->in_window = 1;
	__sync_fetch_and_add(&stats->entered, 1);
}

static __always_inline void remember_call(struct function_call *call, __u64 frame)
{
	struct call_key key = { .frame = frame };
	__u64 state = window_state();
	struct who who;

	if (state == WINDOW_CLOSED || !is_wanted(&who))
		return;
	key.tid = who.ids;
	call->time_ns = bpf_ktime_get_ns();
	if (state == WINDOW_OPEN)
		count_entry(call);
	bpf_map_update_elem(&calls, &key, call, BPF_ANY);
}

static __always_inline void count_return(const struct function_call *call)
{
	struct stats *stats = session_stats();

	if (stats && call->in_window)
		__sync_fetch_and_add(&stats->returned, 1);
}

static __always_inline void handle_return(__u64 ret, __u64 frame)
{
	struct hit hit = { .flags = EVENT_NO_ENTRY };
	__u64 now = bpf_ktime_get_ns();
	struct call_key key = { .frame = frame };
	struct function_call *call;
	struct who who;
	/* as who comes back may be another than who went in: by name, or by user */
	int wanted = is_wanted(&who);

	key.tid = who.ids;
	call = bpf_map_lookup_elem(&calls, &key);
	if (call) {
		__builtin_memcpy(hit.values, call->values, sizeof(hit.values));
		hit.latency_ns = now - call->time_ns;
		hit.flags = 0;
		count_return(call);
		bpf_map_delete_elem(&calls, &key);
	}
	if (!wanted || (!call && window_state() == WINDOW_CLOSED))
		return;
	if (call)
		count_latency(hit.latency_ns);
	hit.values[RETURN_VALUE] = ret;
	count_and_emit(&hit, &who, now);
}

/* kprobe, uprobe, kprobe.multi */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} nothing SEC(".maps");

/*
 * Since 6.13 the kernel gives a program of this type that uses 64 bytes of stack or more a stack per CPU instead of the
 * thread's (bpf_enable_priv_stack() in kernel/bpf/verifier.c), trusting that it is never entered twice on a CPU. Nothing
 * sees to that at uprobes: there one thread preempts another within the program, and both write the same stack. That
 * made 7.3 oops. A program that holds a tail call keeps the thread's stack; the verifier drops the call.
 */
static __always_inline void keep_threads_stack(void *ctx)
{
	if (config.never)
		bpf_tail_call(ctx, &nothing, 0);
}

static __always_inline void probe_arguments(__u64 *to, const struct pt_regs *regs)
{
	__u64 count = config.argument_count;

	register_arguments(to, regs);
	if (count > REGISTER_ARGUMENTS && count <= MAX_ARGUMENTS)
		read_memory(to + REGISTER_ARGUMENTS, (count - REGISTER_ARGUMENTS) * sizeof(*to),
			    stack_pointer(regs) + STACK_ARGUMENTS_AT, config.user_function);
}

SEC("kprobe")
int probe_hit(struct pt_regs *regs)
{
	struct hit hit = {};
	struct who who;

	keep_threads_stack(regs);
	if (!is_wanted(&who))
		return 0;
	probe_arguments(hit.values, regs);
	count_and_emit(&hit, &who, bpf_ktime_get_ns());
	return 0;
}

SEC("kprobe")
int probe_entered(struct pt_regs *regs)
{
	struct function_call call = {};

	keep_threads_stack(regs);
	probe_arguments(call.values, regs);
	remember_call(&call, stack_pointer(regs));
	return 0;
}

SEC("kprobe")
int probe_returned(struct pt_regs *regs)
{
	keep_threads_stack(regs);
	handle_return(return_value(regs), stack_pointer_on_entry(regs));
	return 0;
}

/* fentry, fexit, raw tracepoint: the context is an array of the arguments. A helper reads it, with any size. */

static __always_inline void array_arguments(__u64 *to, const void *ctx)
{
	__u64 count = config.argument_count;

	if (count && count <= MAX_ARGUMENTS)
		bpf_probe_read_kernel(to, count * sizeof(*to), ctx);
}

/* Both programs of a call see the same array. A number for its address, which the verifier keeps apart from pointers. */
static __always_inline __u64 frame_of(const void *ctx)
{
	return (__u64)ctx - (__u64)&config;
}

static __always_inline int array_hit(const void *ctx)
{
	struct hit hit = {};
	struct who who;

	if (!is_wanted(&who))
		return 0;
	array_arguments(hit.values, ctx);
	count_and_emit(&hit, &who, bpf_ktime_get_ns());
	return 0;
}

SEC("raw_tracepoint")
int raw_hit(void *ctx)
{
	return array_hit(ctx);
}

SEC("fentry")
int fentry_hit(void *ctx)
{
	return array_hit(ctx);
}

SEC("fentry")
int fentry_entered(void *ctx)
{
	struct function_call call = {};

	array_arguments(call.values, ctx);
	remember_call(&call, frame_of(ctx));
	return 0;
}

SEC("fexit")
int fexit_returned(void *ctx)
{
	__u64 ret = 0;

	bpf_probe_read_kernel(&ret, sizeof(ret), ctx + config.argument_count * sizeof(ret));
	handle_return(ret, frame_of(ctx));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Requests to block devices, from their issue to their completion, by device, operation and process. A request is known by
 * its device and first sector. Its process is the one that made it (block_io_start from 6.5, block_rq_insert), else the one
 * that issued it: writes that a cache was holding back are the kernel's own then.
 */
#include "tool.h"
#include "times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* src/probes/tools/block_latency.ts writes them in this order. */
enum offsets {
	AT_DEV, /* of the records of the class block_rq */
	AT_SECTOR,
	AT_NR_SECTOR,
	AT_RWBS,
	DONE_DEV, /* of block_rq_complete */
	DONE_SECTOR,
	DONE_ERROR,
};

enum numbers {
	HAS_START, /* block_io_start is attached: it knows the process best */
};

struct place {
	__u64 sector;
	__u32 dev;
	__u32 pad;
};

struct request {
	__u64 queued_ns; /* 0: not seen */
	__u64 issued_ns; /* 0: not yet */
	__u32 tgid;
	__u32 is_ignored; /* ktriage's own, or not what the filters want */
	__u32 sectors;
	__u32 operation; /* a letter as blk_fill_rwbs() writes it: R, W, D, F, N */
	char comm[16];
};

/* Those that are merged into others are never completed themselves: the oldest make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct place);
	__type(value, struct request);
} requests SEC(".maps");

struct maker {
	__u32 dev;
	__u32 operation;
	__u32 tgid;
	__u32 pad;
	char comm[16];
};

struct done {
	__u64 count;
	__u64 bytes_moved;
	__u64 latency_ns;
	__u64 latency_max_ns;
	__u64 queue_ns;
	__u64 queue_max_ns;
	__u64 errors;
	__u32 last_error;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct maker);
	__type(value, struct done);
} done SEC(".maps");

struct device_bucket {
	__u32 dev;
	__u32 bucket;
};

/* A histogram for each device. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct device_bucket);
	__type(value, __u64);
} device_times SEC(".maps");

static __always_inline void read_place(struct place *place, const void *ctx, __u32 dev_at, __u32 sector_at)
{
	place->dev = u32_at(ctx, config.offsets[dev_at]);
	place->sector = u64_at(ctx, config.offsets[sector_at]);
}

/* REQ_PREFLUSH puts an F before the operation. */
static __always_inline __u32 operation_of(const void *ctx)
{
	__u32 letters = u32_at(ctx, config.offsets[AT_RWBS]), second = letters >> 8 & 0xff;

	if ((letters & 0xff) == 'F' && (second == 'W' || second == 'R' || second == 'D'))
		return second;
	return letters & 0xff;
}

static __always_inline void describe(struct request *request, const void *ctx)
{
	struct who who = {};

	request->is_ignored = !is_wanted(&who);
	request->tgid = who.key.tgid;
	request->sectors = u32_at(ctx, config.offsets[AT_NR_SECTOR]);
	request->operation = operation_of(ctx);
	__builtin_memcpy(request->comm, who.key.comm, sizeof(request->comm));
}

static __always_inline void queue(const void *ctx)
{
	struct request fresh = {};
	struct place place = {};

	read_place(&place, ctx, AT_DEV, AT_SECTOR);
	fresh.queued_ns = bpf_ktime_get_ns();
	describe(&fresh, ctx);
	bpf_map_update_elem(&requests, &place, &fresh, BPF_ANY);
}

SEC("tracepoint")
int started(void *ctx)
{
	if (window_is_over)
		return 1;
	queue(ctx);
	return 1;
}

SEC("tracepoint")
int inserted(void *ctx)
{
	if (window_is_over)
		return 1;
	if (!config.numbers[HAS_START])
		queue(ctx);
	return 1;
}

SEC("tracepoint")
int issued(void *ctx)
{
	struct request fresh = {}, *request;
	struct place place = {};

	if (window_is_over)
		return 1;
	read_place(&place, ctx, AT_DEV, AT_SECTOR);
	request = bpf_map_lookup_elem(&requests, &place);
	if (request) {
		request->issued_ns = bpf_ktime_get_ns();
		/* others may have been merged into it */
		request->sectors = u32_at(ctx, config.offsets[AT_NR_SECTOR]);
		return 1;
	}
	describe(&fresh, ctx);
	fresh.issued_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&requests, &place, &fresh, BPF_ANY);
	return 1;
}

static __always_inline void count_done(const struct request *request, __u32 dev, __u32 error)
{
	struct device_bucket slot = { .dev = dev };
	struct done fresh = {}, *row;
	struct maker maker = {};
	__u64 latency, *count, none = 0;

	maker.dev = dev;
	maker.operation = request->operation;
	maker.tgid = request->tgid;
	__builtin_memcpy(maker.comm, request->comm, sizeof(maker.comm));
	row = row_of(&done, &maker, &fresh);
	latency = bpf_ktime_get_ns() - request->issued_ns;
	count_time(latency);
	slot.bucket = bucket_of(latency);
	count = row_of(&device_times, &slot, &none);
	if (count)
		__sync_fetch_and_add(count, 1);
	if (!row)
		return;
	__sync_fetch_and_add(&row->count, 1);
	__sync_fetch_and_add(&row->bytes_moved, 512ULL * request->sectors);
	add_time(&row->latency_ns, &row->latency_max_ns, latency);
	if (request->queued_ns)
		add_time(&row->queue_ns, &row->queue_max_ns, request->issued_ns - request->queued_ns);
	if (!error)
		return;
	__sync_fetch_and_add(&row->errors, 1);
	row->last_error = error;
}

SEC("tracepoint")
int completed(void *ctx)
{
	struct request *request;
	struct place place = {};

	if (window_is_over)
		return 1;
	read_place(&place, ctx, DONE_DEV, DONE_SECTOR);
	request = bpf_map_lookup_elem(&requests, &place);
	/* issued before the window */
	if (!request || !request->issued_ns)
		return 1;
	if (!request->is_ignored)
		count_done(request, place.dev, -u32_at(ctx, config.offsets[DONE_ERROR]));
	bpf_map_delete_elem(&requests, &place);
	return 1;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * TCP connections that end within the window, by process and peer: how long they lived, what they carried, and of those
 * that were not established why. A connection is followed from its first change of state to its last.
 *
 * The error of a failed connect stands in the socket (sk_err) when its state becomes CLOSE: tcp_reset(), tcp_write_err() and
 * tcp_v4_err() set it before. What fails before there is a state (no route, no free port) is only seen as the result of
 * connect(2).
 */
#include "tool.h"
#include "files.h"
#include "inet.h"
#include "syscall_regs.h"
#include "times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum state {
	ESTABLISHED = 1,
	SYN_SENT = 2,
	SYN_RECV = 3,
	FIN_WAIT1 = 4,
	CLOSE = 7,
	LAST_ACK = 9,
	LISTEN = 10,
};

#define IPPROTO_TCP	6
#define SOCK_STREAM	1
#define SOCK_DONE	(1 << 1) /* enum sock_flags: the peer has sent its FIN, which bytes_received counts as a byte */
#define EINTR		4
#define EISCONN		106
#define EALREADY	114
#define EINPROGRESS	115
#define ERESTART_FIRST	512 /* ERESTARTSYS and those behind it: a signal, the call goes on */

/* src/probes/tools/tcp_connections.ts writes them in this order, behind those of files.h. */
enum offsets {
	AT_SKADDR = FILE_OFFSETS, /* of the record */
	AT_OLDSTATE,
	AT_NEWSTATE,
	AT_SPORT,
	AT_DPORT,
	AT_FAMILY,
	AT_PROTOCOL,
	AT_DADDR,
	AT_DADDR_V6,
	AT_SK_ERR, /* of struct sock */
	AT_SK_FLAGS,
	AT_BYTES_SENT, /* of struct tcp_sock */
	AT_BYTES_RETRANS,
	AT_BYTES_RECEIVED,
	AT_SOCKET_TYPE,
};

enum numbers {
	HAS_BTF,
};

struct peer {
	struct endpoint remote; /* port: the remote one of a connect, the local one of an accept */
	__u32 tgid;		/* 0: not known */
	__s32 error;		/* 0: established, or its maker closed it before it was */
	char comm[16];
	__u8 is_incoming;
	__u8 was_established;
	__u8 pad[6];
};

struct ended {
	__u64 count;
	__u64 life_ns; /* of the failed: from connect to the failure */
	__u64 life_max_ns;
	__u64 connect_ns;
	__u64 connect_max_ns;
	__u64 sent_bytes;
	__u64 received_bytes;
};

struct connection {
	__u64 start_ns;
	__u64 established_ns;
	__u32 tid; /* that called connect(2) */
	__u32 is_ignored; /* ktriage's own, or not what the filters want */
	struct peer peer;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct peer);
	__type(value, struct ended);
} peers SEC(".maps");

/* The socket that a thread has set to SYN_SENT in the connect(2) that it is in; 0: it failed, and only the result says why. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} connecting SEC(".maps");

/* Connections that ended and whose beginning was before the window. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} older SEC(".maps");

static __always_inline void count_older(void)
{
	__u64 *count = only_value(&older);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void read_remote(struct endpoint *to, const void *ctx, __u32 port_at)
{
	to->family = u32_at(ctx, config.offsets[AT_FAMILY]);
	to->port = u32_at(ctx, config.offsets[port_at]);
	if (to->family == AF_INET)
		bpf_probe_read_kernel(to->address, 4, ctx + config.offsets[AT_DADDR]);
	else
		bpf_probe_read_kernel(to->address, 16, ctx + config.offsets[AT_DADDR_V6]);
}

static __always_inline void set_owner(struct peer *peer, const struct who *who)
{
	peer->tgid = who->key.tgid;
	__builtin_memcpy(peer->comm, who->key.comm, sizeof(peer->comm));
}

static __always_inline void start_outgoing(const void *ctx, __u64 sk)
{
	struct connection fresh = {};
	struct who who = {};
	__u32 tid;

	fresh.is_ignored = !is_wanted(&who);
	tid = bpf_get_current_pid_tgid();
	fresh.tid = tid;
	fresh.start_ns = bpf_ktime_get_ns();
	set_owner(&fresh.peer, &who);
	read_remote(&fresh.peer.remote, ctx, AT_DPORT);
	if (bpf_map_update_elem(&connections, &sk, &fresh, BPF_ANY) && !fresh.is_ignored)
		count_lost_row();
	bpf_map_update_elem(&connecting, &tid, &sk, BPF_ANY);
}

static __always_inline void start_incoming(const void *ctx, __u64 sk)
{
	struct connection fresh = { .peer = { .is_incoming = 1, .was_established = 1 } };

	fresh.start_ns = bpf_ktime_get_ns();
	fresh.established_ns = fresh.start_ns;
	read_remote(&fresh.peer.remote, ctx, AT_SPORT);
	if (bpf_map_update_elem(&connections, &sk, &fresh, BPF_ANY))
		count_lost_row();
}

static __always_inline void establish(__u64 sk)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &sk);
	__u64 now = bpf_ktime_get_ns();

	if (!connection)
		return;
	connection->established_ns = now;
	connection->peer.was_established = 1;
	count_time(now - connection->start_ns);
}

/* Only close(2) and shutdown(2) lead to these states: whose they are is known, also of a connection that came in. */
static __always_inline void learn_owner(__u64 sk)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &sk);
	struct who who = {};

	if (!connection || !connection->peer.is_incoming || connection->peer.tgid)
		return;
	connection->is_ignored = !is_wanted(&who);
	set_owner(&connection->peer, &who);
}

static __always_inline int has_filter(void)
{
	return config.session.tgid || config.session.tid || (config.session.flags & FILTER_UID) || config.session.comm_mask[0];
}

static __always_inline void count_ended(const struct peer *peer, const struct connection *connection, __u64 sk)
{
	struct ended fresh = {}, *row = row_of(&peers, peer, &fresh);
	__u64 now = bpf_ktime_get_ns(), received;
	const void *sock = (const void *)sk;

	if (!row)
		return;
	__sync_fetch_and_add(&row->count, 1);
	add_time(&row->life_ns, &row->life_max_ns, now - connection->start_ns);
	if (!connection->established_ns)
		return;
	add_time(&row->connect_ns, &row->connect_max_ns, connection->established_ns - connection->start_ns);
	if (!config.numbers[HAS_BTF])
		return;
	__sync_fetch_and_add(&row->sent_bytes, u64_at(sock, config.offsets[AT_BYTES_SENT]) -
						       u64_at(sock, config.offsets[AT_BYTES_RETRANS]));
	received = u64_at(sock, config.offsets[AT_BYTES_RECEIVED]);
	if (received && (u32_at(sock, config.offsets[AT_SK_FLAGS]) & SOCK_DONE))
		received--;
	__sync_fetch_and_add(&row->received_bytes, received);
}

/* Why a connection was not established may be known to nobody but the connect(2) that is about to return. */
static __always_inline int leave_to_result(const struct connection *connection, const struct peer *peer, __u64 sk)
{
	__u64 *tried;

	if (peer->was_established || peer->error)
		return 0;
	tried = bpf_map_lookup_elem(&connecting, &connection->tid);
	if (!tried || *tried != sk)
		return 0;
	*tried = 0;
	return 1;
}

static __always_inline void end(__u64 sk)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &sk);
	struct peer peer;

	if (!connection) {
		count_older();
		return;
	}
	peer = connection->peer;
	if (config.numbers[HAS_BTF])
		peer.error = u32_at((void *)sk, config.offsets[AT_SK_ERR]);
	if (!leave_to_result(connection, &peer, sk) && !connection->is_ignored && (peer.tgid || !has_filter()))
		count_ended(&peer, connection, sk);
	bpf_map_delete_elem(&connections, &sk);
}

SEC("tracepoint")
int state_changed(void *ctx)
{
	__u32 from = u32_at(ctx, config.offsets[AT_OLDSTATE]), to = u32_at(ctx, config.offsets[AT_NEWSTATE]);
	__u64 sk = u64_at(ctx, config.offsets[AT_SKADDR]);

	if (window_is_over)
		return 1;
	if ((__u16)u32_at(ctx, config.offsets[AT_PROTOCOL]) != IPPROTO_TCP)
		return 1;
	if (to == SYN_SENT)
		start_outgoing(ctx, sk);
	else if (to == ESTABLISHED)
		from == SYN_RECV ? start_incoming(ctx, sk) : establish(sk);
	else if (to == FIN_WAIT1 || to == LAST_ACK)
		learn_owner(sk);
	else if (to == CLOSE && from != CLOSE && from != LISTEN)
		end(sk);
	return 1;
}

/* Does the call go on behind its return, or say nothing of the connection? */
static __always_inline int is_no_failure(__s64 error)
{
	return error == EINPROGRESS || error == EALREADY || error == EISCONN || error == EINTR || error >= ERESTART_FIRST;
}

static __always_inline int is_stream(__u32 fd)
{
	__u64 file = file_of(fd), socket;

	socket = file ? u64_at((void *)file, config.offsets[AT_FILE_PRIVATE]) : 0;
	return socket && (__u16)u32_at((void *)socket, config.offsets[AT_SOCKET_TYPE]) == SOCK_STREAM;
}

static __always_inline void handle_result(const void *regs, __s64 ret)
{
	struct ended fresh = { .count = 0 }, *row;
	__u32 tid = bpf_get_current_pid_tgid();
	struct peer peer = {};
	struct who who;
	int is_counted;
	__u64 *tried;

	tried = bpf_map_lookup_elem(&connecting, &tid);
	if (tried) {
		is_counted = *tried != 0;
		bpf_map_delete_elem(&connecting, &tid);
	} else {
		/* a UDP socket has no connection, and name resolution tries routes with it */
		is_counted = !ret || !config.numbers[HAS_BTF] || !is_stream(syscall_argument(regs, 0));
	}
	if (is_counted || !ret || is_no_failure(-ret) || !is_wanted(&who))
		return;
	if (!read_endpoint(&peer.remote, (void *)syscall_argument(regs, 1)))
		return;
	set_owner(&peer, &who);
	peer.error = -ret;
	row = row_of(&peers, &peer, &fresh);
	if (row)
		__sync_fetch_and_add(&row->count, 1);
}

SEC("raw_tp")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const void *regs = (const void *)ctx->args[0];
	__s64 ret = ctx->args[1];

	if (ret > 0 || ret < -MAX_ERRNO || syscall_number(regs) != NR_CONNECT || is_compat(regs))
		return 0;
	handle_result(regs, ret);
	return 0;
}

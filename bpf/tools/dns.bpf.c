// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * DNS queries that processes of this host send to port 53, and what comes back. Messages are read in the memory of the
 * process, when the call that sent or received them returns: that needs nothing of the kernel but its system calls, knows
 * whose query it is, and sees those to a resolver on the same host. Calls by io_uring are not seen.
 */
#include "tool.h"
#include "inet.h"
#include "moved.h"
#include "times.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define DNS_PORT	53
#define HEADER_BYTES	12
#define NAME_BYTES	128 /* of a name as it is sent; RFC 1035 allows 255 */
#define MAX_MESSAGES	4 /* of one sendmmsg(2) or recvmmsg(2): a name's A and AAAA */
#define NO_ANSWER	0xffff
#define DNS_RESPONSE	0x80 /* in the third byte of a message */
#define DNS_RCODE	0x0f /* in the fourth */
#define EINPROGRESS	115

struct socket_key {
	__u32 tgid; /* the host's */
	__u32 fd;
};

struct query_key {
	__u32 tgid;
	__u32 fd;
	__u32 id;
	__u32 pad;
};

/* src/probes/tools/dns.ts has the offsets. */
struct question {
	struct endpoint server;
	__u32 tgid;
	__u16 rcode; /* NO_ANSWER: none yet */
	__u16 type;
	char comm[16];
	__u16 name_bytes; /* with its empty label; NAME_BYTES: it was longer, and is cut */
	__u8 pad[6];
	__u8 name[NAME_BYTES];
};

struct query {
	__u64 sent_ns;
	__u64 tries;
	struct question question;
};

struct answers {
	__u64 count;
	__u64 latency_ns;
	__u64 latency_max_ns;
	__u64 resent; /* queries that were sent again before the answer came */
};

/* Sockets that were connected to port 53 or have sent to it, and where. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct socket_key);
	__type(value, struct endpoint);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct query_key);
	__type(value, struct query);
} queries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct question);
	__type(value, struct answers);
} answers SEC(".maps");

/*
 * Which sockets `sockets` may have, a byte for all whose numbers fall together: almost every call of a busy server is for
 * another one, and looking in a hash costs ten times as much. The last byte: is there any?
 */
#define MARKS 8192 /* a power of two */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[MARKS + 1]);
} marks SEC(".maps");

/* A query on its way into the map: too large for the stack. The kernel never runs a program twice at once on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct query);
} scratch SEC(".maps");

static __always_inline __u32 mark_of(const struct socket_key *key)
{
	return (key->tgid * 31 + key->fd) & (MARKS - 1);
}

static __always_inline int has_sockets(void)
{
	__u8 *mark = only_value(&marks);

	return mark && mark[MARKS];
}

static __always_inline int may_be_known(const struct socket_key *key)
{
	__u8 *mark = only_value(&marks);

	return mark && mark[mark_of(key)];
}

static __always_inline void remember_socket(const struct socket_key *key, const struct endpoint *server)
{
	__u8 *mark = only_value(&marks);

	if (!mark)
		return;
	bpf_map_update_elem(&sockets, key, server, BPF_ANY);
	mark[mark_of(key)] = 1;
	mark[MARKS] = 1;
}

/* A connect to any other place makes what was known of a descriptor stale. */
static __always_inline void handle_connect(const struct socket_key *key, const void *address)
{
	struct endpoint server = {};

	if (!read_endpoint(&server, address))
		return;
	if (server.port == DNS_PORT)
		remember_socket(key, &server);
	else if (has_sockets())
		bpf_map_delete_elem(&sockets, key);
}

/*
 * Labels behind their lengths end with an empty one, so that a name is a string in memory, too: one with a zero byte inside
 * of a label, which no host has, is cut there.
 */
static __always_inline int read_question(struct question *question, __u64 at)
{
	long bytes = bpf_probe_read_user_str(question->name, NAME_BYTES, (void *)at);
	__u16 type = 0;

	if (bytes <= 0)
		return -1;
	question->name_bytes = bytes;
	/* of a name that is cut, what follows is not its type */
	if (bytes < NAME_BYTES && !bpf_probe_read_user(&type, sizeof(type), (void *)(at + bytes)))
		question->type = bpf_ntohs(type);
	return 0;
}

/* Is the message at `at` a query of one question? Remembers it, or that it was sent again. */
static __always_inline int take_query(const struct socket_key *key, const struct endpoint *server, __u64 at, __u64 bytes)
{
	struct query_key query_key = { .tgid = key->tgid, .fd = key->fd };
	struct query *query = only_value(&scratch);
	__u8 header[HEADER_BYTES];
	struct query *known;
	struct who who;

	if (!query || bytes <= HEADER_BYTES || bpf_probe_read_user(header, sizeof(header), (void *)at))
		return 0;
	if ((header[2] & 0xf8) || header[4] || header[5] != 1 || header[6] || header[7])
		return 0;
	query_key.id = header[0] << 8 | header[1];
	known = bpf_map_lookup_elem(&queries, &query_key);
	if (known) {
		known->tries++;
		return 1;
	}
	__builtin_memset(query, 0, sizeof(*query));
	if (!is_wanted(&who) || read_question(&query->question, at + HEADER_BYTES))
		return 0;
	query->sent_ns = bpf_ktime_get_ns();
	query->tries = 1;
	query->question.server = *server;
	query->question.tgid = who.key.tgid;
	query->question.rcode = NO_ANSWER;
	__builtin_memcpy(query->question.comm, who.key.comm, sizeof(who.key.comm));
	if (bpf_map_update_elem(&queries, &query_key, query, BPF_ANY))
		count_lost_row();
	return 1;
}

/* Is it the answer to a query of this socket? */
static __always_inline int take_answer(const struct socket_key *key, __u64 at, __u64 bytes)
{
	struct query_key query_key = { .tgid = key->tgid, .fd = key->fd };
	struct query *query, *answered = only_value(&scratch);
	struct answers fresh = {}, *row;
	__u8 header[HEADER_BYTES];
	__u64 latency;

	if (!answered || bytes < HEADER_BYTES || bpf_probe_read_user(header, sizeof(header), (void *)at))
		return 0;
	if (!(header[2] & DNS_RESPONSE))
		return 0;
	query_key.id = header[0] << 8 | header[1];
	query = bpf_map_lookup_elem(&queries, &query_key);
	if (!query)
		return 0;
	latency = bpf_ktime_get_ns() - query->sent_ns;
	answered->question = query->question;
	answered->question.rcode = header[3] & DNS_RCODE;
	row = row_of(&answers, &answered->question, &fresh);
	if (row) {
		__sync_fetch_and_add(&row->count, 1);
		add_time(&row->latency_ns, &row->latency_max_ns, latency);
		__sync_fetch_and_add(&row->resent, query->tries - 1);
	}
	count_time(latency);
	bpf_map_delete_elem(&queries, &query_key);
	return 1;
}

/* Over TCP a message follows its length (2 bytes), which often is a piece of its own. */
static __always_inline void take_pieces(struct moved *buffer)
{
	struct iovec pieces[2] = {};

	if (bpf_probe_read_user(&pieces[0], sizeof(pieces[0]), (void *)buffer->at))
		return;
	if (pieces[0].bytes == 2)
		bpf_probe_read_user(&pieces[1], sizeof(pieces[1]), (void *)(buffer->at + sizeof(pieces[0])));
	buffer->at = pieces[0].bytes == 2 ? pieces[1].base : pieces[0].base;
	if (buffer->bytes > 2 && pieces[0].bytes == 2)
		buffer->bytes -= 2;
}

/*
 * One message that the current process has sent or received. Not static, and with numbers for arguments: so the verifier
 * follows it once, and not once for each way that leads here, which took it more than a second.
 */
__noinline int take_message(__u64 fd, __u64 direction, __u64 at, __u64 bytes, __u64 address)
{
	struct socket_key key = { .tgid = bpf_get_current_pid_tgid() >> 32, .fd = fd };
	struct endpoint server = {}, *known;
	__u8 length[2] = {};
	int i;

	known = bpf_map_lookup_elem(&sockets, &key);
	if (direction == SENT && address && read_endpoint(&server, (void *)address)) {
		if (server.port != DNS_PORT)
			return 0;
		if (!known)
			remember_socket(&key, &server);
	} else if (known) {
		server = *known;
	} else {
		return 0;
	}
	for (i = 0; i < 2; i++) {
		if (direction == SENT ? take_query(&key, &server, at, bytes) : take_answer(&key, at, bytes))
			return 1;
		if (bytes <= 2 || bpf_probe_read_user(length, sizeof(length), (void *)at) ||
		    (length[0] << 8 | length[1]) != bytes - 2)
			return 0;
		at += 2;
		bytes -= 2;
	}
	return 0;
}

static __always_inline void take_all(__u32 fd, const struct moved *moved, int is_many)
{
	struct mmsghdr message = {};
	int i;

	for (i = 0; i < MAX_MESSAGES; i++) {
		struct moved buffer = *moved;

		if (moved->messages) {
			if (i >= moved->messages)
				return;
			/* a single one has no length behind it */
			if (bpf_probe_read_user(&message, sizeof(message.header),
						(void *)(moved->at + i * sizeof(message))))
				return;
			if (is_many && bpf_probe_read_user(&message.bytes, sizeof(message.bytes),
							   (void *)(moved->at + i * sizeof(message) + sizeof(message.header))))
				return;
			if (is_many)
				buffer.bytes = message.bytes;
			buffer.at = message.header.iov;
			buffer.address = message.header.name;
		}
		if (moved->messages || moved->pieces)
			take_pieces(&buffer);
		take_message(fd, moved->direction, buffer.at, buffer.bytes, buffer.address);
		if (!moved->messages)
			return;
	}
}

static __always_inline int is_network(__u32 number)
{
	return number == NR_CONNECT || number == NR_SENDTO || number == NR_RECVFROM || number == NR_SENDMSG ||
	       number == NR_RECVMSG || number == NR_SENDMMSG || number == NR_RECVMMSG;
}

static __always_inline int is_plain(__u32 number)
{
	return number == NR_READ || number == NR_WRITE || number == NR_READV || number == NR_WRITEV;
}

/* May the call say itself whom it asks? All others matter only for a socket that is known. */
static __always_inline int may_have_address(__u32 number, const void *regs)
{
	return number == NR_CONNECT || number == NR_SENDMSG || number == NR_SENDMMSG ||
	       (number == NR_SENDTO && syscall_argument(regs, 4));
}

SEC("raw_tp")
int sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const void *regs = (const void *)ctx->args[0];
	struct socket_key key = {};
	__s64 ret = ctx->args[1];
	struct moved moved;
	__u32 number;

	if (ret < 0 && ret != -EINPROGRESS)
		return 0;
	number = syscall_number(regs);
	if (!is_network(number) && !is_plain(number))
		return 0;
	if (!may_have_address(number, regs) && !has_sockets())
		return 0;
	key.tgid = bpf_get_current_pid_tgid() >> 32;
	key.fd = syscall_argument(regs, 0);
	if (!may_have_address(number, regs) && !may_be_known(&key))
		return 0;
	if (is_compat(regs))
		return 0;
	if (number == NR_CONNECT) {
		handle_connect(&key, (void *)syscall_argument(regs, 1));
		return 0;
	}
	moved = moved_by(regs, number, ret);
	if (moved.direction != NEITHER && ret > 0)
		take_all(key.fd, &moved, number == NR_SENDMMSG || number == NR_RECVMMSG);
	return 0;
}

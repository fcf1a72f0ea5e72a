// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic and file operations of which the truth is known, when told to. What needs a network has one of its own: a
 * namespace in which only loopback is up, made before "ready".
 *
 * traffic refused N PORT             connect N TCP sockets, one after the other, to a port where nobody listens
 * traffic refused_later N PORT       the same with sockets that do not block
 * traffic no_route N                 connect N TCP sockets and N UDP sockets to an address to which there is no route
 * traffic transfer N SEND BACK       N connections to a child named "server": send SEND bytes, receive BACK; port 4000
 * traffic resets N                   N connections, each of which the server ends by a reset
 * traffic listen BACKLOG N           N connects to a listener at port 4000 with this backlog that accepts nothing
 * traffic dns HOW N NAME             N queries, one after the other, to a server on port 53 (a child named "resolver");
 *                                    HOW: sendto, connected, mmsg (an A and an AAAA at once), tcp
 * traffic datagrams N PORT           send N datagrams to a port where nobody listens
 * traffic fsyncs N PATH              N times: write 1 MiB to the file, fsync; prints how many of them took 10 ms or more
 * traffic fifo MS PATH               open a FIFO whose other end is opened by a child after so many milliseconds
 *
 * The resolver answers names that begin with s after 300 ms, with n that there is no such name, with m never, others at once.
 *
 * Prints "ready", waits for a line on stdin, works, prints what it did, waits for the end of stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVER_PORT 4000
#define DNS_PORT    53
#define LISTENERS   2

static pid_t child;

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static void own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		fail("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo))
		fail("SIOCSIFFLAGS");
	close(fd);
}

static struct sockaddr_in at_port(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int bound(int type, int port, int backlog)
{
	struct sockaddr_in address = at_port(port);
	int fd = socket(AF_INET, type, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (void *)&address, sizeof(address)) || (type == SOCK_STREAM && listen(fd, backlog)))
		fail("bind");
	return fd;
}

static int connected(int type, int port)
{
	struct sockaddr_in address = at_port(port);
	int fd = socket(AF_INET, type, 0);

	if (connect(fd, (void *)&address, sizeof(address)))
		fail("connect");
	return fd;
}

static void pass(int fd, long bytes, ssize_t (*by)(int, void *, size_t))
{
	static char data[65536];

	while (bytes > 0) {
		ssize_t done = by(fd, data, bytes < (long)sizeof(data) ? bytes : (long)sizeof(data));

		if (done <= 0)
			fail("transfer");
		bytes -= done;
	}
}

static ssize_t write_to(int fd, void *data, size_t bytes)
{
	return write(fd, data, bytes);
}

/* A child that ends with its parent, of another name. */
static int is_child(const char *name)
{
	child = fork();
	if (child)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	return 1;
}

static void serve_transfers(int listener, long receive, long back)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		pass(fd, receive, read);
		pass(fd, back, write_to);
		close(fd);
	}
}

static void serve_resets(int listener)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		/* not before the other end has seen that it is connected */
		pass(fd, 1, read);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
	}
}

/* The answer is the query with another header; what the name begins with decides. */
static ssize_t answer(unsigned char *message, ssize_t bytes)
{
	message[2] |= 0x80;
	switch (message[13] | 0x20) {
	case 'm':
		return 0;
	case 'n':
		message[3] |= 3;
		break;
	case 's':
		usleep(300000);
		break;
	}
	return bytes;
}

static void serve_names(int udp, int tcp)
{
	struct pollfd both[LISTENERS] = { { .fd = udp, .events = POLLIN }, { .fd = tcp, .events = POLLIN } };
	unsigned char message[600];
	struct sockaddr_in from;
	socklen_t length;

	for (;;) {
		poll(both, LISTENERS, -1);
		if (both[0].revents) {
			length = sizeof(from);
			ssize_t bytes = recvfrom(udp, message, sizeof(message), 0, (void *)&from, &length);

			bytes = answer(message, bytes);
			if (bytes > 0)
				sendto(udp, message, bytes, 0, (void *)&from, length);
		}
		if (both[1].revents) {
			int fd = accept(tcp, NULL, NULL);
			ssize_t bytes = read(fd, message, sizeof(message));

			if (answer(message + 2, bytes - 2) > 0 && write(fd, message, bytes) != bytes)
				fail("answer");
			close(fd);
		}
	}
}

static ssize_t question(unsigned char *to, int id, const char *name, int type)
{
	unsigned char *at = to + 12;

	memset(to, 0, 12);
	to[0] = id >> 8;
	to[1] = id;
	to[2] = 1; /* recursion desired */
	to[5] = 1;
	while (*name) {
		size_t length = strcspn(name, ".");

		*at++ = length;
		memcpy(at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	*at++ = 0;
	*at++ = 0;
	*at++ = type;
	*at++ = 0;
	*at++ = 1;
	return at - to;
}

static int name_socket(int type, int is_connected)
{
	struct timeval patience = { .tv_sec = 1, .tv_usec = 500000 };
	int fd = is_connected ? connected(type, DNS_PORT) : socket(AF_INET, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void query(const char *how, int id, const char *name)
{
	unsigned char message[300], second[300], back[600];
	struct sockaddr_in server = at_port(DNS_PORT);
	int is_tcp = !strcmp(how, "tcp"), fd = name_socket(is_tcp ? SOCK_STREAM : SOCK_DGRAM, strcmp(how, "sendto"));
	ssize_t bytes = question(message + 2, id, name, 1);

	if (!strcmp(how, "sendto")) {
		sendto(fd, message + 2, bytes, 0, (void *)&server, sizeof(server));
		recvfrom(fd, back, sizeof(back), 0, NULL, NULL);
	} else if (!strcmp(how, "connected")) {
		if (write(fd, message + 2, bytes) == bytes)
			(void)!read(fd, back, sizeof(back));
	} else if (is_tcp) {
		message[0] = bytes >> 8;
		message[1] = bytes;
		if (write(fd, message, bytes + 2) == bytes + 2 && read(fd, back, 2) == 2)
			(void)!read(fd, back, sizeof(back));
	} else {
		struct iovec pieces[2] = { { message + 2, bytes }, { second, question(second, id + 1000, name, 28) } };
		struct mmsghdr both[2] = { { .msg_hdr = { .msg_iov = &pieces[0], .msg_iovlen = 1 } },
					   { .msg_hdr = { .msg_iov = &pieces[1], .msg_iovlen = 1 } } };

		sendmmsg(fd, both, 2, 0);
		recvfrom(fd, back, sizeof(back), 0, NULL, NULL);
		recvfrom(fd, back, sizeof(back), 0, NULL, NULL);
	}
	close(fd);
}

static long queries(const char *how, long n, const char *name)
{
	for (long i = 0; i < n; i++)
		query(how, 7 + i, name);
	return n;
}

static long refused(long n, int port, int flags)
{
	struct sockaddr_in address = at_port(port);
	long failed = 0;

	for (long i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
		struct pollfd one = { .fd = fd, .events = POLLOUT };

		if (connect(fd, (void *)&address, sizeof(address))) {
			if (errno == EINPROGRESS)
				poll(&one, 1, 1000);
			failed++;
		}
		close(fd);
	}
	return failed;
}

static long no_route(long n)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
	long failed = 0;

	inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
	for (long i = 0; i < 2 * n; i++) {
		int fd = socket(AF_INET, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0);

		failed += connect(fd, (void *)&address, sizeof(address)) && errno == ENETUNREACH;
		close(fd);
	}
	return failed;
}

static long transfer(long n, long send, long back)
{
	char end;

	for (long i = 0; i < n; i++) {
		int fd = connected(SOCK_STREAM, SERVER_PORT);

		pass(fd, send, write_to);
		pass(fd, back, read);
		/* until the server has closed: its end comes first */
		while (read(fd, &end, 1) > 0)
			;
		close(fd);
	}
	/* what the kernel still does for them, in TIME_WAIT of the server, is quick on loopback */
	usleep(50000);
	return n;
}

static long resets(long n)
{
	long seen = 0;
	char byte;

	for (long i = 0; i < n; i++) {
		int fd = connected(SOCK_STREAM, SERVER_PORT);

		pass(fd, 1, write_to);
		seen += read(fd, &byte, 1) < 0 && errno == ECONNRESET;
		close(fd);
	}
	return seen;
}

/* They are left open, so that the queue stays full; how many the kernel has let in is what poll tells. */
static long connects(long n)
{
	struct sockaddr_in address = at_port(SERVER_PORT);
	long in = 0;

	for (long i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct pollfd one = { .fd = fd, .events = POLLOUT };

		connect(fd, (void *)&address, sizeof(address));
		in += poll(&one, 1, 50) > 0;
	}
	usleep(300000);
	return in;
}

static long datagrams(long n, int port)
{
	struct sockaddr_in address = at_port(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long sent = 0;

	for (long i = 0; i < n; i++)
		sent += sendto(fd, "x", 1, 0, (void *)&address, sizeof(address)) == 1;
	close(fd);
	return sent;
}

static double ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static long fsyncs(long n, const char *path)
{
	static char data[1 << 20];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	long slow = 0;

	for (long i = 0; i < n; i++) {
		double start;

		if (write(fd, data, sizeof(data)) != sizeof(data))
			fail("write");
		start = ms();
		fsync(fd);
		slow += ms() - start >= 10;
	}
	close(fd);
	return slow;
}

static long fifo(long delay_ms, const char *path)
{
	pid_t other;
	int fd;

	if (mkfifo(path, 0600))
		fail("mkfifo");
	other = fork();
	if (!other) {
		usleep(delay_ms * 1000);
		_exit(open(path, O_WRONLY) < 0);
	}
	fd = open(path, O_RDONLY);
	close(fd);
	waitpid(other, NULL, 0);
	unlink(path);
	return delay_ms;
}

static int is(const char *what, const char *name)
{
	return !strcmp(what, name);
}

static void prepare(char **arguments)
{
	const char *what = arguments[1];
	int needs_network = !is(what, "fsyncs") && !is(what, "fifo");

	if (needs_network)
		own_network();
	if (is(what, "transfer") || is(what, "resets")) {
		int listener = bound(SOCK_STREAM, SERVER_PORT, 128);

		if (is_child("server")) {
			if (is(what, "resets"))
				serve_resets(listener);
			serve_transfers(listener, atol(arguments[3]), atol(arguments[4]));
		}
	}
	if (is(what, "listen"))
		bound(SOCK_STREAM, SERVER_PORT, atoi(arguments[2]));
	if (is(what, "dns")) {
		int udp = bound(SOCK_DGRAM, DNS_PORT, 0), tcp = bound(SOCK_STREAM, DNS_PORT, 16);

		if (is_child("resolver"))
			serve_names(udp, tcp);
		close(udp);
		close(tcp);
	}
}

static long work(char **arguments)
{
	const char *what = arguments[1];
	char *third = arguments[3] ? arguments[3] : "0";
	long n = atol(arguments[2]);

	if (is(what, "refused"))
		return refused(n, atoi(third), 0);
	if (is(what, "refused_later"))
		return refused(n, atoi(third), SOCK_NONBLOCK);
	if (is(what, "no_route"))
		return no_route(n);
	if (is(what, "transfer"))
		return transfer(n, atol(third), atol(arguments[4]));
	if (is(what, "resets"))
		return resets(n);
	if (is(what, "listen"))
		return connects(atol(third));
	if (is(what, "dns"))
		return queries(arguments[2], atol(third), arguments[4]);
	if (is(what, "datagrams"))
		return datagrams(n, atoi(third));
	if (is(what, "fsyncs"))
		return fsyncs(n, third);
	if (is(what, "fifo"))
		return fifo(n, third);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	char line[64];

	if (argc < 3)
		return 2;
	prepare(argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	printf("%ld\n", work(argv));
	while (fgets(line, sizeof(line), stdin))
		;
	if (child)
		kill(child, SIGKILL);
	return 0;
}

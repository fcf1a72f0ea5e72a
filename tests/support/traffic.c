// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic of which the truth is known, when told to (when_told.h), in a network of its own.
 *
 * traffic refused N PORT             connect N TCP sockets, one after the other, to a port where nobody listens
 * traffic refused_later N PORT       the same with sockets that do not block
 * traffic no_route N                 connect N TCP sockets and N UDP sockets to an address to which there is no route
 * traffic transfer N SEND BACK       N connections to a child named "server": send SEND bytes, receive BACK; port 4000
 * traffic resets N                   N connections, each of which the server ends by a reset
 * traffic listen BACKLOG N           N connects to a listener at port 4000 with this backlog that accepts nothing
 * traffic datagrams N PORT           send N datagrams to a port where nobody listens
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "own_network.h"
#include "when_told.h"

#define SERVER_PORT 4000

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

/* Connections of which an end still waits for the other's last word: in no state but LISTEN and TIME_WAIT (proc(5)). */
static int closing(void)
{
	FILE *table = fopen("/proc/self/net/tcp", "r");
	char line[256];
	unsigned state;
	int n = 0;

	while (table && fgets(line, sizeof(line), table))
		n += sscanf(line, " %*d: %*s %*s %x", &state) == 1 && state != TCP_LISTEN && state != TCP_TIME_WAIT;
	if (table)
		fclose(table);
	return n;
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
	while (closing())
		usleep(1000);
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

static void prepare(char **arguments)
{
	const char *what = arguments[1];

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
	if (is(what, "datagrams"))
		return datagrams(n, atoi(third));
	return -EINVAL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	own_network();
	prepare(argv);
	return work_when_told(work, argv);
}

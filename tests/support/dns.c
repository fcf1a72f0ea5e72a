// SPDX-License-Identifier: Apache-2.0
/*
 * Asks a name server of its own for a name, when told to (when_told.h).
 *
 * dns HOW N NAME   N queries, one after the other, to a server on port 53 (a child named "resolver");
 *                  HOW: sendto, connected, mmsg (an A and an AAAA at once), tcp
 *
 * The resolver answers names that begin with s after 300 ms, with n that there is no such name, with m never, others at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include "own_network.h"
#include "when_told.h"

#define DNS_PORT  53
#define LISTENERS 2

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
	int is_tcp = is(how, "tcp"), fd = name_socket(is_tcp ? SOCK_STREAM : SOCK_DGRAM, !is(how, "sendto"));
	ssize_t bytes = question(message + 2, id, name, 1);

	if (is(how, "sendto")) {
		sendto(fd, message + 2, bytes, 0, (void *)&server, sizeof(server));
		recvfrom(fd, back, sizeof(back), 0, NULL, NULL);
	} else if (is(how, "connected")) {
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

static long work(char **arguments)
{
	long n = atol(arguments[2]);

	for (long i = 0; i < n; i++)
		query(arguments[1], 7 + i, arguments[3]);
	return n;
}

int main(int argc, char **argv)
{
	int udp, tcp;

	if (argc < 4)
		return 2;
	own_network();
	udp = bound(SOCK_DGRAM, DNS_PORT, 0);
	tcp = bound(SOCK_STREAM, DNS_PORT, 16);
	if (is_child("resolver"))
		serve_names(udp, tcp);
	close(udp);
	close(tcp);
	return work_when_told(work, argv);
}

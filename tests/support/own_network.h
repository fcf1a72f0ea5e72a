// SPDX-License-Identifier: Apache-2.0
/* A network of one's own, in which only loopback is up, with both ends of a connection: the other one is a child. */
#pragma once
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static inline void own_network(void)
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

static inline struct sockaddr_in at_port(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static inline int bound(int type, int port, int backlog)
{
	struct sockaddr_in address = at_port(port);
	int fd = socket(AF_INET, type, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (void *)&address, sizeof(address)) || (type == SOCK_STREAM && listen(fd, backlog)))
		fail("bind");
	return fd;
}

static inline int connected(int type, int port)
{
	struct sockaddr_in address = at_port(port);
	int fd = socket(AF_INET, type, 0);

	if (connect(fd, (void *)&address, sizeof(address)))
		fail("connect");
	return fd;
}

/* A child of another name, which ends with its parent. */
static inline int is_child(const char *name)
{
	if (fork())
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	return 1;
}

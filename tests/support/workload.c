// SPDX-License-Identifier: Apache-2.0
/*
 * Does a known number of known system calls, when told to. Kernel tests hold what ktriage saw against it.
 *
 * workload opens N PREFIX        open PREFIX/0 … PREFIX/N-1, which do not exist
 * workload getppid N             call getppid N times
 * workload names N               call getppid N times, each under another name (comm)
 * workload storm SECONDS         call getppid until the time is over, print how often
 * workload paced SECONDS RATE    open a file that does not exist RATE times a second, print how often
 * workload connect ADDRESS PORT  connect a TCP socket
 *
 * Prints "ready", waits for a line on stdin, works, prints what it did, waits for the end of stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long opens(long n, const char *prefix)
{
	char path[4096];

	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%ld", prefix, i);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
	}
	return n;
}

static long getppids(long n)
{
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
	return n;
}

static long names(long n)
{
	char name[16];

	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "name%ld", i);
		prctl(PR_SET_NAME, name);
		syscall(SYS_getppid);
	}
	return n;
}

static long storm(long seconds)
{
	struct timespec now, start;
	long n = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		n += getppids(1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < seconds);
	return n;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec - start->tv_nsec) / 1e9;
}

/* A hundredth of a second's worth at once, then sleep until the next is due. */
static long paced(long seconds, long rate)
{
	struct timespec start;
	long n = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (double now = 0; now < seconds; now = seconds_since(&start)) {
		while (n < now * rate)
			n += opens(100, "/nowhere/paced");
		usleep(1000);
	}
	return n;
}

static long connect_to(const char *address, int port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1, fd, result;

	if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
		return -EINVAL;
	fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	result = is_v6 ? connect(fd, (void *)&v6, sizeof(v6)) : connect(fd, (void *)&v4, sizeof(v4));
	return result < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	char line[64];
	long result;

	if (argc < 3 || (!strcmp(argv[1], "paced") && argc < 4))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	if (!strcmp(argv[1], "opens"))
		result = opens(atol(argv[2]), argv[3]);
	else if (!strcmp(argv[1], "getppid"))
		result = getppids(atol(argv[2]));
	else if (!strcmp(argv[1], "names"))
		result = names(atol(argv[2]));
	else if (!strcmp(argv[1], "storm"))
		result = storm(atol(argv[2]));
	else if (!strcmp(argv[1], "paced"))
		result = paced(atol(argv[2]), atol(argv[3]));
	else
		result = connect_to(argv[2], atoi(argv[3]));
	printf("%ld\n", result);
	while (fgets(line, sizeof(line), stdin))
		;
	return 0;
}

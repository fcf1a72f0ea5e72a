// SPDX-License-Identifier: Apache-2.0
/*
 * Does a known number of known system calls, when told to (when_told.h). Kernel tests hold what ktriage saw against it.
 *
 * workload opens N PREFIX        open PREFIX/0 … PREFIX/N-1, which do not exist
 * workload getppid N             call getppid N times
 * workload names N               call getppid N times, each under another name (comm)
 * workload storm SECONDS         call getppid until the time is over, 100,000 times at least, print how often
 * workload paced SECONDS RATE    open a file that does not exist RATE times a second, print how often
 * workload connect ADDRESS PORT  connect a TCP socket
 * workload connects N PORT       connect N TCP sockets to 127.0.0.1, one after the other
 * workload sends N PORT          send N bytes to 127.0.0.1, each by itself
 * workload forks N               fork N processes, which exit at once
 * workload execs N               fork N processes, which execute /bin/true
 * workload thread_execs N        fork N processes, a second thread of which executes /bin/true
 * workload reads N               a child named "reader" reads N bytes of /dev/zero, each by itself
 * workload writes N              a child named "writer" writes N bytes to /dev/null, each by itself
 * workload pages N               touch N pages of memory
 * workload pipes N               make N pipes
 * workload sleeps N              sleep N times, for five milliseconds
 * workload hands N               hand a byte to a child and take it back N times: two switches each on a CPU
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "when_told.h"

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
	} while (now.tv_sec - start.tv_sec < seconds || n < 100000);
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

static long connects(long n, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };

	for (long i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (void *)&to, sizeof(to)) < 0 && errno != ECONNREFUSED)
			return -errno;
		close(fd);
	}
	return n;
}

static long sends(long n, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (void *)&to, sizeof(to)) < 0)
		return -errno;
	for (long i = 0; i < n; i++)
		if (send(fd, "x", 1, 0) != 1)
			return -errno;
	close(fd);
	return n;
}

static void *execute(void *unused)
{
	char path[] = "/bin/true"; /* on the stack, which is there: so that it can be read at once */

	execl(path, "true", NULL);
	return unused;
}

static void execute_in_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, execute, NULL))
		pthread_join(thread, NULL);
}

static void do_nothing(void)
{
}

static void execute_here(void)
{
	execute(NULL);
}

static long forks(long n, void (*in_child)(void))
{
	for (long i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			return -errno;
		if (child == 0) {
			in_child();
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	return n;
}

/* In a child, which does nothing else of the kind: this process reads what to do and writes what it did. */
static long transfers(long n, int is_write)
{
	int fd = open(is_write ? "/dev/null" : "/dev/zero", O_RDWR), status;
	char byte = 'x';
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NAME, is_write ? "writer" : "reader");
		for (long i = 0; i < n; i++)
			if ((is_write ? write(fd, &byte, 1) : read(fd, &byte, 1)) != 1)
				_exit(1);
		_exit(0);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status != 0 ? -EIO : n;
}

static long pages(long n)
{
	long size = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, n * size, MADV_NOHUGEPAGE);
	for (long i = 0; i < n; i++)
		memory[i * size] = 1;
	return n;
}

static long pipes(long n)
{
	for (long i = 0; i < n; i++) {
		int ends[2];

		if (pipe(ends) < 0)
			return -errno;
		close(ends[0]);
		close(ends[1]);
	}
	return n;
}

static long sleeps(long n)
{
	/* long enough not to be over before the task is switched away, on a slow processor as well */
	const struct timespec time = { .tv_nsec = 5000000 };

	for (long i = 0; i < n; i++)
		nanosleep(&time, NULL);
	return n;
}

static long hands(long n)
{
	int there[2], back[2];
	char byte = 'x';

	if (pipe(there) || pipe(back))
		return -errno;
	if (fork() == 0) {
		close(there[1]); /* so that the end of the parent is seen */
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	for (long i = 0; i < n; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return -EIO;
	close(there[1]);
	wait(NULL);
	return n;
}

static long work(char **arguments)
{
	const char *what = arguments[1];
	long n = atol(arguments[2]);

	if (is(what, "opens"))
		return opens(n, arguments[3]);
	if (is(what, "getppid"))
		return getppids(n);
	if (is(what, "names"))
		return names(n);
	if (is(what, "storm"))
		return storm(n);
	if (is(what, "paced"))
		return paced(n, atol(arguments[3]));
	if (is(what, "connect"))
		return connect_to(arguments[2], atoi(arguments[3]));
	if (is(what, "connects"))
		return connects(n, atoi(arguments[3]));
	if (is(what, "sends"))
		return sends(n, atoi(arguments[3]));
	if (is(what, "forks"))
		return forks(n, do_nothing);
	if (is(what, "execs"))
		return forks(n, execute_here);
	if (is(what, "thread_execs"))
		return forks(n, execute_in_thread);
	if (is(what, "reads"))
		return transfers(n, 0);
	if (is(what, "writes"))
		return transfers(n, 1);
	if (is(what, "pages"))
		return pages(n);
	if (is(what, "pipes"))
		return pipes(n);
	if (is(what, "sleeps"))
		return sleeps(n);
	if (is(what, "hands"))
		return hands(n);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	return argc < 3 ? 2 : work_when_told(work, argv);
}

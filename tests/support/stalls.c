// SPDX-License-Identifier: Apache-2.0
/*
 * Waits, burns, dies, leaks: a known amount of it, when told to (when_told.h). Tests of tools hold what ktriage saw against it.
 *
 * stalls lock N MS         a thread holds a mutex for MS milliseconds, N times, while another waits for it
 * stalls burn MS           compute for MS milliseconds of CPU time in burn_here(), called by burn_from()
 * stalls read MS           sleep in read(2) of a pipe, once, until a child writes to it after MS milliseconds
 * stalls vfork N MS        be blocked (uninterruptible) by a child of vfork(2) for MS milliseconds, N times
 * stalls exits N CODE      N children run this program again as "stalls exit CODE", one after the other
 * stalls exit CODE         (without being told to) leave with CODE
 * stalls kills N SIGNAL    N children, which only wait, are sent SIGNAL by this process
 * stalls crowds N SIGNAL   N children of four threads, the others called "member", end: by SIGNAL that one of these sends itself,
 *                          or for 0 by exit(3) of the first, all at once
 * stalls leak FILES SOCKETS  open so many files and sockets, and keep them
 * stalls threads N         start N threads, which wait until the end
 * stalls touch MB          touch as much new memory, page by page
 * stalls map PATH          read a file of pages that are not in memory, by mapping it
 * stalls cache MB PATH     write a file of that size and read it again, page by page
 * stalls fsyncs N PATH     N times: write 1 MiB to the file, fsync; prints how many of them took 10 ms or more
 * stalls fifo MS PATH      open a FIFO whose other end is opened by a child after so many milliseconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "when_told.h"

#define KEEP __attribute__((noinline))

static void sleep_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static long long now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t held, had;
static long rounds, hold_ms;
static long long waited_ns;

/* waits once in each round: the holder has the mutex when it says so */
KEEP static void *wait_for_lock(void *unused)
{
	for (long i = 0; i < rounds; i++) {
		sem_wait(&held);
		long long start = now_ns(CLOCK_MONOTONIC);

		pthread_mutex_lock(&mutex);
		waited_ns += now_ns(CLOCK_MONOTONIC) - start;
		pthread_mutex_unlock(&mutex);
		sem_post(&had);
	}
	return unused;
}

/* prints what the waiter measured, in microseconds */
static long lock(long n, long ms)
{
	pthread_t waiter;

	rounds = n;
	hold_ms = ms;
	pthread_create(&waiter, NULL, wait_for_lock, NULL);
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&mutex);
		sem_post(&held);
		sleep_ms(hold_ms);
		pthread_mutex_unlock(&mutex);
		sem_wait(&had);
	}
	pthread_join(waiter, NULL);
	return waited_ns / 1000;
}

KEEP static unsigned long burn_here(long long until_ns)
{
	unsigned long value = 1;

	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < until_ns)
		for (int i = 0; i < 100000; i++)
			value = value * 6364136223846793005UL + 1442695040888963407UL;
	return value;
}

KEEP static unsigned long burn_from(long ms)
{
	return burn_here(now_ns(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000LL) | 1;
}

static long read_late(long ms)
{
	long long start;
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return -errno;
	start = now_ns(CLOCK_MONOTONIC);
	if (fork() == 0) {
		sleep_ms(ms);
		_exit(write(ends[1], "x", 1) != 1);
	}
	if (read(ends[0], &byte, 1) != 1)
		return -EIO;
	start = now_ns(CLOCK_MONOTONIC) - start;
	wait(NULL);
	return start / 1000;
}

/* prints how long it was blocked, in microseconds */
static long blocked(long n, long ms)
{
	long long start = now_ns(CLOCK_MONOTONIC);

	for (long i = 0; i < n; i++) {
		pid_t child = vfork();

		if (child < 0)
			return -errno;
		if (child == 0) {
			sleep_ms(ms);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	return (now_ns(CLOCK_MONOTONIC) - start) / 1000;
}

static long exits(char *program, long n, char *code)
{
	for (long i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			return -errno;
		if (child == 0) {
			execl(program, program, "exit", code, NULL);
			_exit(127);
		}
		waitpid(child, NULL, 0);
	}
	return n;
}

static long kills(long n, int number)
{
	for (long i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			return -errno;
		if (child == 0) {
			pause();
			_exit(0);
		}
		kill(child, number);
		waitpid(child, NULL, 0);
	}
	return n;
}

static void *wait_forever(void *unused)
{
	pause();
	return unused;
}

static int crowd_signal;

static void *be_member(void *is_sender)
{
	pthread_setname_np(pthread_self(), "member");
	sem_post(&held);
	if (is_sender && crowd_signal) {
		sem_wait(&had);
		raise(crowd_signal);
	}
	return wait_forever(NULL);
}

static long crowds(long n, int number)
{
	crowd_signal = number;
	for (long i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			return -errno;
		if (child == 0) {
			pthread_t thread;

			for (long member = 0; member < 3; member++)
				if (pthread_create(&thread, NULL, be_member, member == 2 ? &crowd_signal : NULL))
					_exit(4);
			for (long member = 0; member < 3; member++)
				sem_wait(&held);
			if (!number)
				_exit(3);
			sem_post(&had);
			pause();
		}
		waitpid(child, NULL, 0);
	}
	return n;
}

static long leak(long files, long sockets)
{
	for (long i = 0; i < files; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return -errno;
	for (long i = 0; i < sockets; i++)
		if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
			return -errno;
	return files + sockets;
}

static long threads(long n)
{
	for (long i = 0; i < n; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, wait_forever, NULL))
			return -EAGAIN;
	}
	return n;
}

/* prints how many pages were touched */
static long touch(long megabytes)
{
	long size = sysconf(_SC_PAGESIZE), bytes = megabytes << 20;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	for (long at = 0; at < bytes; at += size)
		memory[at] = 1;
	return bytes / size;
}

/* prints how many pages of the file had to be read; without readahead, so that each is a fault of its own */
static long map(const char *path)
{
	long size = sysconf(_SC_PAGESIZE), pages, absent = 0;
	int fd = open(path, O_RDONLY);
	unsigned char *present;
	struct stat stat;
	volatile char *memory;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	memory = mmap(NULL, stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	madvise((void *)memory, stat.st_size, MADV_RANDOM);
	pages = stat.st_size / size;
	present = calloc(pages, 1);
	if (!present || mincore((void *)memory, stat.st_size, present) < 0)
		return -errno;
	for (long i = 0; i < pages; i++)
		absent += !(present[i] & 1);
	for (long at = 0; at < stat.st_size; at += size)
		(void)memory[at];
	return absent;
}

/* prints how many megabytes were written */
static long cache(long megabytes, const char *path)
{
	static char bytes[1 << 20];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return -errno;
	for (long i = 0; i < megabytes; i++)
		if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
			return -errno;
	fsync(fd);
	lseek(fd, 0, SEEK_SET);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	close(fd);
	return megabytes;
}

static long fsyncs(long n, const char *path)
{
	static char data[1 << 20];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	long slow = 0;

	for (long i = 0; i < n; i++) {
		long long start;

		if (write(fd, data, sizeof(data)) != sizeof(data))
			return -errno;
		start = now_ns(CLOCK_MONOTONIC);
		fsync(fd);
		slow += now_ns(CLOCK_MONOTONIC) - start >= 10000000;
	}
	close(fd);
	return slow;
}

static long fifo(long delay_ms, const char *path)
{
	pid_t other;
	int fd;

	if (mkfifo(path, 0600))
		return -errno;
	other = fork();
	if (!other) {
		sleep_ms(delay_ms);
		_exit(open(path, O_WRONLY) < 0);
	}
	fd = open(path, O_RDONLY);
	close(fd);
	waitpid(other, NULL, 0);
	unlink(path);
	return delay_ms;
}

static long work(char **arguments)
{
	const char *what = arguments[1];
	char *third = arguments[3] ? arguments[3] : "0";
	long n = atol(arguments[2]);

	if (is(what, "lock"))
		return lock(n, atol(third));
	if (is(what, "burn"))
		return burn_from(n) ? n : 0;
	if (is(what, "read"))
		return read_late(n);
	if (is(what, "vfork"))
		return blocked(n, atol(third));
	if (is(what, "exits"))
		return exits(arguments[0], n, third);
	if (is(what, "kills"))
		return kills(n, atoi(third));
	if (is(what, "crowds"))
		return crowds(n, atoi(third));
	if (is(what, "leak"))
		return leak(n, atol(third));
	if (is(what, "threads"))
		return threads(n);
	if (is(what, "touch"))
		return touch(n);
	if (is(what, "map"))
		return map(arguments[2]);
	if (is(what, "cache"))
		return cache(n, third);
	if (is(what, "fsyncs"))
		return fsyncs(n, third);
	if (is(what, "fifo"))
		return fifo(n, third);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (is(argv[1], "exit"))
		return atoi(argv[2]);
	return work_when_told(work, argv);
}

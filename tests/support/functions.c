// SPDX-License-Identifier: Apache-2.0
/*
 * Calls functions of its own a known number of times, when told to (when_told.h): what probes on functions see is held
 * against it.
 *
 * functions greets N    greet("guest <i>", i, 0) returns -i, N times
 * functions fib N       fib(N), which calls itself
 * functions twelve N    twelve(i, i + 1, … i + 11) returns their sum, N times
 * functions naps N      nap(1000) sleeps at least a millisecond, N times
 * functions threads N   greet() N times by this thread and N times by another one, whose tid is printed
 * functions jumps N     escape() is left by longjmp N times, then returns N times
 * functions renames N   become("renamed") gives the process that name (comm), N times
 * functions hangs N     hang() does not come back, in each of N processes
 * functions leaves N    leave() ends its process, in each of N processes
 * functions deep N      deep(N - 1), which calls itself until deep(0), twice
 * functions lookups N   getaddrinfo("guest-<i>.example", "80") of the C library fails with EAI_NONAME, N times
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "when_told.h"

/* As written: not inlined, and a call that is made is made. */
#define PROBED __attribute__((noinline, optnone, used, visibility("default")))

static jmp_buf outside;

PROBED long greet(const char *name, long number, const char *nobody)
{
	__asm__ volatile("" ::"r"(name), "r"(nobody) : "memory");
	return -number;
}

PROBED long fib(long n)
{
	if (n < 2)
		return n;
	return fib(n - 1) + fib(n - 2);
}

PROBED long twelve(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k, long l)
{
	return a + b + c + d + e + f + g + h + i + j + k + l;
}

PROBED long nap(long us)
{
	struct timespec time = { .tv_nsec = us * 1000 };

	return nanosleep(&time, NULL);
}

PROBED long escape(long is_jumping)
{
	if (is_jumping)
		longjmp(outside, 1);
	__asm__ volatile("" ::: "memory");
	return is_jumping;
}

PROBED long become(const char *name)
{
	return prctl(PR_SET_NAME, name);
}

PROBED long hang(int ready)
{
	if (write(ready, "", 1) == 1)
		for (;;)
			pause();
	return ready;
}

PROBED long leave(long status)
{
	_exit(status);
}

PROBED long deep(long n)
{
	return n > 0 ? deep(n - 1) + 1 : 0;
}

static long greets(long n)
{
	char name[32];

	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "guest %ld", i);
		greet(name, i, NULL);
	}
	return n;
}

static void *greets_there(void *argument)
{
	greets((long)argument);
	return (void *)syscall(SYS_gettid);
}

static long threads(long n)
{
	pthread_t thread;
	void *tid;

	if (pthread_create(&thread, NULL, greets_there, (void *)n))
		return -errno;
	greets(n);
	pthread_join(thread, &tid);
	return (long)tid;
}

static long jumps(long n)
{
	for (volatile long i = 0; i < n; i++)
		if (!setjmp(outside))
			escape(1);
	for (long i = 0; i < n; i++)
		escape(0);
	return n;
}

static long lookups(long n)
{
	/* asks nobody: only digits would be an answer */
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;
	char name[32];
	long failed = 0;

	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "guest-%ld.example", i);
		failed += getaddrinfo(name, "80", &hints, &found) == EAI_NONAME;
	}
	return failed;
}

/* Each is in hang() when this returns, and ends with its parent. */
static long hangs(long n)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		return -errno;
	for (long i = 0; i < n; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(hang(ready[1]));
		}
		if (read(ready[0], &byte, 1) != 1)
			return -errno;
	}
	return n;
}

static long leaves(long n)
{
	for (long i = 0; i < n; i++) {
		if (fork() == 0)
			leave(0);
		wait(NULL);
	}
	return n;
}

static long renames(long n)
{
	for (long i = 0; i < n; i++)
		become("renamed");
	return n;
}

static long work(char **arguments)
{
	const char *what = arguments[1];
	long n = atol(arguments[2]), sum = 0;

	if (is(what, "greets"))
		return greets(n);
	if (is(what, "fib"))
		return fib(n);
	if (is(what, "threads"))
		return threads(n);
	if (is(what, "jumps"))
		return jumps(n);
	if (is(what, "renames"))
		return renames(n);
	if (is(what, "lookups"))
		return lookups(n);
	if (is(what, "hangs"))
		return hangs(n);
	if (is(what, "leaves"))
		return leaves(n);
	if (is(what, "deep"))
		return deep(n - 1) + deep(n - 1) + 2;
	for (long i = 0; i < n; i++)
		sum += is(what, "naps") ? nap(1000) :
					  twelve(i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7, i + 8, i + 9,
						 i + 10, i + 11);
	return sum;
}

int main(int argc, char **argv)
{
	return argc < 3 ? 2 : work_when_told(work, argv);
}

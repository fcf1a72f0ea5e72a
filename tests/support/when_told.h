// SPDX-License-Identifier: Apache-2.0
/*
 * What the programs of this folder have in common: each prints "ready", waits for a line on stdin, works, prints what it did
 * and waits for the end of stdin, so that a test can look at it meanwhile.
 */
#pragma once
#include <stdio.h>
#include <string.h>

static inline int is(const char *what, const char *name)
{
	return !strcmp(what, name);
}

/* @returns what main() returns */
static inline int work_when_told(long (*work)(char **arguments), char **arguments)
{
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	printf("%ld\n", work(arguments));
	while (fgets(line, sizeof(line), stdin))
		;
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
/* What the launcher's files share. launcher.c has the beginning. */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define say(...) (fprintf(stderr, "ktriage: " __VA_ARGS__), fputc('\n', stderr))
#define die(...) (say(__VA_ARGS__), exit(1))
#define DAMAGED "this file is damaged or cut off. Copy it again, and compare it with its .sha256."

/* What is unpacked: Deno, its main module, and all scripts and assets. */
enum { RUNTIME, LOADER, PACK, FILES };
static const char *const names[FILES] = { "ktriage", "main.js", "pack" };

/* package.c. Ends here when this file is not what was built. */
void open_package(void);
const char *build_id(void);
/* Zero, or the errno of what failed; EBADMSG when the package is damaged. */
int unpack(const int to[FILES]);

/* cache.c. Unpacks where it is needed, and writes the path of what is then there whole, for this user only. False where
 * that folder cannot be used; what can be mended is said. */
bool unpack_once(char *cache, char build[PATH_MAX]);

// SPDX-License-Identifier: Apache-2.0
/* The start of the offline package: unpacks once what scripts/package/pack.ts put behind it, and becomes Deno with it.
 * Where nothing can be written and executed, it unpacks into memory each time. */
#include "launcher.h"
#include <sys/syscall.h>

enum { FIXED = 13 /* arguments of Deno before those of ktriage */ };

/* Returns when that cannot be executed. The files in memory stay open, for Deno and for the sandbox's helper. */
static void become(char **arguments, int runtime, char *path, char *loader, const char *pack)
{
	char *const fixed[FIXED] = { "ktriage", "run", "--quiet", V8_FLAGS, "-A", "--no-config", "--no-lock", "--no-remote",
				     "--no-npm", "--no-code-cache", "--ext", "js", loader };
	memcpy(arguments, fixed, sizeof(fixed));
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1); /* this file, for who prints a line for cron */
	if (length > 0)
		self[length] = 0, setenv("KTRIAGE_PROGRAM", self, 1);
	setenv("KTRIAGE_PACK", pack, 1);
	setenv("DENO_DIR", "/dev/null", 1); /* Deno keeps its caches nowhere */
	setenv("DENO_NO_UPDATE_CHECK", "1", 1);
	syscall(SYS_execveat, runtime, path, arguments, environ, *path ? 0 : AT_EMPTY_PATH);
}

/* Returns when that folder cannot be used. */
static void run_from(char **arguments, char *cache)
{
	char build[PATH_MAX], file[FILES][PATH_MAX + 16];
	if (!unpack_once(cache, build))
		return;
	for (int i = 0; i < FILES; i++)
		snprintf(file[i], sizeof(file[i]), "%s/%s", build, names[i]);
	become(arguments, -1, file[RUNTIME], file[LOADER], file[PACK]);
}

static void run_from_memory(char **arguments)
{
	char path[FILES][32];
	int to[FILES], problem;
	for (int i = 0; i < FILES; i++) { /* Linux 6.3 and newer want to know what may be executed: 0x10, or not: 8 */
		to[i] = syscall(SYS_memfd_create, names[i], i == RUNTIME ? 0x11 : 8);
		if (to[i] < 0 && errno == EINVAL)
			to[i] = syscall(SYS_memfd_create, names[i], i == RUNTIME);
		snprintf(path[i], sizeof(path[i]), "/proc/self/fd/%d", to[i]);
		if (to[i] < 0)
			die("Cannot start: neither a folder nor memory may hold programs here (%s; see sysctl vm.memfd_noexec). "
			    "Set KTRIAGE_CACHE to a folder that is not mounted noexec.", strerror(errno));
	}
	if (access(path[LOADER], R_OK))
		die("Cannot run from memory: /proc is not mounted here. Mount it, or set KTRIAGE_CACHE to a folder.");
	if ((problem = unpack(to)))
		die("Cannot unpack: %s", problem == EBADMSG ? DAMAGED : strerror(problem));
	become(arguments, to[RUNTIME], "", path[LOADER], path[PACK]);
	die("Cannot start Deno, which is in this file: %s. It needs glibc 2.27 or newer.", strerror(errno));
}

int main(int count, char **values)
{
	const char *own = getenv("KTRIAGE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char cache[PATH_MAX] = "", **arguments = calloc(count + FIXED + 1, sizeof(*arguments));
	int length = 0;
	open_package();
	if (count > 0 && arguments)
		memcpy(arguments + FIXED, values + 1, count * sizeof(*values));
	if (own && *own)
		length = snprintf(cache, sizeof(cache), "%s", own);
	else if ((xdg && *xdg == '/') || !geteuid())
		length = snprintf(cache, sizeof(cache), "%s/ktriage", xdg && *xdg == '/' ? xdg : "/var/cache");
	else if (home && *home == '/')
		length = snprintf(cache, sizeof(cache), "%s/.cache/ktriage", home);
	if (*cache && length < PATH_MAX) /* cut off it would be another path */
		run_from(arguments, cache);
	run_from_memory(arguments);
}

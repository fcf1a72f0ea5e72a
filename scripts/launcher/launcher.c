// SPDX-License-Identifier: Apache-2.0
/* The start of the offline package: unpacks once what scripts/package/pack.ts put behind it, and becomes Deno with it.
 * Where nothing can be written and executed, it unpacks into memory each time. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zstd.h>

#define say(...) (fprintf(stderr, "ktriage: " __VA_ARGS__), fputc('\n', stderr))
#define die(...) (say(__VA_ARGS__), exit(1))
#define DAMAGED "this file is damaged or cut off. Copy it again, and compare it with its .sha256."
#define OTHERS_MAY_WRITE (S_IWGRP | S_IWOTH)
#define PIECE_BYTES (4 << 20) /* at most, as in pack.ts */
enum { RUNTIME, LOADER, PACK, FILES, FIXED = 13 /* arguments of Deno before those of ktriage */ };
static const char *const names[FILES] = { "ktriage", "main.js", "pack" };

/* A piece of a file, compressed on its own, with a checksum. Their table stands before the trailer, the last bytes. */
struct frame { uint64_t file, size, to, at, bytes; };
struct trailer { char id[48]; uint64_t frames, checksum; char magic[8]; };
/* What was true when checksums were verified. Nothing is synced to disk: after a boot it may be anything. */
struct stamp { char boot[40]; struct stat files[FILES]; };

static const unsigned char *package;
static const struct trailer *trailer;
static const struct frame *frames;
static uint64_t next_frame, problem;

/* Ends here when this file is not what was built. */
static void open_package(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint64_t sum = 0xcbf29ce484222325, table = 0; /* FNV-1a */
	struct stat is;
	if (fd < 0) /* no /proc, or that of others */
		fd = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &is) || (package = mmap(NULL, is.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		die("Cannot read this program, which is what it unpacks: %s.", strerror(errno));
	close(fd);
	trailer = (const void *)(package + is.st_size - sizeof(*trailer));
	if (is.st_size % 8 == 0 && !memcmp(trailer->magic, "KTRIAGE1", 8) && trailer->frames < 4096)
		table = trailer->frames * sizeof(*frames);
	frames = (const void *)((const char *)trailer - table);
	for (const unsigned char *p = (const void *)frames; table && p < (const unsigned char *)&trailer->checksum; p++)
		sum = (sum ^ *p) * 0x100000001b3;
	if (!table || sum != trailer->checksum)
		die("Cannot start: " DAMAGED);
}

/* One of two threads; each takes the next frame. */
static void *unpack_frames(void *to)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	char *piece = malloc(PIECE_BYTES);
	for (uint64_t i; !problem && (i = __atomic_fetch_add(&next_frame, 1, __ATOMIC_RELAXED)) < trailer->frames;) {
		const struct frame *f = &frames[i];
		errno = ENOSPC; /* of a write that is short */
		if (!zstd || !piece)
			problem = ENOMEM;
		else if (ZSTD_decompressDCtx(zstd, piece, PIECE_BYTES, package + f->at, f->bytes) != f->size)
			problem = EBADMSG;
		else if (pwrite(((int *)to)[f->file], piece, f->size, f->to) != (ssize_t)f->size)
			problem = errno;
	}
	free(piece);
	return ZSTD_freeDCtx(zstd), NULL;
}

/* False when it could not be written, or the package is damaged: see problem. */
static bool unpack(int to[FILES])
{
	pthread_t second;
	next_frame = problem = 0;
	int alone = pthread_create(&second, NULL, unpack_frames, to); /* refused: this thread does all */
	unpack_frames(to);
	return (alone || !pthread_join(second, NULL)) && !problem;
}

static int open_folder(int in, const char *path)
{
	return openat(in, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Says why others could put something else into the folder, or another folder in its place; NULL when they cannot. */
static const char *unsafe(int folder)
{
	struct stat is, above;
	int at = folder;
	if (fstat(folder, &is) || is.st_uid != geteuid() || is.st_mode & OTHERS_MAY_WRITE)
		return is.st_uid != geteuid() ? "it belongs to another user" : "others may write to it";
	for (;; is = above) {
		int up = openat(at, "..", O_PATH | O_CLOEXEC), failed = up < 0 || fstat(up, &above);
		if (at != folder)
			close(at);
		if (failed || (above.st_uid != 0 && above.st_uid != geteuid()) ||
		    (above.st_mode & OTHERS_MAY_WRITE && !(above.st_mode & S_ISVTX)))
			return "others may replace a folder above it";
		if (is.st_ino == above.st_ino && is.st_dev == above.st_dev)
			return close(up), NULL;
		at = up;
	}
}

/* What tells that a file was changed, as any change of it, its owner or its mode moves the time in st_ctim. */
static bool describe(int folder, struct stamp *to)
{
	int boot = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	memset(to, 0, sizeof(*to));
	if (boot >= 0 && (read(boot, to->boot, sizeof(to->boot)) < 0 || close(boot)))
		return false;
	for (int i = 0; i < FILES; i++) {
		if (fstatat(folder, names[i], &to->files[i], AT_SYMLINK_NOFOLLOW) || !S_ISREG(to->files[i].st_mode))
			return false;
		to->files[i].st_atim = (struct timespec){ 0 };
		to->files[i].st_blocks = 0; /* settles when the file reaches the disk */
	}
	return true;
}

static bool is_unpacked(int cache)
{
	struct stamp is, was;
	int folder = open_folder(cache, trailer->id), stamp = openat(folder, "stamp", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool same = stamp >= 0 && !unsafe(folder) && read(stamp, &was, sizeof(was)) == sizeof(was) && describe(folder, &is) &&
		    !memcmp(&is, &was, sizeof(is));
	close(stamp);
	close(folder);
	return same;
}

/* Removes a build, or what was left of one. */
static void discard(int cache, const char *name)
{
	int folder = open_folder(cache, name);
	for (int i = 0; folder >= 0 && i <= FILES; i++)
		unlinkat(folder, i < FILES ? names[i] : "stamp", 0);
	close(folder);
	unlinkat(cache, name, unlinkat(cache, name, 0) ? AT_REMOVEDIR : 0);
}

/* The lock is held: no other process unpacks here, and a .new was left by one that was killed. */
static bool unpack_into(int cache)
{
	struct stamp stamp;
	int to[FILES], folder = -1, out = -1;
	discard(cache, ".new");
	bool done = !mkdirat(cache, ".new", 0700) && (folder = open_folder(cache, ".new")) >= 0;
	for (int i = 0; i < FILES; i++) /* fchmod: whatever the umask */
		done = (to[i] = openat(folder, names[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0 && done &&
		       !fchmod(to[i], i == RUNTIME ? 0700 : 0600);
	done = done && unpack(to);
	for (int i = 0; i < FILES; i++)
		done = !close(to[i]) && done;
	done = done && describe(folder, &stamp) &&
	       (out = openat(folder, "stamp", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0 && write(out, &stamp, sizeof(stamp)) == sizeof(stamp);
	close(out);
	close(folder);
	if (done) /* what is there has changed since it was unpacked */
		discard(cache, trailer->id);
	if (!done || renameat(cache, ".new", cache, trailer->id))
		return discard(cache, ".new"), false;
	return true;
}

/* Returns when that cannot be executed. The files in memory stay open, for Deno and for the sandbox's helper. */
static void become(char **arguments, int runtime, char *path, char *loader, const char *pack)
{
	char *const fixed[FIXED] = { "ktriage", "run", "--quiet", V8_FLAGS, "-A", "--no-config", "--no-lock", "--no-remote",
				     "--no-npm", "--no-code-cache", "--ext", "js", loader };
	memcpy(arguments, fixed, sizeof(fixed));
	setenv("KTRIAGE_PACK", pack, 1);
	setenv("DENO_DIR", "/dev/null", 1); /* Deno keeps its caches nowhere */
	setenv("DENO_NO_UPDATE_CHECK", "1", 1);
	syscall(SYS_execveat, runtime, path, arguments, environ, *path ? 0 : AT_EMPTY_PATH);
}

/* Returns when that folder cannot be used. */
static void run_from(char **arguments, char *path)
{
	char real[PATH_MAX], file[FILES][PATH_MAX + 64];
	struct statvfs system;
	char *end = strrchr(path, '/');
	if (end && end != path)
		*end = 0, mkdir(path, 0755), *end = '/';
	mkdir(path, 0700);
	int cache = open_folder(AT_FDCWD, path);
	const char *reason = cache >= 0 ? unsafe(cache) : readlink(path, real, 1) > 0 ? "it is a symbolic link" : NULL;
	if (reason)
		say("Not unpacking into %s: %s. Running from memory.", path, reason);
	if (cache < 0 || reason || !realpath(path, real) || fstatvfs(cache, &system) || system.f_flag & ST_NOEXEC)
		return;
	if (!is_unpacked(cache)) {
		for (int tries = 0; flock(cache, LOCK_EX | LOCK_NB); tries++) /* somebody else unpacks, or is stopped */
			if (errno != EWOULDBLOCK || tries == 100 || usleep(100000))
				return;
		if (!is_unpacked(cache) && !unpack_into(cache))
			return;
	}
	for (int i = 0; i < FILES; i++)
		snprintf(file[i], sizeof(file[i]), "%s/%s/%s", real, trailer->id, names[i]);
	become(arguments, -1, file[RUNTIME], file[LOADER], file[PACK]);
}

static void run_from_memory(char **arguments)
{
	char path[FILES][32];
	int to[FILES];
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
	if (!unpack(to))
		die("Cannot unpack: %s", problem == EBADMSG ? DAMAGED : strerror((int)problem));
	become(arguments, to[RUNTIME], "", path[LOADER], path[PACK]);
	die("Cannot start Deno, which is in this file: %s. It needs glibc 2.27 or newer.", strerror(errno));
}

int main(int count, char **values)
{
	const char *own = getenv("KTRIAGE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char cache[PATH_MAX] = "", **arguments = calloc(count + FIXED + 1, sizeof(*arguments));
	open_package();
	if (count > 0 && arguments)
		memcpy(arguments + FIXED, values + 1, count * sizeof(*values));
	if (own && *own)
		snprintf(cache, sizeof(cache), "%s", own);
	else if ((xdg && *xdg == '/') || !geteuid())
		snprintf(cache, sizeof(cache), "%s/ktriage", xdg && *xdg == '/' ? xdg : "/var/cache");
	else if (home && *home == '/')
		snprintf(cache, sizeof(cache), "%s/.cache/ktriage", home);
	if (*cache)
		run_from(arguments, cache);
	run_from_memory(arguments);
}

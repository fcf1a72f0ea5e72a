// SPDX-License-Identifier: Apache-2.0
/* The folder where what was unpacked stays: a folder for each build, a .new while one is unpacked. Whoever unpacks holds
 * the lock of the cache, whoever runs a build shares the lock of its folder. */
#include "launcher.h"
#include <dirent.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#define OTHERS_MAY_WRITE (S_IWGRP | S_IWOTH)
#define MADE_LEVELS 2 /* ~/.cache and its ktriage, or what XDG_CACHE_HOME names and its ktriage */
enum { WAIT_TRIES = 100, WAIT_US = 100000 };

/* What was true when checksums were verified. Nothing is synced to disk: after a boot it may be anything. */
struct stamp { char boot[40]; struct stat files[FILES]; };

static int open_folder(int in, const char *path)
{
	return openat(in, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Whether nobody but root and this user can put another folder in the place of this one, or of one above it. */
static bool is_firm(int folder)
{
	struct stat is, above;
	int at = openat(folder, ".", O_PATH | O_CLOEXEC);
	for (bool firm = !fstat(at, &is);; is = above) {
		int up = openat(at, "..", O_PATH | O_CLOEXEC);
		firm = firm && (is.st_uid == 0 || is.st_uid == geteuid()) &&
		       (!(is.st_mode & OTHERS_MAY_WRITE) || is.st_mode & S_ISVTX) && !fstat(up, &above);
		close(at);
		if (!firm || (is.st_ino == above.st_ino && is.st_dev == above.st_dev))
			return close(up), firm;
		at = up;
	}
}

/* Why others could change what is in the folder; NULL when they cannot. */
static const char *open_to_others(int folder)
{
	struct stat is;
	if (fstat(folder, &is) || is.st_uid != geteuid())
		return "it belongs to another user";
	return is.st_mode & OTHERS_MAY_WRITE ? "others may write to it" : NULL;
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

/* Keeps the folder open, with its lock, for as long as the process that this becomes and its helpers run. */
static bool is_unpacked(int cache)
{
	struct stamp is, was;
	int folder = open_folder(cache, build_id()), stamp = openat(folder, "stamp", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool same = !flock(folder, LOCK_SH | LOCK_NB) && !open_to_others(folder) &&
		    read(stamp, &was, sizeof(was)) == sizeof(was) && describe(folder, &is) && !memcmp(&is, &was, sizeof(is));
	close(stamp);
	if (!same || fcntl(folder, F_SETFD, 0))
		close(folder);
	return same;
}

/* Removes a build, or what was left of one, unless a process runs it. */
static void discard(int cache, const char *name)
{
	int folder = open_folder(cache, name);
	if (folder >= 0 && !flock(folder, LOCK_EX | LOCK_NB)) {
		for (int i = 0; i <= FILES; i++)
			unlinkat(folder, i < FILES ? names[i] : "stamp", 0);
		unlinkat(cache, name, AT_REMOVEDIR);
	}
	close(folder);
}

/* Each has 100 MB, and after an update nobody runs it again. */
static void discard_other_builds(int cache)
{
	struct stat is;
	DIR *list = fdopendir(open_folder(cache, "."));
	for (struct dirent *one; list && (one = readdir(list));) {
		int folder = open_folder(cache, one->d_name);
		if (!fstatat(folder, "stamp", &is, AT_SYMLINK_NOFOLLOW) && is.st_size == sizeof(struct stamp) && strcmp(one->d_name, build_id()))
			discard(cache, one->d_name);
		close(folder);
	}
	if (list)
		closedir(list);
}

/* The lock is held: no other process unpacks here, and a .new was left by one that was killed. */
static bool unpack_into(int cache)
{
	struct stamp stamp;
	int to[FILES], folder = -1, out = -1;
	discard(cache, ".new");
	discard(cache, build_id()); /* it has changed since it was unpacked */
	discard_other_builds(cache);
	bool done = !mkdirat(cache, ".new", 0700) && (folder = open_folder(cache, ".new")) >= 0 && !fchmod(folder, 0700);
	for (int i = 0; i < FILES; i++) /* fchmod: whatever the umask */
		done = (to[i] = openat(folder, names[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0 &&
		       !fchmod(to[i], i == RUNTIME ? 0700 : 0600) && done;
	done = done && !unpack(to);
	for (int i = 0; i < FILES; i++)
		done = !close(to[i]) && done;
	done = done && describe(folder, &stamp) && (out = openat(folder, "stamp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0 &&
	       write(out, &stamp, sizeof(stamp)) == sizeof(stamp);
	done = !close(out) && done && !renameat(cache, ".new", cache, build_id());
	close(folder);
	if (!done)
		discard(cache, ".new");
	return done;
}

/* Opens a folder. Where it is not there it is made, and the one above it too, but only where nobody else has a say: EPERM. */
static int open_or_make(const char *path, int levels)
{
	char above[PATH_MAX], name[PATH_MAX];
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (levels == MADE_LEVELS ? O_NOFOLLOW : 0), folder = open(path, flags);
	if (folder >= 0 || errno != ENOENT || levels == 0)
		return folder;
	int in = open_or_make(dirname(strcpy(above, path)), levels - 1);
	if (in < 0)
		return -1;
	bool firm = is_firm(in);
	if (firm)
		mkdirat(in, basename(strcpy(name, path)), levels == MADE_LEVELS ? 0700 : 0755);
	close(in);
	errno = EPERM;
	return firm ? open(path, flags) : -1;
}

/* As the kernel knows it: a path that was asked for may lead elsewhere by the next time it is followed. */
static bool path_of(int folder, char path[PATH_MAX])
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool known = !fchdir(here) && !fchdir(folder) && getcwd(path, PATH_MAX) && *path == '/';
	return !fchdir(here) && !close(here) && known;
}

/* Why a folder of that name is not used, where its owner can mend it. */
static const char *refusal(int cache, const char *path)
{
	char link;
	bool firm = cache >= 0 ? is_firm(cache) : errno != EPERM;
	const char *reason = cache >= 0 ? open_to_others(cache) : readlink(path, &link, 1) > 0 ? "it is a symbolic link" : NULL;
	return reason || firm ? reason : "others may replace a folder above it";
}

bool unpack_once(char *path, char build[PATH_MAX])
{
	struct statvfs system;
	char real[PATH_MAX];
	for (char *end = path + strlen(path) - 1; end > path && *end == '/'; end--)
		*end = 0; /* behind a slash a link would be followed */
	int cache = open_or_make(path, MADE_LEVELS);
	const char *reason = refusal(cache, path);
	if (reason)
		say("Not unpacking into %s: %s. Running from memory.", path, reason);
	if (cache < 0 || reason || fstatvfs(cache, &system) || system.f_flag & ST_NOEXEC || !path_of(cache, real) ||
	    snprintf(build, PATH_MAX, "%s/%s", real, build_id()) >= PATH_MAX)
		return false;
	if (is_unpacked(cache))
		return true;
	for (int tries = 0; flock(cache, LOCK_EX | LOCK_NB); tries++) /* somebody else unpacks, or is stopped */
		if (errno != EWOULDBLOCK || tries == WAIT_TRIES || usleep(WAIT_US))
			return false;
	return is_unpacked(cache) || (unpack_into(cache) && is_unpacked(cache));
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Functions that newer C libraries export under new names or versions, defined here (hidden) so that build/libbpf.so
 * asks for nothing newer than glibc 2.28 wherever it is built. No libc header: they would redirect these very names.
 */
typedef __builtin_va_list va_list;
struct stat;
long syscall(long number, ...);
int vsscanf(const char *text, const char *format, va_list arguments);
int vfscanf(void *stream, const char *format, va_list arguments);
long strtol(const char *text, char **end, int base);
long long strtoll(const char *text, char **end, int base);
unsigned long strtoul(const char *text, char **end, int base);
unsigned long long strtoull(const char *text, char **end, int base);

#if defined(__x86_64__)
#define NR_newfstatat 262
#elif defined(__aarch64__)
#define NR_newfstatat 79
#else
#error "libbpf-compat.c: add this machine's number of newfstatat"
#endif
#define CURRENT_DIRECTORY -100 /* AT_FDCWD */
#define NO_FOLLOW 0x100 /* AT_SYMLINK_NOFOLLOW */
#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */

/* stat, lstat and fstat became symbols in glibc 2.33; on 64-bit machines the kernel's struct stat is glibc's. */
int stat(const char *path, struct stat *to) { return syscall(NR_newfstatat, CURRENT_DIRECTORY, path, to, 0); }
int lstat(const char *path, struct stat *to) { return syscall(NR_newfstatat, CURRENT_DIRECTORY, path, to, NO_FOLLOW); }
int fstat(int fd, struct stat *to) { return syscall(NR_newfstatat, fd, "", to, EMPTY_PATH); }
int stat64(const char *path, struct stat *to) { return stat(path, to); }
int lstat64(const char *path, struct stat *to) { return lstat(path, to); }
int fstat64(int fd, struct stat *to) { return fstat(fd, to); }

/* glibc 2.38 sends callers of these to C23 twins, which only add binary literals. */
long __isoc23_strtol(const char *text, char **end, int base) { return strtol(text, end, base); }
long long __isoc23_strtoll(const char *text, char **end, int base) { return strtoll(text, end, base); }
unsigned long __isoc23_strtoul(const char *text, char **end, int base) { return strtoul(text, end, base); }
unsigned long long __isoc23_strtoull(const char *text, char **end, int base) { return strtoull(text, end, base); }
int __isoc23_sscanf(const char *text, const char *format, ...)
{
	va_list arguments;
	int count;

	__builtin_va_start(arguments, format);
	count = vsscanf(text, format, arguments);
	__builtin_va_end(arguments);
	return count;
}
int __isoc23_fscanf(void *stream, const char *format, ...)
{
	va_list arguments;
	int count;

	__builtin_va_start(arguments, format);
	count = vfscanf(stream, format, arguments);
	__builtin_va_end(arguments);
	return count;
}

// SPDX-License-Identifier: Apache-2.0
/* The bytes behind the launcher, as scripts/package/pack.ts has laid them out. */
#include "launcher.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <zstd.h>

#define PIECE_BYTES (4 << 20) /* at most, as in pack.ts */

/* A piece of a file, compressed on its own, with a checksum. Their table stands before the trailer, the last bytes. */
struct frame { uint64_t file, size, to, at, bytes; };
struct trailer { char id[48]; uint64_t frames, checksum; char magic[8]; };

static const unsigned char *package;
static const struct trailer *trailer;
static const struct frame *frames;
static _Atomic uint64_t next_frame;
static _Atomic int problem;

void open_package(void)
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

const char *build_id(void)
{
	return trailer->id;
}

/* One of two threads; each takes the next frame. */
static void *unpack_frames(void *to)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	char *piece = malloc(PIECE_BYTES);
	for (uint64_t i; !problem && (i = next_frame++) < trailer->frames;) {
		const struct frame *f = &frames[i];
		errno = ENOSPC; /* of a write that is short */
		if (!zstd || !piece)
			problem = ENOMEM;
		else if (ZSTD_decompressDCtx(zstd, piece, PIECE_BYTES, package + f->at, f->bytes) != f->size)
			problem = EBADMSG;
		else if (pwrite(((const int *)to)[f->file], piece, f->size, f->to) != (ssize_t)f->size)
			problem = errno;
	}
	free(piece);
	return ZSTD_freeDCtx(zstd), NULL;
}

int unpack(const int to[FILES])
{
	pthread_t second;
	problem = 0, next_frame = 0;
	int alone = pthread_create(&second, NULL, unpack_frames, (void *)to); /* refused: this thread does all */
	unpack_frames((void *)to);
	if (!alone)
		pthread_join(second, NULL);
	return problem;
}

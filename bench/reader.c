// SPDX-License-Identifier: Apache-2.0
/*
 * The floor under ktriage: its BPF programs, read by as little C as can do it.
 *
 * reader count|print PID SYSCALL   trace the system call, with its return, in one process until SIGINT
 *
 * Says "Tracing" on standard error. `print` writes a JSON line for each openat; both end with {"read":N,"lost":N}.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "event.h"

#define RING_BYTES (8 << 20) /* as large as ktriage's */
#define PAUSE_US   5000	     /* between looks: the programs wake nobody */
#define MAX_CPUS   1024

static volatile sig_atomic_t ended;
static unsigned long read_hits;
static int printing;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* A field's offset in a system call's record, from its format file; with `field` 0, where the fixed part ends. */
static unsigned offset_of(const char *event, const char *field)
{
	char path[256], line[512], name[64];
	unsigned offset, size, found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/%s/format", event);
	file = fopen(path, "r");
	if (!file)
		fail(path);
	if (field)
		snprintf(name, sizeof(name), " %s;", field);
	while (fgets(line, sizeof(line), file)) {
		char *at = strstr(line, "offset:");

		if (!at || sscanf(at, "offset:%u; size:%u", &offset, &size) != 2)
			continue;
		if (!field)
			found = offset + size;
		else if (strstr(line, name))
			found = offset;
	}
	fclose(file);
	return found;
}

static void put_json(const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar_unlocked('\\');
		putchar_unlocked(*text);
	}
}

static void print_open(const struct event *event)
{
	const char *record = (const char *)(event + 1);
	const struct extra *extra = (const void *)(record + ((event->record_bytes + 7) & ~7));

	printf("{\"timestamp\":%llu,\"process_id\":%u,\"process_name\":\"%s\",\"flags\":%llu,\"filename\":\"",
	       event->time_ns, event->tgid, event->comm, *(const __u64 *)(record + 32));
	if (event->extra_bytes && extra->length)
		put_json((const char *)(extra + 1));
	fputs("\"}\n", stdout);
}

static int on_event(void *context, void *data, size_t bytes)
{
	const struct event *event = data;

	(void)context, (void)bytes;
	if (event->kind != EVENT_HIT)
		return 0;
	read_hits++;
	if (printing)
		print_open(event);
	return 0;
}

static void configure(struct bpf_object *object, const char *enter, const char *exit, int pid)
{
	struct bpf_map *map;
	struct tracepoint_config *config;
	size_t bytes = 0;

	bpf_object__for_each_map(map, object) {
		if (!strstr(bpf_map__name(map), ".rodata"))
			continue;
		config = bpf_map__initial_value(map, &bytes);
		if (!config || bytes != sizeof(*config))
			break;
		config->session.tgid = pid;
		config->session.flags = EMIT_EVENTS | PAIRED;
		config->endless[0] = NO_KEY; /* every call returns */
		config->record_bytes = offset_of(enter, 0);
		config->ret_offset = offset_of(exit, "ret");
		if (printing)
			config->directives[0] = (struct directive){
				.offset = offset_of(enter, "filename"),
				.kind = READ_USER_STRING,
			};
		return;
	}
	fail("no configuration in the object");
}

static unsigned long lost_hits(struct bpf_object *object)
{
	static struct stats stats[MAX_CPUS];
	__u32 zero = 0;
	unsigned long lost = 0;

	if (bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "stats"), &zero, stats))
		fail("read stats");
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		lost += stats[cpu].lost;
	return lost;
}

static void attach(struct bpf_object *object, const char *program, const char *event)
{
	if (!bpf_program__attach_tracepoint(bpf_object__find_program_by_name(object, program), "syscalls", event))
		fail(event);
}

int main(int argc, char **argv)
{
	char enter[128], exit[128];
	struct bpf_object *object;
	struct ring_buffer *ring;

	if (argc < 4)
		return 2;
	printing = !strcmp(argv[1], "print");
	snprintf(enter, sizeof(enter), "sys_enter_%s", argv[3]);
	snprintf(exit, sizeof(exit), "sys_exit_%s", argv[3]);
	signal(SIGINT, end);
	object = bpf_object__open_file(OBJECT, NULL);
	if (!object)
		fail(OBJECT);
	configure(object, enter, exit, atoi(argv[2]));
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "events"), RING_BYTES);
	if (bpf_object__load(object))
		fail("load");
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), on_event, NULL, NULL);
	if (!ring)
		fail("map the ring buffer");
	attach(object, "returned", exit);
	attach(object, "hit", enter);
	fputs("Tracing\n", stderr);
	while (!ended) {
		ring_buffer__consume(ring);
		fflush(stdout);
		usleep(PAUSE_US);
	}
	ring_buffer__consume(ring);
	printf("{\"read\":%lu,\"lost\":%lu}\n", read_hits, lost_hits(object));
	return 0;
}

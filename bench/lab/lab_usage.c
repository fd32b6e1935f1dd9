/* SPDX-License-Identifier: BSD-2-Clause */
/* What a forwarder's processes and threads have used, as /proc tells it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench_clock.h"
#include "bench/lab/lab_inside.h"

/*
 * How it works: the forwarder's processes are those of the box's PID namespace, but for
 * its first. Kernels before 6.4 have vhost-net's threads outside of it, named by their
 * owner's number, which is looked for. What ends between two looks is missing in their
 * difference; a forwarder's threads live as long as it does.
 */
struct look {
	struct lab_usage u;
	int *tid;
	unsigned max;
	int process[256]; /* of the forwarder; to know vhost-net's threads by */
};

static size_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The number behind a name at a line's start in /proc/.../status. */
static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void add_thread(struct look *k, const char *dir, int tid)
{
	char path[96], text[4096];
	uint64_t cpu;

	snprintf(path, sizeof(path), "%s/schedstat", dir);
	if (!read_text(path, text, sizeof(text)))
		return; /* it has just ended */
	cpu = strtoull(text, NULL, 10);
	snprintf(path, sizeof(path), "%s/comm", dir);
	read_text(path, text, sizeof(text));
	if (strncmp(text, "vhost-", 6) == 0)
		k->u.vhost_ns += cpu;
	k->u.cpu_ns += cpu;
	snprintf(path, sizeof(path), "%s/status", dir);
	read_text(path, text, sizeof(text));
	/* the second name ends in the first one */
	k->u.switches += field(text, "\nvoluntary_ctxt_switches:") +
			 field(text, "\nnonvoluntary_ctxt_switches:");
	if (k->tid && k->u.n_threads < k->max)
		k->tid[k->u.n_threads] = tid;
	k->u.n_threads++;
}

static void add_process(struct look *k, int pid)
{
	char path[64], text[4096];
	struct dirent *d;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	read_text(path, text, sizeof(text));
	if (strstr(text, "\nState:\tZ"))
		return;
	k->u.rss_bytes += field(text, "\nVmRSS:") * 1024;
	if (k->u.n_processes < sizeof(k->process) / sizeof(k->process[0]))
		k->process[k->u.n_processes] = pid;
	k->u.n_processes++;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (d = readdir(tasks)))
		if (isdigit((unsigned char)d->d_name[0])) {
			snprintf(path, sizeof(path), "/proc/%d/task/%.20s", pid,
				 d->d_name);
			add_thread(k, path, atoi(d->d_name));
		}
	if (tasks)
		closedir(tasks);
}

/* Is this kernel thread one of vhost-net that works for a process of the forwarder? */
static bool is_vhost_of(const struct look *k, int pid)
{
	char path[64], text[64];
	int owner;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (!read_text(path, text, sizeof(text)) || sscanf(text, "vhost-%d", &owner) != 1)
		return false;
	for (unsigned i = 0; i < k->u.n_processes && i < 256; i++)
		if (k->process[i] == owner)
			return true;
	return false;
}

static ino_t pid_ns(int pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void look(const struct box *b, struct look *k)
{
	ino_t own = b->init > 0 ? pid_ns(b->init) : 0;
	DIR *all = own ? opendir("/proc") : NULL;
	char path[64];
	struct dirent *d;

	while (all && (d = readdir(all))) {
		int pid = atoi(d->d_name);

		if (pid > 0 && pid != b->init && pid_ns(pid) == own)
			add_process(k, pid);
	}
	if (all && k->u.n_processes) {
		rewinddir(all);
		while ((d = readdir(all))) {
			int pid = atoi(d->d_name);

			if (pid <= 0 || pid_ns(pid) == own || !is_vhost_of(k, pid))
				continue;
			snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, pid);
			add_thread(k, path, pid);
		}
	}
	if (all)
		closedir(all);
	k->u.at_ns = bench_clock_ns();
}

int lab_usage(struct lab *l, struct lab_usage *u, struct err *e)
{
	struct look k = {0};

	look(&l->fwd, &k);
	*u = k.u;
	return u->n_processes ? 0
			      : err_set(e, -ENOENT, "%s: it has no process to look at",
					l->spec->name);
}

unsigned lab_usage_processes(struct lab *l)
{
	struct look k = {0};

	look(&l->fwd, &k);
	return k.u.n_processes;
}

unsigned lab_usage_threads(struct lab *l, int *tid, unsigned max)
{
	struct look k = {.tid = tid, .max = max};

	look(&l->fwd, &k);
	return k.u.n_threads;
}

/* Of the children that the first process of a box has reaped: columns 16 and 17 of
 * proc(5). */
static uint64_t ended_ns(const struct box *b)
{
	unsigned long long user, system;
	char path[64], text[1024];
	const char *behind;

	snprintf(path, sizeof(path), "/proc/%d/stat", b->init);
	read_text(path, text, sizeof(text));
	behind = strrchr(text, ')');
	if (!behind || sscanf(behind,
			      ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
			      "%llu %llu",
			      &user, &system) != 2)
		return 0;
	return (user + system) * (uint64_t)(BENCH_CLOCK_S / sysconf(_SC_CLK_TCK));
}

uint64_t lab_usage_jobs_ns(struct lab *l)
{
	struct look k = {0};

	look(&l->traffic, &k);
	return k.u.cpu_ns + (l->traffic.init > 0 ? ended_ns(&l->traffic) : 0);
}

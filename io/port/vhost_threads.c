/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel threads that serve vhost-net fds: finding and placing them. */
#include "io/port/vhost_threads.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/*
 * How it works: vhost-net names its threads vhost-PID after the owner. From 6.4 on
 * they are threads of the owner (and inherit the CPUs of the thread that became
 * it); before, they are kernel threads of their own, seen only in the first PID
 * namespace. There is no call to ask which serve a fd: one looks before and after.
 */

/* Owned by this process, or all processes of this machine? */
static bool are_kernel_threads(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 4));
}

/* Is the thread at dir/tid named name, or, with an empty one, vhost-anything? */
static bool is_one(const char *dir, const char *tid, const char *name)
{
	char path[64], comm[32] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%.20s/comm", dir, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false; /* it has just ended */
	len = read(fd, comm, sizeof(comm) - 1);
	close(fd);
	if (len <= 0)
		return false;
	comm[strcspn(comm, "\n")] = '\0';
	return *name ? strcmp(comm, name) == 0 : strncmp(comm, "vhost-", 6) == 0;
}

static int add(struct vhost_threads *t, pid_t tid)
{
	struct vhost_thread *list = realloc(t->list, (t->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	t->list = list;
	t->list[t->n++] = (struct vhost_thread){.tid = tid, .cpu = -1};
	return 0;
}

static int scan(struct vhost_threads *t, const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int code = 0;

	if (!d)
		return -errno;
	while (!code && (entry = readdir(d)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_one(dir, entry->d_name, name))
			code = add(t, (pid_t)atoi(entry->d_name));
	closedir(d);
	return code;
}

static int by_tid(const void *a, const void *b)
{
	const struct vhost_thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

int vhost_threads_scan(struct vhost_threads *t, struct err *e)
{
	char name[32];
	int code;

	*t = (struct vhost_threads){0};
	code = scan(t, "/proc/self/task", "");
	if (!code && are_kernel_threads()) {
		snprintf(name, sizeof(name), "vhost-%d", (int)getpid());
		code = scan(t, "/proc", name);
	}
	if (code) {
		vhost_threads_fini(t);
		return err_set(e, code, "cannot look for the threads of vhost-net: %s",
			       strerror(-code));
	}
	if (t->n)
		qsort(t->list, t->n, sizeof(*t->list), by_tid);
	return 0;
}

void vhost_threads_fini(struct vhost_threads *t)
{
	free(t->list);
	*t = (struct vhost_threads){0};
}

void vhost_threads_subtract(struct vhost_threads *t, const struct vhost_threads *before)
{
	unsigned kept = 0, j = 0;

	for (unsigned i = 0; i < t->n; i++) {
		while (j < before->n && before->list[j].tid < t->list[i].tid)
			j++;
		if (j == before->n || before->list[j].tid != t->list[i].tid)
			t->list[kept++] = t->list[i];
	}
	t->n = kept;
}

int vhost_threads_pin(struct vhost_threads *t, const cpu_set_t *cpus, struct err *e)
{
	int cpu = -1, code = 0;

	if (CPU_COUNT(cpus) == 0)
		return 0;
	for (unsigned i = 0; i < t->n; i++) {
		cpu_set_t one;

		do {
			cpu = (cpu + 1) % CPU_SETSIZE;
		} while (!CPU_ISSET(cpu, cpus));
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(t->list[i].tid, sizeof(one), &one) == 0)
			t->list[i].cpu = cpu;
		else if (!code)
			code = err_set(
				e, -errno,
				"thread %d of vhost-net cannot be placed on CPU %d: %s%s",
				(int)t->list[i].tid, cpu, strerror(errno),
				errno == EINVAL ? " (is that CPU there, and allowed?)"
						: "");
	}
	return code;
}

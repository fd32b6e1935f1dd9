/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's performance counters on all threads of a forwarder. */
#include "bench/lab/probe_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number of the tracepoint; tracefs may be mounted at either place, or nowhere. */
static int find_tracepoint(uint64_t *id)
{
	static const char *const at[] = {"/sys/kernel/tracing",
					 "/sys/kernel/debug/tracing"};
	char path[128];
	int rc = -EOPNOTSUPP;

	for (unsigned i = 0; i < 2 && rc; i++) {
		unsigned long n;
		FILE *f;

		snprintf(path, sizeof(path), "%s/events/raw_syscalls/sys_enter/id",
			 at[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%lu", &n) == 1) {
			*id = n;
			rc = 0;
		}
		fclose(f);
	}
	return rc;
}

static int fill(struct perf_event_attr *a, enum probe_perf_kind kind)
{
	uint64_t id;

	*a = (struct perf_event_attr){.size = sizeof(*a), .inherit = 1};
	a->type = PERF_TYPE_HARDWARE;
	if (kind == PROBE_PERF_instructions) {
		a->config = PERF_COUNT_HW_INSTRUCTIONS;
	} else if (kind == PROBE_PERF_cycles) {
		a->config = PERF_COUNT_HW_CPU_CYCLES;
	} else {
		if (find_tracepoint(&id) < 0)
			return -EOPNOTSUPP;
		a->type = PERF_TYPE_TRACEPOINT;
		a->config = id;
	}
	return 0;
}

void probe_perf_close(struct probe_perf *p)
{
	for (unsigned i = 0; i < p->n; i++)
		close(p->fd[i]);
	p->n = 0;
}

int probe_perf_open(struct probe_perf *p, struct lab *l, enum probe_perf_kind kind,
		    struct err *e)
{
	static const char *const what[] = {"instructions", "cycles", "system calls"};
	int tid[PROBE_PERF_THREADS_MAX];
	unsigned n = lab_usage_threads(l, tid, PROBE_PERF_THREADS_MAX);
	struct perf_event_attr a;
	int rc = fill(&a, kind);

	p->n = 0;
	if (n > PROBE_PERF_THREADS_MAX)
		rc = -E2BIG;
	for (unsigned i = 0; i < n && !rc; i++) {
		int fd = (int)syscall(SYS_perf_event_open, &a, tid[i], -1, -1,
				      PERF_FLAG_FD_CLOEXEC);

		if (fd >= 0)
			p->fd[p->n++] = fd;
		else if (errno != ESRCH) /* it has just ended */
			rc = -errno;
	}
	if (!rc && !p->n)
		rc = -ENOENT;
	if (rc < 0) {
		probe_perf_close(p);
		return err_set(e, rc, "%s cannot be counted here: %s", what[kind],
			       rc == -ENOENT ? "there is no such counter"
					     : strerror(-rc));
	}
	return 0;
}

uint64_t probe_perf_read(const struct probe_perf *p)
{
	uint64_t sum = 0, v;

	for (unsigned i = 0; i < p->n; i++)
		if (read(p->fd[i], &v, sizeof(v)) == (ssize_t)sizeof(v))
			sum += v;
	return sum;
}

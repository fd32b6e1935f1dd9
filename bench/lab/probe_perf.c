/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's performance counters on all threads of a forwarder. */
#include "bench/lab/probe_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number of the tracepoint; no tracefs of the machine's own is needed for it. */
static int find_tracepoint(const struct lab *l, uint64_t *id)
{
	char text[32], *end;

	lab_tail(l, "trace/events/raw_syscalls/sys_enter/id", text, sizeof(text));
	*id = strtoull(text, &end, 10);
	return end == text ? -EOPNOTSUPP : 0;
}

static int fill(struct perf_event_attr *a, const struct lab *l, enum probe_perf_kind kind)
{
	uint64_t id;

	*a = (struct perf_event_attr){.size = sizeof(*a), .inherit = 1};
	a->type = PERF_TYPE_HARDWARE;
	if (kind == PROBE_PERF_instructions) {
		a->config = PERF_COUNT_HW_INSTRUCTIONS;
	} else if (kind == PROBE_PERF_cycles) {
		a->config = PERF_COUNT_HW_CPU_CYCLES;
	} else {
		if (find_tracepoint(l, &id) < 0)
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
	int rc = fill(&a, l, kind);

	p->n = 0;
	if (!n)
		return err_set(e, -ENOENT,
			       "the forwarder has no process in which to count %s",
			       what[kind]);
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

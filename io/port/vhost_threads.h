/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel threads that serve vhost-net fds: finding and placing them. */
#ifndef IO_PORT_VHOST_THREADS_H
#define IO_PORT_VHOST_THREADS_H

#include <sched.h>
#include <sys/types.h>

#include "core/err.h"

/* One of them; cpu -1 = not placed by us. */
struct vhost_thread {
	pid_t tid;
	int cpu;
};

struct vhost_threads {
	struct vhost_thread *list; /* ascending in tid; NULL = none */
	unsigned n;
};

/*
 * All threads that serve vhost-net fds of this process, now. 0, or a negative
 * errno with *t empty. vhost_threads_fini() frees it.
 */
int vhost_threads_scan(struct vhost_threads *t, struct err *e);
void vhost_threads_fini(struct vhost_threads *t);

/* Take those out of t that are in before too. */
void vhost_threads_subtract(struct vhost_threads *t, const struct vhost_threads *before);

/* Place each on one of the CPUs, in turn. Goes on after a failure, tells the first. */
int vhost_threads_pin(struct vhost_threads *t, const cpu_set_t *cpus, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* struct stay: keeps a busy worker on the CPU where it is. */
#ifndef IO_LOOP_STAY_H
#define IO_LOOP_STAY_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How it works: a worker sleeps and wakes thousands of times a second, and each
 * wake-up lets the scheduler move it towards its waker, away from its cache and
 * onto a CPU where a program is in the middle of its work (measured with iperf3
 * on two CPUs: 0.92 of the throughput of one that stays). So a worker with
 * traffic stays where it is, and is let go for one window each second: a CPU
 * that has become crowded is left then. One without traffic is free.
 */
enum {
	STAY_RATE = 4000,   /* packets per second from which a worker is busy */
	STAY_WINDOWS = 125, /* windows between two chances to move */
};

struct stay {
	cpu_set_t home; /* where the thread may run */
	bool is_active; /* there is something to choose, and the choice is ours */
	bool is_bound;
	unsigned n_windows; /* since it was bound */
};

/* For the calling thread. is_pinned: a person has chosen its CPU, leave it alone. */
void stay_init(struct stay *s, bool is_pinned);

/* A window of the calling thread is over; rate: its packets per second. */
void stay_window(struct stay *s, uint32_t rate);

#endif

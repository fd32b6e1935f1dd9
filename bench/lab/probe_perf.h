/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_perf: the kernel's performance counters on all threads of a forwarder. */
#ifndef BENCH_LAB_PROBE_PERF_H
#define BENCH_LAB_PROBE_PERF_H

#include <stdint.h>

#include "bench/lab/lab.h"

enum probe_perf_kind {
	PROBE_PERF_instructions,
	PROBE_PERF_cycles,
	PROBE_PERF_calls, /* system calls entered */
	PROBE_PERF_N_KINDS,
};

enum { PROBE_PERF_THREADS_MAX = 256 };

struct probe_perf {
	int fd[PROBE_PERF_THREADS_MAX];
	unsigned n;
};

/* Count from now on, in every thread there is and those that these start. 0, or a
 * negative errno where this machine has no such counter or does not permit it. */
int probe_perf_open(struct probe_perf *p, struct lab *l, enum probe_perf_kind kind,
		    struct err *e);
/* The sum so far. */
uint64_t probe_perf_read(const struct probe_perf *p);
void probe_perf_close(struct probe_perf *p);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Time in nanoseconds, for the bench programs. */
#ifndef BENCH_BENCH_CLOCK_H
#define BENCH_BENCH_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

enum { BENCH_CLOCK_S = 1000000000 };

static inline uint64_t bench_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * BENCH_CLOCK_S + (uint64_t)t.tv_nsec;
}

static inline void bench_clock_sleep_until(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / BENCH_CLOCK_S),
			     .tv_nsec = (long)(ns % BENCH_CLOCK_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

#endif

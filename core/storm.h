/* SPDX-License-Identifier: BSD-2-Clause */
/* struct storm: how many packets and bytes per second are let through. */
#ifndef CORE_STORM_H
#define CORE_STORM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How it works: a token bucket, kept as the time at which it will be full again
 * (ITU-T I.371, the generic cell rate algorithm): one word, so that several workers
 * share it by compare and swap. What comes while that time is not more than the burst
 * ahead of now is let through and moves it on by what it costs. So the first frame
 * after a pause always passes, however long it is, and in the long run not more than
 * the rate does. Nothing else is ordered by it: relaxed accesses suffice.
 *
 * Time is counted in 1/16 ns: 36 years of a monotonic clock.
 */
struct storm {
	uint64_t packets, bytes; /* per second, 1 to 10^12; 0 = any number; fixed */
	uint64_t burst_ns;	 /* how much of the rate may come at once; fixed */
	uint64_t packets_full_at, bytes_full_at; /* atomic */
};

/* A full bucket: burst_ms of the rates may come at once. */
void storm_init(struct storm *s, uint64_t packets, uint64_t bytes, uint32_t burst_ms);

/* May so many packets (1 to 65,535) of so many bytes in all (up to 2^24) pass now? */
bool storm_take(struct storm *s, uint32_t packets, uint32_t bytes, uint64_t now_ns);

static inline bool storm_is_limited(const struct storm *s)
{
	return s->packets || s->bytes;
}

#endif

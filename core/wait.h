/* SPDX-License-Identifier: BSD-2-Clause */
/* struct wait: how a worker waits for its next packets. */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/forward.h"

/*
 * How it works: three ways to wait, each best for one kind of traffic.
 *
 *	block	sleep until a packet comes: idle and slow traffic, bulk transfer
 *	spin	look for a while before sleeping: one side answers the other,
 *		packet for packet, and each sleep would be paid in the round trip
 *	batch	sleep until several packets are there or a short time has
 *		passed: a steady stream, if that saves CPU here
 *
 * Request and response show in the queues taking turns with small bursts; that
 * is counted in `score`. A spin that ends without a packet costs score, so
 * that a dialogue slower than the spin stops to burn the CPU.
 *
 * A steady stream shows in its rate. Whether batching pays, and with which time,
 * depends on what a timer and a wake-up cost on this machine and on how bunched
 * the packets come (measured: 0.4 to 1.5 times the CPU of blocking), so it is
 * measured: each window of a stream gives the CPU time per packet of the time in
 * use; now and then each of the times gets a window. Then the shortest one that
 * saves a quarter is used, else the best one if it saves a tenth, else none: a
 * batch delays its packets. A time that lowers the rate itself is never used:
 * many dialogues at once look like a stream, but wait for their answers. At most
 *WAIT_BATCH_MAX packets are let come, so that no TAP ring overflows. Times are
 *nanoseconds, given by the caller.
 */
enum wait_mode { WAIT_block, WAIT_batch, WAIT_spin };

enum {
	WAIT_AUTO_SPIN_US = 50,	 /* how long "auto" spins */
	WAIT_BATCH_PACKETS = 16, /* end a batch before its time */
	WAIT_BATCH_MAX = 32,
	WAIT_TIMES = 4, /* 0 = block, 50, 100, 200 us */
};

struct wait {
	int busy_poll;	/* us; 0 = never, -1 = auto */
	bool can_batch; /* the wait can be told to; may change at any time */
	int score;
	const struct queue *last; /* that packets came from */
	/* the window being measured */
	uint64_t window_start, window_cpu;
	uint64_t window_packets, window_bytes;
	/* what the last ones said */
	bool is_stream;
	uint32_t rate;		   /* packets per second */
	unsigned time;		   /* in use: 0 to WAIT_TIMES - 1 */
	uint32_t cost[WAIT_TIMES]; /* CPU ns per packet of each */
	uint32_t rate_at[WAIT_TIMES];
	unsigned n_untried;   /* times that this trial has still to measure */
	unsigned since_trial; /* windows */
};

/* busy_poll: microseconds, 0 = never spin, -1 = where it pays. */
void wait_init(struct wait *w, int busy_poll, bool can_batch);

/* A turn has moved packets. */
void wait_note(struct wait *w, const struct forward_turn *turn);

/* Is the window over? Then wait_measure is to be called. */
bool wait_is_due(const struct wait *w, uint64_t now);

/* End the window: now of CLOCK_MONOTONIC, cpu of the thread's own CPU time. */
void wait_measure(struct wait *w, uint64_t now, uint64_t cpu);

/* A spin ended without a packet. */
void wait_spun_out(struct wait *w);

/* How to wait now. */
enum wait_mode wait_mode(const struct wait *w);

/* How long to spin, or to batch. */
uint64_t wait_ns(const struct wait *w, enum wait_mode mode);

#endif

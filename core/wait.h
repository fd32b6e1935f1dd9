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
 *		passed: a steady stream, where sleeps cost CPU and buy nothing
 *
 * Request and response show in the queues taking turns with small bursts; that
 * is counted in `score`. A spin that ends without a packet costs score, so
 * that a dialogue slower than the spin stops to burn the CPU. A steady stream
 * shows in its rate. Time is given by the caller (CLOCK_MONOTONIC, ns).
 */
enum wait_mode { WAIT_block, WAIT_spin, WAIT_batch };

enum {
	WAIT_AUTO_SPIN_US = 50, /* how long "auto" spins */
	WAIT_BATCH_PACKETS = 16,
	WAIT_BATCH_US = 50,
};

struct wait {
	int busy_poll; /* us; 0 = never, -1 = auto */
	int score;
	const struct queue *last;
	uint64_t window_start;
	uint64_t window_packets, window_bytes;
	uint32_t rate_kpps; /* of the last whole window */
	uint32_t mean_len;
};

void wait_init(struct wait *w, int busy_poll, uint64_t now);

/* A turn has moved packets. */
void wait_note(struct wait *w, const struct forward_turn *turn, uint64_t now);

/* A spin ended without a packet. */
void wait_spun_out(struct wait *w);

/* How to wait now. */
enum wait_mode wait_mode(const struct wait *w);

/* How long to spin, in nanoseconds. */
uint64_t wait_spin_ns(const struct wait *w);

#endif

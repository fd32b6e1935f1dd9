/* SPDX-License-Identifier: BSD-2-Clause */
/* The turn of a worker: every ready queue's burst goes its way. */
#ifndef CORE_FORWARD_H
#define CORE_FORWARD_H

#include "core/queue.h"

/* The queues that have packets for the coming turn, in the order they came. */
struct forward {
	struct queue *first, *last;
	uint64_t now_ns; /* CLOCK_MONOTONIC at this turn; looked at only for bridges */
};

/* Note that q has packets; once is enough, more do no harm. */
void forward_ready(struct forward *f, struct queue *q);

struct forward_turn {
	unsigned packets;
	const struct queue *only; /* the one queue they came from, or NULL: several */
	uint64_t bytes;
};

/*
 * Take what has come from each ready queue (one burst, or more if it says so),
 * decide, and send. A queue that is made ready meanwhile waits for the next turn.
 */
struct forward_turn forward_turn(struct forward *f);

#endif

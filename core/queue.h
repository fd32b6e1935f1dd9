/* SPDX-License-Identifier: BSD-2-Clause */
/* struct queue: one worker's view of one queue of a port, and its verbs. */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/pkt.h"
#include "core/pool.h"

/*
 * How it works: a queue of a port is received from by one worker and may be
 * sent to by many. So each worker has a view of its own for every queue it
 * touches, with its own counters; nothing in it is shared. ops say how the
 * frames come and go and are chosen at set-up.
 */
struct queue;
struct bridge_worker;

struct queue_ops {
	/* Fill the empty burst with what has come: at most BURST_MAX packets. */
	void (*rx)(struct queue *q, struct burst *b);
	/*
	 * Take every packet of the burst: hand it to the kernel, or drop it with a
	 * counted reason. The buffers go home when the kernel is done with them.
	 */
	void (*tx)(struct queue *q, const struct burst *b);
	/*
	 * Bring home what buffers of earlier tx can come home now: segmentation has
	 * used up the pool. NULL = none can, or all have.
	 */
	void (*reclaim)(struct queue *q);
};

struct queue {
	const struct queue_ops *ops;
	struct queue *next_ready; /* the worker's list of queues with packets */
	bool is_ready;
	bool has_more; /* rx filled the burst and has more: ask again in this turn */
	unsigned caps; /* what the output takes undone: OFFLOAD_* of core/offload.h */
	/* the bridge that frames from here go through, as those of its port number
	 * bridge_port; NULL = none, they go to out */
	struct bridge_worker *bridge;
	unsigned bridge_port;
	/* where frames from here go: n_out queues of the connected port */
	struct queue *const *out;
	unsigned n_out; /* 0 = connected to nothing */
	uint64_t flow_seed;
	uint16_t port_idx, queue_idx;
	struct counters count;
};

static inline void queue_drop(struct queue *q, struct pkt *p, enum drop why)
{
	counter_add(&q->count.drops[why], 1);
	pool_put(p);
}

/* Receive a burst; every frame counts as received, whatever becomes of it. */
void queue_rx(struct queue *q, struct burst *b);

/*
 * Send a burst. Owns every packet of it from here on: sent, or dropped by name. What
 * the output does not take undone is segmented and has its checksum finished first;
 * the buffers for it come from the pool of the packet.
 */
void queue_tx(struct queue *q, struct burst *b);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* struct vq: the two virtqueues of a TAP queue that vhost-net serves. */
#ifndef IO_LOOP_VQ_H
#define IO_LOOP_VQ_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/queue.h"
#include "core/vring.h"
#include "io/loop/engine.h"
#include "io/loop/tapq.h"
#include "vhost/vhost.h"

struct worker;

/*
 * How it works: a vq belongs to the worker that receives from the queue, which
 * alone touches its rings; the control thread makes it (vq_open) and says by
 * `wish` whether it is to be used. The memory table that vhost-net gets holds the
 * worker's buffers and the rings, so that a packet is never copied by us: a
 * buffer that one device filled is lent to the next one as it is.
 *
 * While packets come the worker looks at the rings of its hot vqs each turn and
 * asks for no calls. Before it sleeps it asks each for one (vq_cool) and looks
 * again. What a turn added is published once, and the kick travels as one more
 * SQE of the enter that ends the turn.
 */
enum {
	VQ_NUM = 256,	  /* entries of each ring */
	VQ_RX_MAX = 128,  /* buffers lent for receiving, at most */
	VQ_RX_MIN = 8,	  /* ... when there are very many queues */
	VQ_RX_LARGE = 16, /* ... while super-packets come */
	VQ_RX_LEN = PKT_VNET_LEN + PKT_FRAME_MAX, /* bytes of each */
	VQ_BUFS_SUM = 32768, /* buffers of all vqs of a worker, while each has the minimum
			      */
};

enum vq_state {
	VQ_off,	     /* the TAP fd serves the queue */
	VQ_pausing,  /* it is about to stop doing so: what it has read goes first */
	VQ_on,	     /* vhost-net serves it */
	VQ_draining, /* stopped; what it has brought is forwarded before the TAP fd is
			read */
};

struct vq {
	struct tapq *t;
	struct vhost *vhost; /* the port's */
	struct vring rx, tx;
	enum vq_state state; /* changed by vq_set_state, as the control thread reads it */
	bool is_hot;	     /* in the worker's list */
	bool is_last;	     /* it has had its share: it comes after those that wait */
	unsigned n_taken;    /* packets of its share, see vq_room.h */
	struct vq *next_hot;
	unsigned rx_max, rx_depth; /* buffers to lend: at most, and now */
	bool is_starved;	   /* fewer are lent, as the pool was empty */
	unsigned watched;	   /* bit n: this fd is polled, see vq_events.c */
	unsigned n_watch_failures; /* polls that failed, in a row */
	unsigned runaway;	   /* bit r: ring r cannot be stopped, see vq_stop.h */
	uint64_t drain_until;	   /* draining obeys back-pressure until then */
	bool is_hurried;	   /* that time is over */
	/* set by others: use it or not; taken by the worker when it is woken */
	bool wish, has_wish;
	bool must_start; /* vhost=on: a start that fails ends the run */
	/* health, see vq_health.c */
	unsigned trouble;     /* bit r: the error eventfd of ring r has fired */
	uint16_t tx_progress; /* the used index when it last moved */
	uint64_t tx_since;    /* and when that was; 0 = nothing is out */
	uint64_t short_since; /* the kernel has no memory to send with, which was told; or
			       * 0
			       */
	unsigned n_short;     /* how often in a row that was seen */
	const char *rx_why;   /* what the receive ring is healed of; NULL = nothing */
	uint16_t rx_progress; /* the used index when it last moved */
	uint64_t rx_since;    /* and when that was seen; 0 = not yet */
	uint64_t rebuilt_at[2]; /* the last two times */
	/* the last trouble, for the control thread; under the lock */
	pthread_mutex_t lock;
	struct err error;
	enum engine_trouble trouble_kind;
	/* memory */
	void *mem; /* the rings, shared with the device */
	size_t mem_len;
	void *slots;
	struct pkt *again[VQ_NUM]; /* to be sent again after a stop */
	unsigned n_again;
};

/* How many buffers a worker needs for n vqs, and how many each may lend for receiving. */
unsigned vq_n_bufs(unsigned n, unsigned *rx_max);

/*
 * Make the rings and bind them to the vhost-net fd, which stays the port's. The
 * worker of view t has its pool; it need not run. 0 or a negative errno, *vq NULL.
 */
int vq_open(struct vq **vq, struct tapq *t, struct vhost *vhost, unsigned rx_max,
	    struct err *e);

/*
 * Stop, if it runs, and free. NULL is accepted. The vhost-net fd stays open. 0, or
 * -EBUSY: it could not be stopped, so that the pool must stay mapped (vq_stop.h).
 */
int vq_close(struct vq **vq);

/* In the worker's thread. */
static inline void vq_set_state(struct vq *vq, enum vq_state state)
{
	__atomic_store_n(&vq->state, state, __ATOMIC_RELAXED);
}

/* In the worker's thread: run both rings; the TAP fd is no longer read. */
int vq_start(struct vq *vq, struct err *e);

/* In the worker's thread: buffers lent for receiving go home; the ring is stopped and
 * dry. */
void vq_empty_rx(struct vq *vq);

/* End of a turn: take back what was sent, lend buffers, publish, kick. */
void vq_arm(struct vq *vq);

/* Take back what was sent. */
void vq_reclaim(struct vq *vq);

/* Packets come: look at it each turn. */
void vq_heat(struct vq *vq);

/* Which of the worker's hot vqs have packets: they are ready for this turn. */
void vq_poll(struct worker *w);

/* Has any of them? A pure look, for spinning; arg is the worker. */
bool vq_has_packets(const void *arg);

/*
 * The worker is about to sleep: ask each hot vq for a call after `ahead` packets,
 * or, where they wait for room in their output, for one when there is some. Returns
 * how many have packets meanwhile (they are ready now): sleep only if none has.
 */
unsigned vq_cool(struct worker *w, unsigned ahead);

/* queue_ops */
void vq_rx(struct queue *q, struct burst *b);
void vq_tx(struct queue *q, const struct burst *b);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* struct worker: one thread with one loop, its queue views and its pool. */
#ifndef IO_LOOP_WORKER_H
#define IO_LOOP_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/forward.h"
#include "core/pool.h"
#include "core/wait.h"
#include "io/loop/loop.h"
#include "io/loop/stay.h"
#include "io/loop/tapq.h"

enum {
	WORKER_RX_BUFS_MIN = 16,   /* of each of many queues */
	WORKER_RX_BUFS_SUM = 2048, /* of all queues, while each has the minimum */
	WORKER_IOVECS = 1024,
	WORKER_SPARE_BUFS = 8 * BURST_MAX, /* for copies, of a worker with a bridge */
};

/*
 * How it works: everything here belongs to the worker's own thread while it
 * runs, except the counters (others read them) and stop (others set it, then
 * write to loop.wake_fd). pool: n_rx * depth buffers lie in the provided-buffer
 * rings or wait there; a turn holds what it received until the enter that hands
 * its writes over.
 */
struct worker {
	unsigned idx;
	int cpu; /* -1 = anywhere */
	pthread_t thread;
	bool has_thread;
	struct loop loop;
	struct forward forward;
	struct wait wait;
	struct stay stay;
	struct pool pool;
	unsigned
		n_spare; /* buffers for copies; set between worker_init and worker_open */
	bool has_bridge; /* forwarding needs the time */
	unsigned depth;	 /* buffers that a receive queue may have with the kernel */
	void *pool_mem;
	size_t pool_len;
	struct tapq *views; /* one for each queue of each port */
	unsigned n_views, n_rx;
	/* packets named by SQEs of this turn; home when those are handed over */
	struct pkt **held;
	unsigned n_held;
	unsigned n_failed; /* writes of which only the failure completes, this reap */
	unsigned n_writes; /* writes whose completion is awaited (form D) */
	unsigned n_fresh;  /* of these: made by this turn */
	struct iovec *iov; /* for packets of several buffers, until handed over */
	unsigned n_iov;
	struct tapq *dirty; /* views to arm at the end of the turn */
	/* the queues that vhost-net serves or may serve, see worker_vq.c */
	struct vq **vqs; /* room for n_rx */
	unsigned n_vqs, n_vqs_on, n_moving;
	bool is_changed;  /* one has begun to move, or has come to where it went */
	bool is_starved;  /* one found no buffer to lend */
	bool has_left;	  /* one has packets left over from this turn */
	struct vq *hot;	  /* those whose rings are looked at each turn */
	uint64_t look_at; /* when their health is looked at next */
	bool has_wish;	  /* set by others, then wake_fd is written to */
	/* how many vqs there is room for, and what each may lend for receiving; 0: the
	 * worker receives from too many queues for any */
	unsigned vq_room, vq_rx_max;
	bool stop;
	bool stopping; /* this thread has seen it: nothing is armed any more */
	uint64_t turns, packets;
};

/* Nothing open, no memory. */
void worker_init(struct worker *w, unsigned idx, int cpu);

/*
 * Get memory and the wake-up eventfd. populate: the buffers are resident from
 * the start, so that nothing grows under load; those for vhost-net (of n_vqs of
 * the queues, or of none if worker_has_room says no) are not before they are used. views:
 * w->views is filled by the caller between this and worker_start, then w->n_rx. 0 or a
 * negative errno.
 */
int worker_open(struct worker *w, unsigned n_views, unsigned n_rx, unsigned n_vqs,
		bool populate, struct err *e);

/* Can a worker that receives from n_rx queues have n_vqs vqs? */
bool worker_has_room(unsigned n_rx, unsigned n_vqs);

/* How many buffers a worker with n_rx receive queues gets. */
unsigned worker_n_bufs(unsigned n_rx);

/*
 * Make the loop in the calling thread, the worker's own: form is what was
 * probed; E, or a view that is served by epoll, makes the epoll set.
 */
int worker_attach(struct worker *w, enum loop_form form, struct err *e);

/*
 * The end of it, in the same thread, the ring's only one. The ring itself ends
 * later, in the kernel's own time; a TAP must not stay for as long.
 */
void worker_detach(struct worker *w);

/* t has to be looked at when the turn ends: buffers to publish, a read to arm. */
static inline void worker_dirty(struct worker *w, struct tapq *t)
{
	if (t->is_dirty)
		return;
	t->is_dirty = true;
	t->next_dirty = w->dirty;
	w->dirty = t;
}

/*
 * Held packets go home. The SQEs that name them are handed over, or go before any
 * read that may follow and nobody writes to the packets before.
 */
void worker_release(struct worker *w);

/* Forward until stop, then drain what waits and give everything back. */
void worker_run(struct worker *w);

/* Make it look at the wishes of its vqs; from any thread. */
void worker_wish(struct worker *w);

/* Make worker_run end; from any thread. */
void worker_stop(struct worker *w);

/* Free all; the thread is joined or was never there. May run twice. */
void worker_close(struct worker *w);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's turn, and its end. */
#include "io/loop/worker.h"

#include <errno.h>
#include <unistd.h>

#include "io/loop/tapq_rx.h"
#include "io/loop/vq_switch.h"
#include "io/loop/worker_vq.h"

enum { DRAIN_MS = 500, FAILED_MANY = 16 };

static void arm_fd(struct worker *w, int fd, enum loop_kind kind)
{
	struct io_uring_sqe *sqe = loop_sqe(&w->loop);

	io_uring_prep_poll_add(sqe, fd, EPOLLIN);
	sqe->user_data = loop_tag(kind, 0, 0);
}

static void see_stop(struct worker *w)
{
	if (__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) /* pairs with worker_stop */
		w->stopping = true;
}

static void see_wake(struct worker *w)
{
	uint64_t n;

	see_stop(w);
	/* emptied, or it would wake us for ever; a worker that stops need not be woken */
	if (!w->stopping && read(w->loop.wake_fd, &n, sizeof(n)) < 0)
		see_stop(w);
	/* acquire: pairs with worker_wish */
	if (__atomic_exchange_n(&w->has_wish, false, __ATOMIC_ACQUIRE) && !w->stopping)
		worker_vq_take_wishes(w);
}

static void write_done(struct worker *w, const struct io_uring_cqe *cqe)
{
	struct tapq *t = &w->views[loop_tag_view(cqe->user_data)];
	struct pkt *p = &w->pool.pkts[loop_tag_arg(cqe->user_data)];

	w->n_writes--;
	if (cqe->res < 0)
		tapq_tx_failed(t, pkt_frame_len(p), cqe->res);
	pool_put(p);
}

static void take_events(struct worker *w)
{
	for (int i = 0; i < w->loop.n_events; i++) {
		uint64_t tag = w->loop.events[i].data.u64;

		switch (loop_tag_kind(tag)) {
		case LOOP_wake:
			see_wake(w);
			break;
		case LOOP_vq_call:
		case LOOP_vq_err:
		case LOOP_vq_tap:
			worker_vq_event(w, tag, 0, true);
			break;
		default:
			tapq_rx_event(&w->views[loop_tag_view(tag)]);
			break;
		}
	}
	w->loop.n_events = 0;
}

static void take_cqe(struct worker *w, const struct io_uring_cqe *cqe)
{
	uint64_t tag = cqe->user_data;

	switch (loop_tag_kind(tag)) {
	case LOOP_read_mshot:
	case LOOP_read:
	case LOOP_poll:
		tapq_rx_cqe(&w->views[loop_tag_view(tag)], cqe);
		break;
	case LOOP_write:
		w->n_failed++;
		tapq_tx_failed(&w->views[loop_tag_view(tag)], loop_tag_arg(tag),
			       cqe->res);
		break;
	case LOOP_write_cqe:
		write_done(w, cqe);
		break;
	case LOOP_vq_call:
	case LOOP_vq_err:
	case LOOP_vq_tap:
		worker_vq_event(w, tag, cqe->res, cqe->flags & IORING_CQE_F_MORE);
		break;
	case LOOP_wake:
		see_wake(w);
		if (!w->stopping)
			arm_fd(w, w->loop.wake_fd, LOOP_wake);
		break;
	case LOOP_epoll:
		w->loop.epoll_armed = false;
		loop_poll_set(&w->loop, 0);
		take_events(w);
		break;
	case LOOP_ignore:
		break;
	}
}

/* What the kernel has completed, to its queue views, in the order it came. */
static void reap(struct worker *w)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;

	take_events(w);
	if (!w->loop.has_ring)
		return;
	io_uring_for_each_cqe(&w->loop.ring, head, cqe)
	{
		take_cqe(w, cqe);
		n++;
	}
	io_uring_cq_advance(&w->loop.ring, n);
}

static void arm(struct worker *w)
{
	struct tapq *t = w->dirty, *next;

	w->dirty = NULL;
	for (; t; t = next) {
		next = t->next_dirty;
		t->is_dirty = false;
		tapq_rx_arm(t);
	}
	if (w->loop.has_ring && w->loop.epfd >= 0 && !w->loop.epoll_armed &&
	    !w->stopping) {
		arm_fd(w, w->loop.epfd, LOOP_epoll);
		w->loop.epoll_armed = true;
	}
}

static void note(struct worker *w, const struct forward_turn *done)
{
	uint64_t now = loop_now();

	counter_add(&w->packets, done->packets);
	wait_note(&w->wait, done);
	if (!wait_is_due(&w->wait, now))
		return;
	wait_measure(&w->wait, now, loop_cpu_time());
	stay_window(&w->stay, w->wait.rate);
}

/*
 * The kernel completes failed requests at most 20 at a time (6.14 and newer):
 * those of a burst towards a device that is down would pile up.
 */
static void catch_up(struct worker *w)
{
	while (w->n_failed >= FAILED_MANY) {
		w->n_failed = 0;
		loop_peek(&w->loop);
		reap(w);
	}
	w->n_failed = 0;
}

/* Hand over what the turn made, and wait for more, in the way that pays. */
static void end_turn(struct worker *w, bool was_empty)
{
	enum wait_mode mode = wait_mode(&w->wait);
	struct loop_sleep how = {.want = 1};
	/* writes of form D complete in the enter that hands them over, all but those that
	 * a kernel puts off: these are waited for as everything else is */
	bool has_work = w->n_fresh || w->forward.first || w->has_left || w->stopping ||
			worker_vq_can_step(w);

	w->n_fresh = 0;
	if (has_work) {
		loop_peek(&w->loop);
		return;
	}
	if (mode == WAIT_spin) {
		if (loop_spin(&w->loop, wait_ns(&w->wait, mode)))
			return;
		wait_spun_out(&w->wait);
	} else if (mode == WAIT_batch) {
		how.batch_ns = wait_ns(&w->wait, mode);
	}
	if (w->n_vqs && !worker_vq_can_sleep(w, was_empty, &how))
		loop_peek(&w->loop);
	else
		loop_sleep(&w->loop, &how);
}

/* One turn: reap, forward, arm, and one enter that hands all over and waits. */
static void turn(struct worker *w)
{
	struct forward_turn done;

	reap(w);
	catch_up(w);
	if (w->n_vqs)
		worker_vq_begin(w);
	if (w->has_bridge && w->forward.first)
		w->forward.now_ns = loop_now();
	done = forward_turn(&w->forward);
	counter_add(&w->turns, 1);
	if (done.packets)
		note(w, &done);
	/* before held packets are free: the device would fill what is still to be written
	 */
	if (w->n_vqs)
		worker_vq_arm(w);
	worker_release(w);
	arm(w);
	if (loop_is_broken(&w->loop))
		see_stop(w);
	end_turn(w, !done.packets);
}

static bool is_pending(const struct worker *w)
{
	for (unsigned i = 0; i < w->n_views; i++) {
		if (tapq_rx_is_pending(&w->views[i]))
			return true;
	}
	return w->n_writes || w->forward.first || w->n_moving;
}

/*
 * Take every read and poll back; what they bring on the way is forwarded. A
 * write that a kernel has put off may never complete: the ring's end ends it.
 */
static void disarm(struct worker *w)
{
	uint64_t end;

	for (unsigned i = 0; i < w->n_vqs; i++)
		vq_switch_to(w->vqs[i], false);
	/* only now: a ring may take long to stop, and what it has brought is forwarded */
	end = loop_now() + DRAIN_MS * 1000000ull;
	for (unsigned i = 0; i < w->n_views && w->loop.has_ring; i++)
		tapq_rx_cancel(&w->views[i]);
	while (is_pending(w) && loop_now() < end)
		turn(w);
	for (unsigned i = 0; i < w->n_views; i++)
		tapq_rx_close(&w->views[i]);
	/* what the kernel may still read or write, or a ring has brought, stays out */
	if (!w->n_writes && !w->n_moving && !worker_vq_has_runaway(w))
		pool_init(&w->pool, w->pool_mem, w->pool.n);
}

/* Forward what waits in the TAP rings, for a bounded time: others may go on sending. */
static void drain(struct worker *w)
{
	uint64_t end = loop_now() + DRAIN_MS * 1000000ull, before;

	do {
		before = w->packets;
		for (unsigned i = 0; i < w->n_views; i++) {
			if (w->views[i].rx != TAPQ_RX_off)
				forward_ready(&w->forward, &w->views[i].q);
		}
		turn(w);
	} while (w->packets != before && loop_now() < end);
	for (unsigned i = 0; i < w->n_views; i++)
		w->views[i].gone = true; /* no further reading */
	end = loop_now() + DRAIN_MS * 1000000ull;
	do
		turn(w); /* once at least: failed writes have completed by now */
	while ((w->forward.first || w->n_writes) && loop_now() < end);
}

void worker_run(struct worker *w)
{
	for (unsigned i = 0; i < w->n_views; i++) {
		if (w->views[i].rx != TAPQ_RX_off)
			worker_dirty(w, &w->views[i]);
	}
	if (w->loop.has_ring)
		arm_fd(w, w->loop.wake_fd, LOOP_wake);
	while (!w->stopping)
		turn(w);
	disarm(w);
	drain(w);
	worker_detach(w);
}

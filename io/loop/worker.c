/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's turn, its start and its end. */
#include "io/loop/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/loop/tapq_rx.h"

enum { DRAIN_MS = 500, FAILED_MANY = 16 };

void worker_init(struct worker *w, unsigned idx, int cpu)
{
	*w = (struct worker){.idx = idx, .cpu = cpu};
	loop_init(&w->loop);
	w->loop.stop = &w->stop;
}

static unsigned depth_of(unsigned n_rx)
{
	unsigned depth = WORKER_RX_BUFS;

	while (depth > WORKER_RX_BUFS_MIN && depth * n_rx > WORKER_RX_BUFS_SUM)
		depth /= 2;
	return depth;
}

unsigned worker_n_bufs(unsigned n_rx)
{
	return n_rx * depth_of(n_rx) + BURST_MAX;
}

static int open_pool(struct worker *w, unsigned n, bool populate, struct err *e)
{
	w->pool_len = pool_mem_len(n);
	w->pool_mem = mmap(NULL, w->pool_len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				   (populate ? MAP_POPULATE : 0),
			   -1, 0);
	if (w->pool_mem == MAP_FAILED) {
		w->pool_mem = NULL;
		return err_set(e, -errno, "no memory for %u packet buffers (%zu MiB): %s",
			       n, w->pool_len >> 20, strerror(errno));
	}
	pool_init(&w->pool, w->pool_mem, n);
	return 0;
}

int worker_open(struct worker *w, unsigned n_views, unsigned n_rx, bool populate,
		struct err *e)
{
	unsigned n_bufs = worker_n_bufs(n_rx);

	if (n_bufs > POOL_BUFS_MAX)
		return err_set(e, -E2BIG,
			       "worker %u would receive from %u queues, at most %u are "
			       "possible; use more workers (--workers)",
			       w->idx, n_rx,
			       (POOL_BUFS_MAX - BURST_MAX) / WORKER_RX_BUFS_MIN);
	w->n_views = n_views;
	w->n_rx = n_rx;
	w->depth = depth_of(n_rx);
	w->views = aligned_alloc(64, (n_views * sizeof(*w->views) + 63) / 64 * 64);
	w->held = calloc(n_bufs, sizeof(struct pkt *));
	w->iov = calloc(WORKER_IOVECS, sizeof(*w->iov));
	if (!w->views || !w->held || !w->iov)
		return err_set(e, -ENOMEM, "no memory for worker %u", w->idx);
	w->loop.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->loop.wake_fd < 0)
		return err_set(e, -errno, "eventfd: %s", strerror(errno));
	return open_pool(w, n_bufs, populate, e);
}

/*
 * Registered, a file is not looked up for each of its reads and writes: 5 % of
 * the CPU per packet. File i is that of view i.
 */
static int register_files(struct worker *w, struct err *e)
{
	int *fds = calloc(w->n_views, sizeof(*fds));
	int ret;

	if (!fds)
		return err_set(e, -ENOMEM, "no memory for %u queues", w->n_views);
	for (unsigned i = 0; i < w->n_views; i++)
		fds[i] = w->views[i].fd;
	ret = io_uring_register_files(&w->loop.ring, fds, w->n_views);
	free(fds);
	if (ret < 0)
		return err_set(e, ret, "io_uring: registering %u files: %s", w->n_views,
			       strerror(-ret));
	return 0;
}

/*
 * In the worker's own thread, the ring's only one. The ring itself ends later,
 * in the kernel's own time; a TAP must not stay for as long.
 */
static void unregister_files(struct worker *w)
{
	/* an older kernel would wait here for writes that are still out */
	if (w->loop.has_ring && !w->n_writes)
		io_uring_unregister_files(&w->loop.ring);
}

int worker_attach(struct worker *w, enum loop_form form, struct err *e)
{
	bool epoll = form == LOOP_FORM_E;
	int ret = 0;

	for (unsigned i = 0; i < w->n_views; i++)
		epoll |= w->views[i].rx == TAPQ_RX_epoll;
	if (form != LOOP_FORM_E)
		ret = loop_open_ring(&w->loop, form, w->n_rx, e);
	if (!ret && w->loop.has_ring)
		ret = register_files(w, e);
	if (!ret && epoll)
		ret = loop_open_epoll(&w->loop, e);
	for (unsigned i = 0; i < w->n_views && !ret; i++) {
		if (w->views[i].rx != TAPQ_RX_off)
			ret = tapq_rx_open(&w->views[i], e);
	}
	wait_init(&w->wait, w->wait.busy_poll, form == LOOP_FORM_A);
	stay_init(&w->stay, w->cpu >= 0);
	if (ret)
		unregister_files(w);
	return ret;
}

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

		if (loop_tag_kind(tag) == LOOP_wake)
			see_stop(w);
		else
			tapq_rx_event(&w->views[loop_tag_view(tag)]);
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
	case LOOP_wake:
		see_stop(w);
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

/* Held packets are named by SQEs that go before any read that may follow. */
static void release_held(struct worker *w)
{
	for (unsigned i = 0; i < w->n_held; i++)
		pool_put(w->held[i]);
	w->n_held = 0;
	w->n_iov = 0;
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

/* One turn: reap, forward, arm, and one enter that hands all over and waits. */
static void turn(struct worker *w)
{
	struct forward_turn done;
	enum wait_mode mode;
	unsigned want;

	reap(w);
	catch_up(w);
	done = forward_turn(&w->forward);
	counter_add(&w->turns, 1);
	if (done.packets)
		note(w, &done);
	release_held(w);
	arm(w);
	if (loop_is_broken(&w->loop))
		see_stop(w);
	/* writes of form D never have to wait: all of them complete in one enter */
	want = w->n_writes;
	if (!want && !w->forward.first)
		want = 1;
	if (w->stopping)
		want = 0;
	mode = wait_mode(&w->wait);
	if (!loop_flush(&w->loop, want, mode, wait_ns(&w->wait, mode)))
		wait_spun_out(&w->wait);
}

static bool is_pending(const struct worker *w)
{
	for (unsigned i = 0; i < w->n_views; i++) {
		if (tapq_rx_is_pending(&w->views[i]))
			return true;
	}
	return w->n_writes || w->forward.first;
}

/*
 * Take every read and poll back; what they bring on the way is forwarded. A
 * write that a kernel has put off may never complete: the ring's end ends it.
 */
static void disarm(struct worker *w)
{
	uint64_t end = loop_now() + DRAIN_MS * 1000000ull;

	for (unsigned i = 0; i < w->n_views && w->loop.has_ring; i++)
		tapq_rx_cancel(&w->views[i]);
	while (is_pending(w) && loop_now() < end)
		turn(w);
	for (unsigned i = 0; i < w->n_views; i++)
		tapq_rx_close(&w->views[i]);
	if (!w->n_writes)
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
	unregister_files(w);
}

void worker_stop(struct worker *w)
{
	uint64_t one = 1;

	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE); /* pairs with see_stop */
	while (write(w->loop.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void worker_close(struct worker *w)
{
	for (unsigned i = 0; w->loop.has_ring && i < w->n_views; i++)
		tapq_rx_close(&w->views[i]);
	loop_close(&w->loop);
	if (w->loop.wake_fd >= 0)
		close(w->loop.wake_fd);
	if (w->pool_mem)
		munmap(w->pool_mem, w->pool_len);
	free(w->views);
	free(w->held);
	free(w->iov);
	worker_init(w, w->idx, w->cpu);
}

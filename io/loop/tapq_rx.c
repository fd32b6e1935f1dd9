/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving from a TAP queue.
 *
 * How it works: what the kernel completes gathers in `in` until the worker's
 * turn takes it, in bursts. A view whose turn used buffers, or whose read or poll ended,
 * is marked dirty, and armed again at the end of the turn, behind the writes.
 * At most TAPQ_RX_BUFS buffers of a view are with the kernel, so `in` never
 * overflows; running out of them is what bounds a burst (ENOBUFS: frames wait
 * in the TAP ring meanwhile). A multishot read polls the device before each
 * frame; a queue that fills whole bursts is read by batches of single READs
 * instead, which do not, until one comes back empty-handed.
 */
#include "io/loop/tapq_rx.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/compat.h"
#include "io/loop/worker.h"

enum {
	BATCH_MIN = 4,
	DEPTH_LARGE = 8,
	FAILURES_MAX = 64,
	RING_MEM = 4096,
};

_Static_assert(TAPQ_RX_BUFS * sizeof(struct io_uring_buf) <= RING_MEM,
	       "buffer ring fits");

static int open_ring(struct tapq *t, struct err *e)
{
	struct io_uring_buf_reg reg = {.ring_entries = TAPQ_RX_BUFS,
				       .bgid = (uint16_t)t->view_idx};
	int ret;

	t->ring = mmap(NULL, RING_MEM, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->ring == MAP_FAILED) {
		t->ring = NULL;
		return err_set(e, -errno, "mmap of a buffer ring: %s", strerror(errno));
	}
	io_uring_buf_ring_init(t->ring);
	reg.ring_addr = (uint64_t)(uintptr_t)t->ring;
	ret = io_uring_register_buf_ring(&t->w->loop.ring, &reg, 0);
	if (ret < 0) {
		munmap(t->ring, RING_MEM);
		t->ring = NULL;
		return err_set(e, ret, "io_uring: registering a buffer ring: %s",
			       strerror(-ret));
	}
	return 0;
}

int tapq_rx_open(struct tapq *t, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN,
				 .data.u64 = loop_tag(LOOP_poll, t->view_idx, 0)};

	t->depth = t->w->depth;
	t->n_try = BATCH_MIN;
	t->dry = true;
	if (t->rx == TAPQ_RX_mshot)
		return open_ring(t, e);
	if (t->rx == TAPQ_RX_epoll &&
	    epoll_ctl(t->w->loop.epfd, EPOLL_CTL_ADD, t->fd, &ev) < 0)
		return err_set(e, -errno, "epoll_ctl of a TAP queue: %s",
			       strerror(errno));
	return 0;
}

void tapq_rx_pause(struct tapq *t)
{
	t->is_paused = true;
	tapq_rx_cancel(t);
	if (t->rx == TAPQ_RX_epoll)
		epoll_ctl(t->w->loop.epfd, EPOLL_CTL_DEL, t->fd, NULL);
}

void tapq_rx_resume(struct tapq *t)
{
	struct epoll_event ev = {.events = EPOLLIN,
				 .data.u64 = loop_tag(LOOP_poll, t->view_idx, 0)};

	t->is_paused = false;
	t->dry = true;
	if (t->rx == TAPQ_RX_epoll && !t->gone)
		epoll_ctl(t->w->loop.epfd, EPOLL_CTL_ADD, t->fd, &ev);
	worker_dirty(t->w, t);
}

static void arm_mshot(struct tapq *t)
{
	struct pool *pool = &t->w->pool;
	int mask = io_uring_buf_ring_mask(TAPQ_RX_BUFS), n = 0;
	struct io_uring_sqe *sqe;
	struct pkt *p;

	while (t->n_published < t->depth && (p = pool_get(pool))) {
		io_uring_buf_ring_add(t->ring, tapq_rx_at(t, p), tapq_rx_room(t), p->idx,
				      mask, n++);
		t->n_published++;
	}
	io_uring_buf_ring_advance(t->ring, n);
	if (t->armed)
		return;
	sqe = loop_sqe(&t->w->loop);
	io_uring_prep_rw(COMPAT_OP_READ_MULTISHOT, sqe, (int)t->view_idx, NULL, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = (uint16_t)t->view_idx;
	sqe->user_data = loop_tag(LOOP_read_mshot, t->view_idx, 0);
	t->armed = true;
}

static void arm_poll(struct tapq *t)
{
	struct io_uring_sqe *sqe = loop_sqe(&t->w->loop);

	io_uring_prep_poll_add(sqe, (int)t->view_idx, EPOLLIN);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data = loop_tag(LOOP_poll, t->view_idx, 0);
	t->armed = true;
}

static void arm_reads(struct tapq *t)
{
	struct pkt *p;

	while (t->n_out < t->n_try && (p = pool_get(&t->w->pool))) {
		struct io_uring_sqe *sqe = loop_sqe(&t->w->loop);

		io_uring_prep_read(sqe, (int)t->view_idx, tapq_rx_at(t, p),
				   tapq_rx_room(t), 0);
		sqe->flags |= IOSQE_FIXED_FILE;
		sqe->rw_flags = RWF_NOWAIT;
		sqe->user_data = loop_tag(LOOP_read, t->view_idx, p->idx);
		t->n_out++;
	}
}

void tapq_rx_arm(struct tapq *t)
{
	if (t->gone || t->w->stopping || t->n_out || t->is_paused)
		return;
	switch (t->rx) {
	case TAPQ_RX_mshot:
		if (t->dry)
			arm_mshot(t);
		else
			arm_reads(t);
		break;
	case TAPQ_RX_batch:
		if (!t->dry)
			arm_reads(t);
		else if (!t->armed)
			arm_poll(t);
		break;
	case TAPQ_RX_poll:
		if (!t->armed && !t->q.is_ready)
			arm_poll(t);
		break;
	default:
		break;
	}
}

/*
 * A device that was deleted, or that gives nothing but errors, is left alone. A read
 * that we took back (ECANCELED: the queue changes to vhost-net) says nothing of it.
 */
static void note_failure(struct tapq *t, int code)
{
	if (code == -EAGAIN || code == -ECANCELED)
		return;
	if (code == -EBADFD || ++t->n_failures > FAILURES_MAX)
		t->gone = true;
}

static void take(struct tapq *t, struct pkt *p, uint32_t len)
{
	t->n_failures = 0;
	tapq_received(t, p, len);
	t->in[t->n_in++] = p;
	forward_ready(&t->w->forward, &t->q);
}

static void mshot_cqe(struct tapq *t, const struct io_uring_cqe *cqe)
{
	if (cqe->flags & IORING_CQE_F_BUFFER) {
		struct pkt *p = &t->w->pool.pkts[cqe->flags >> IORING_CQE_BUFFER_SHIFT];

		t->n_published--;
		if (cqe->res > 0)
			take(t, p, (uint32_t)cqe->res);
		else
			pool_put(p);
	}
	if (cqe->flags & IORING_CQE_F_MORE)
		return;
	t->armed = false;
	if (cqe->res != -ENOBUFS) {
		note_failure(t, cqe->res);
		return;
	}
	counter_add(&t->q.count.rx_no_buffer, 1);
	if (!t->n_published) { /* a full burst: go on by batches */
		t->dry = false;
		t->n_try = t->depth;
	}
}

static void read_cqe(struct tapq *t, const struct io_uring_cqe *cqe, struct pkt *p)
{
	t->n_out--;
	if (cqe->res > 0) {
		take(t, p, (uint32_t)cqe->res);
	} else {
		pool_put(p);
		t->dry = true;
		note_failure(t, cqe->res);
	}
	if (t->n_out)
		return;
	if (t->dry)
		t->n_try = t->n_try > BATCH_MIN ? t->n_try / 2 : BATCH_MIN;
	else
		t->n_try = t->n_try < t->depth ? t->n_try * 2 : t->depth;
}

static void poll_cqe(struct tapq *t, const struct io_uring_cqe *cqe)
{
	t->armed = false;
	if (cqe->res < 0) {
		note_failure(t, cqe->res);
		return;
	}
	t->dry = false;
	if (t->rx == TAPQ_RX_poll)
		forward_ready(&t->w->forward, &t->q);
}

void tapq_rx_cqe(struct tapq *t, const struct io_uring_cqe *cqe)
{
	switch (loop_tag_kind(cqe->user_data)) {
	case LOOP_read_mshot:
		mshot_cqe(t, cqe);
		break;
	case LOOP_read:
		read_cqe(t, cqe, &t->w->pool.pkts[loop_tag_arg(cqe->user_data)]);
		break;
	default:
		poll_cqe(t, cqe);
		break;
	}
	worker_dirty(t->w, t);
}

void tapq_rx_event(struct tapq *t)
{
	forward_ready(&t->w->forward, &t->q);
}

void tapq_rx_cancel(struct tapq *t)
{
	enum loop_kind kind = t->rx == TAPQ_RX_mshot ? LOOP_read_mshot : LOOP_poll;
	struct io_uring_sqe *sqe;

	if (!t->armed)
		return;
	sqe = loop_sqe(&t->w->loop);
	io_uring_prep_cancel64(sqe, loop_tag(kind, t->view_idx, 0), 0);
	sqe->user_data = loop_tag(LOOP_ignore, 0, 0);
}

bool tapq_rx_is_pending(const struct tapq *t)
{
	return t->armed || t->n_out;
}

void tapq_rx_close(struct tapq *t)
{
	if (t->ring) {
		io_uring_unregister_buf_ring(&t->w->loop.ring, (int)t->view_idx);
		munmap(t->ring, RING_MEM);
		t->ring = NULL;
		t->n_published = 0;
	}
	if (t->rx != TAPQ_RX_off)
		tapq_serve(t, TAPQ_RX_epoll, t->tx == TAPQ_TX_vhost ? t->tap_tx : t->tx);
}

/* Nothing comes from a deleted device; the epoll set would report it for ever. */
static void set_gone(struct tapq *t)
{
	t->gone = true;
	if (t->w->loop.epfd >= 0)
		epoll_ctl(t->w->loop.epfd, EPOLL_CTL_DEL, t->fd, NULL);
}

/*
 * Whoever gave an fd can make it blocking for us too, at any time. A kernel
 * that takes RWF_NOWAIT is told not to wait; others are asked once per burst.
 */
static void unblock(struct tapq *t)
{
	if (!t->is_shared || t->w->loop.nowait)
		return;
	fcntl(t->fd, F_SETFL, O_RDWR | O_NONBLOCK);
	counter_add(&t->q.count.syscalls, 1);
}

static ssize_t read_once(struct tapq *t, const struct pkt *p)
{
	struct iovec iov = {tapq_rx_at(t, p), tapq_rx_room(t)};

	counter_add(&t->q.count.syscalls, 1);
	if (t->is_shared && t->w->loop.nowait)
		return preadv2(t->fd, &iov, 1, -1, RWF_NOWAIT);
	return read(t->fd, iov.iov_base, iov.iov_len);
}

void tapq_rx_read(struct queue *q, struct burst *b)
{
	struct tapq *t = (struct tapq *)q;
	struct pkt *p = NULL;
	ssize_t n = 0;

	worker_dirty(t->w, t);
	unblock(t);
	while (!t->gone && b->n < BURST_MAX) {
		p = pool_get(&t->w->pool);
		if (!p) {
			counter_add(&q->count.rx_no_buffer, 1);
			break;
		}
		n = read_once(t, p);
		if (n < 0 && errno == EINTR) {
			pool_put(p);
			continue;
		}
		if (n <= 0) {
			pool_put(p);
			if (n < 0 && errno == EBADFD)
				set_gone(t);
			return; /* dry: wait for the next event */
		}
		tapq_received(t, p, (uint32_t)n);
		burst_add(b, p);
	}
	if (!t->gone)
		forward_ready(&t->w->forward, q); /* there may be more: next turn */
}

/*
 * Super-packets are copied twice by the kernel: few buffers, so that those of
 * one burst are still in the cache when the next one uses them.
 */
static void set_depth(struct tapq *t)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < t->n_in; i++)
		bytes += t->in[i]->total_len;
	t->depth = bytes > (uint64_t)t->n_in * TAPQ_LARGE ? DEPTH_LARGE : t->w->depth;
}

void tapq_rx_taken(struct queue *q, struct burst *b)
{
	struct tapq *t = (struct tapq *)q;

	unsigned left = t->n_in - t->n_taken;

	if (!t->n_taken)
		set_depth(t);
	b->n = left < BURST_MAX ? left : BURST_MAX;
	memcpy(b->pkts, t->in + t->n_taken, b->n * sizeof(b->pkts[0]));
	t->n_taken += b->n;
	q->has_more = t->n_taken < t->n_in;
	if (!q->has_more)
		t->n_in = t->n_taken = 0;
}

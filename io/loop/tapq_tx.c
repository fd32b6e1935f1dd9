/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending to a TAP queue.
 *
 * How it works: a write of a frame never blocks (the fd is non-blocking, its
 * send buffer unlimited unless the user set one), and a kernel that takes
 * RWF_NOWAIT does it while the SQE is handed over. So packets of skip writes
 * are held until the turn's enter and then go home without a completion; only
 * failures complete. cqe writes give theirs back one by one.
 */
#include "io/loop/tapq_tx.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/loop/worker.h"

/* The packet's bytes as the device wants them, into iov; returns how many. */
static unsigned gather(const struct tapq *t, const struct pkt *p, struct iovec *iov)
{
	unsigned n = 0;

	for (const struct pkt *part = p; part; part = part->next) {
		uint32_t skip = part == p ? t->skip : 0;

		iov[n++] = (struct iovec){part->data + skip, part->len - skip};
	}
	return n;
}

/* iovecs must live until the SQE is handed over. */
static struct iovec *iovecs(struct worker *w, unsigned n)
{
	struct iovec *iov;

	if (w->n_iov + n > WORKER_IOVECS) {
		loop_submit(&w->loop);
		w->n_iov = 0;
	}
	iov = w->iov + w->n_iov;
	w->n_iov += n;
	return iov;
}

static struct io_uring_sqe *prep_write(struct tapq *t, const struct pkt *p)
{
	int file = (int)t->view_idx;
	struct io_uring_sqe *sqe;

	if (p->n_bufs == 1) {
		sqe = loop_sqe(&t->w->loop);
		io_uring_prep_write(sqe, file, p->data + t->skip, p->len - t->skip, 0);
	} else {
		struct iovec *iov = iovecs(t->w, p->n_bufs);
		unsigned n = gather(t, p, iov);

		sqe = loop_sqe(&t->w->loop);
		io_uring_prep_writev(sqe, file, iov, n, 0);
	}
	sqe->flags |= IOSQE_FIXED_FILE;
	return sqe;
}

void tapq_tx_skip(struct queue *q, const struct burst *b)
{
	struct tapq *t = (struct tapq *)q;
	struct worker *w = t->w;

	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = b->pkts[i];
		struct io_uring_sqe *sqe = prep_write(t, p);

		sqe->rw_flags = RWF_NOWAIT;
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		sqe->user_data = loop_tag(LOOP_write, t->view_idx, pkt_frame_len(p));
		w->held[w->n_held++] = p;
	}
}

void tapq_tx_reclaim(struct queue *q)
{
	struct worker *w = ((struct tapq *)q)->w;

	if (w->n_held || w->n_iov) /* by any queue of the worker */
		loop_submit(&w->loop);
	worker_release(w);
}

void tapq_tx_cqe(struct queue *q, const struct burst *b)
{
	struct tapq *t = (struct tapq *)q;

	for (unsigned i = 0; i < b->n; i++) {
		struct io_uring_sqe *sqe = prep_write(t, b->pkts[i]);

		sqe->user_data = loop_tag(LOOP_write_cqe, t->view_idx, b->pkts[i]->idx);
	}
	t->w->n_writes += b->n;
	t->w->n_fresh += b->n;
}

ssize_t tapq_tx_once(const struct tapq *t, const struct pkt *p)
{
	bool is_shared = t->is_shared && t->w->loop.nowait;
	struct iovec iov[BURST_MAX];

	if (p->n_bufs == 1 && !is_shared)
		return write(t->fd, p->data + t->skip, p->len - t->skip);
	if (p->n_bufs > BURST_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (is_shared) /* its giver may have made it blocking */
		return pwritev2(t->fd, iov, (int)gather(t, p, iov), -1, RWF_NOWAIT);
	return writev(t->fd, iov, (int)gather(t, p, iov));
}

void tapq_tx_write(struct queue *q, const struct burst *b)
{
	struct tapq *t = (struct tapq *)q;

	for (unsigned i = 0; i < b->n; i++) {
		ssize_t n;

		do {
			n = tapq_tx_once(t, b->pkts[i]);
			counter_add(&q->count.syscalls, 1);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			tapq_tx_failed(t, pkt_frame_len(b->pkts[i]), -errno);
		pool_put(b->pkts[i]);
	}
}

void tapq_tx_off(struct queue *q, const struct burst *b)
{
	for (unsigned i = 0; i < b->n; i++)
		tapq_tx_drop((struct tapq *)q, b->pkts[i], DROP_tx_queue_off);
}

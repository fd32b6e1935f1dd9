/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's memory, its start and its end. */
#include "io/loop/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/loop/mem.h"
#include "io/loop/tapq_rx.h"
#include "io/loop/vq.h"
#include "io/loop/worker_vq.h"

void worker_init(struct worker *w, unsigned idx, int cpu)
{
	*w = (struct worker){.idx = idx, .cpu = cpu};
	loop_init(&w->loop);
	w->loop.stop = &w->stop;
}

static unsigned depth_of(unsigned n_rx)
{
	unsigned depth = TAPQ_RX_BUFS;

	while (depth > WORKER_RX_BUFS_MIN && depth * n_rx > WORKER_RX_BUFS_SUM)
		depth /= 2;
	return depth;
}

unsigned worker_n_bufs(unsigned n_rx)
{
	return n_rx * depth_of(n_rx) + BURST_MAX;
}

/* Each page once, so that it is there. */
static void touch(uint8_t *mem, size_t len)
{
	for (size_t at = 0; at < len; at += 4096)
		((volatile uint8_t *)mem)[at] = 0;
}

static int open_pool(struct worker *w, unsigned n, unsigned n_populate, struct err *e)
{
	struct err why = {0};

	w->pool_len = pool_mem_len(n);
	w->pool_mem = mem_open("packet buffers", w->pool_len, &why);
	if (!w->pool_mem) {
		err_prefix(&why, "worker %u: %u buffers", w->idx, n);
		if (e)
			*e = why;
		return why.code;
	}
	pool_init(&w->pool, w->pool_mem, n);
	touch(w->pool.bufs, (size_t)n_populate * PKT_BUF_LEN);
	return 0;
}

bool worker_has_room(unsigned n_rx, unsigned n_vqs)
{
	unsigned rx_max;

	return worker_n_bufs(n_rx) + vq_n_bufs(n_vqs, &rx_max) <= POOL_BUFS_MAX;
}

int worker_open(struct worker *w, unsigned n_views, unsigned n_rx, unsigned n_vqs,
		bool populate, struct err *e)
{
	unsigned n_base = worker_n_bufs(n_rx), n_bufs = n_base;

	/* there may be too many queues for vhost-net, but not for TAP fds */
	if (n_vqs && worker_has_room(n_rx, n_vqs)) {
		n_bufs += vq_n_bufs(n_vqs, &w->vq_rx_max);
		w->vq_room = n_vqs;
	}
	if (n_bufs > POOL_BUFS_MAX)
		return err_set(e, -E2BIG,
			       "worker %u would receive from %u queues, at most %u are "
			       "possible; use more workers (--workers)",
			       w->idx, n_rx,
			       (POOL_BUFS_MAX - BURST_MAX) / WORKER_RX_BUFS_MIN);
	n_bufs +=
		w->n_spare < POOL_BUFS_MAX - n_bufs ? w->n_spare : POOL_BUFS_MAX - n_bufs;
	w->n_views = n_views;
	w->n_rx = n_rx;
	w->depth = depth_of(n_rx);
	w->views = aligned_alloc(64, (n_views * sizeof(*w->views) + 63) / 64 * 64);
	w->held = calloc(n_bufs, sizeof(struct pkt *));
	w->iov = calloc(WORKER_IOVECS, sizeof(*w->iov));
	w->vqs = calloc(n_rx + 1, sizeof(struct vq *));
	if (!w->views || !w->held || !w->iov || !w->vqs)
		return err_set(e, -ENOMEM, "no memory for worker %u", w->idx);
	w->loop.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->loop.wake_fd < 0)
		return err_set(e, -errno, "eventfd: %s", strerror(errno));
	return open_pool(w, n_bufs, populate ? n_base : 0, e);
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

void worker_detach(struct worker *w)
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
	if (!ret)
		ret = worker_vq_start(w, e);
	stay_init(&w->stay, w->cpu >= 0);
	if (ret)
		worker_detach(w);
	return ret;
}

void worker_release(struct worker *w)
{
	for (unsigned i = 0; i < w->n_held; i++)
		pool_put(w->held[i]);
	w->n_held = 0;
	w->n_iov = 0;
}

static void wake(struct worker *w)
{
	uint64_t one = 1;

	while (write(w->loop.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void worker_wish(struct worker *w)
{
	__atomic_store_n(&w->has_wish, true, __ATOMIC_RELEASE); /* pairs with see_wake */
	wake(w);
}

void worker_stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE); /* pairs with see_stop */
	wake(w);
}

void worker_close(struct worker *w)
{
	int kept = 0;

	for (unsigned i = 0; w->loop.has_ring && i < w->n_views; i++)
		tapq_rx_close(&w->views[i]);
	loop_close(&w->loop);
	for (unsigned i = 0; w->views && i < w->n_views; i++)
		kept |= vq_close(&w->views[i].vq);
	if (w->loop.wake_fd >= 0)
		close(w->loop.wake_fd);
	if (w->pool_mem && !kept) /* a device may still write to it: vq_stop.h */
		munmap(w->pool_mem, w->pool_len);
	free(w->views);
	free(w->held);
	free(w->iov);
	free(w->vqs);
	worker_init(w, w->idx, w->cpu);
}

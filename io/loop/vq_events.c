/* SPDX-License-Identifier: BSD-2-Clause */
/* What vhost-net tells by its eventfds: watching them, and taking what they say. */
#include "io/loop/vq_events.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "io/loop/vq_switch.h"
#include "io/loop/worker.h"

/* In vq->watched, behind those of bit_of. */
enum { TAP_BIT = 1u << (2 * VHOST_RINGS) };

static int fd_of(const struct vq *vq, bool is_error, enum vhost_ring_idx ring)
{
	return is_error ? vhost_err_fd(vq->vhost, ring) : vhost_call_fd(vq->vhost, ring);
}

/* Its bit in vq->watched. */
static unsigned bit_of(bool is_error, enum vhost_ring_idx ring)
{
	return 1u << (2 * ring + is_error);
}

/* Calls and errors of both rings wake the loop, once each time they are signalled. */
static void watch_fd(struct vq *vq, bool is_error, enum vhost_ring_idx ring)
{
	struct loop *l = &vq->t->w->loop;
	int fd = fd_of(vq, is_error, ring);
	uint64_t tag =
		loop_tag(is_error ? LOOP_vq_err : LOOP_vq_call, vq->t->view_idx, ring);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = tag};
	struct io_uring_sqe *sqe;

	if (vq->watched & bit_of(is_error, ring))
		return;
	vq->watched |= bit_of(is_error, ring);
	if (!l->has_ring) {
		epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev);
		return;
	}
	sqe = loop_sqe(l);
	if (l->form == LOOP_FORM_D) /* before 5.13 there is no multishot */
		io_uring_prep_poll_add(sqe, fd, POLLIN);
	else
		io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	sqe->user_data = tag;
}

static struct epoll_event tap_event(const struct vq *vq)
{
	return (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT,
				    .data.u64 =
					    loop_tag(LOOP_vq_tap, vq->t->view_idx, 0)};
}

bool vq_events_is_tap_watched(const struct vq *vq)
{
	return vq->watched & TAP_BIT;
}

void vq_events_watch_tap(struct vq *vq)
{
	struct loop *l = &vq->t->w->loop;
	struct epoll_event ev = tap_event(vq);
	struct io_uring_sqe *sqe;

	if (vq_events_is_tap_watched(vq))
		return;
	if (!l->has_ring) {
		counter_add(&vq->t->q.count.syscalls, 1);
		if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, vq->t->fd, &ev) < 0)
			return; /* it is looked at as before */
	} else {
		/* no registered file: these may be waited for when they are given back */
		sqe = loop_sqe(l);
		io_uring_prep_poll_add(sqe, vq->t->fd, POLLIN);
		sqe->user_data = ev.data.u64;
	}
	vq->watched |= TAP_BIT;
}

void vq_events_unwatch_tap(struct vq *vq)
{
	struct loop *l = &vq->t->w->loop;
	struct io_uring_sqe *sqe;

	if (!vq_events_is_tap_watched(vq))
		return;
	if (!l->has_ring) {
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, vq->t->fd, NULL);
		vq->watched &= ~TAP_BIT;
		return;
	}
	sqe = loop_sqe(l); /* the poll completes once more: vq_events_take_tap */
	io_uring_prep_cancel64(sqe, tap_event(vq).data.u64, 0);
	sqe->user_data = loop_tag(LOOP_ignore, 0, 0);
}

void vq_events_take_tap(struct vq *vq)
{
	struct loop *l = &vq->t->w->loop;

	if (!vq_events_is_tap_watched(vq)) /* told in the turn that took it back */
		return;
	if (!l->has_ring)
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, vq->t->fd, NULL);
	vq->watched &= ~TAP_BIT;
	vq->rx_since = 0;
	if (vq->state != VQ_on)
		return;
	counter_add(&vq->t->q.count.syscalls, 1);
	if (tapq_is_gone(vq->t))
		vq_switch_to(vq, false);
}

void vq_events_watch(struct vq *vq)
{
	for (unsigned r = 0; r < VHOST_RINGS; r++) {
		watch_fd(vq, false, r);
		watch_fd(vq, true, r);
	}
}

/* Empty an eventfd: 0, or -EAGAIN: what it said was taken before. */
static int empty(struct vq *vq, int fd)
{
	uint64_t n;

	counter_add(&vq->t->q.count.syscalls, 1);
	return read(fd, &n, sizeof(n)) == sizeof(n) ? 0 : -EAGAIN;
}

void vq_events_forget(struct vq *vq, enum vhost_ring_idx ring)
{
	empty(vq, vhost_err_fd(vq->vhost, ring));
	vq->trouble &= ~(1u << ring);
}

void vq_events_take(struct vq *vq, bool is_error, enum vhost_ring_idx ring, bool is_armed)
{
	/* one error has several signs: those that came before a rebuild are emptied */
	bool is_new =
		(is_armed && !is_error) || empty(vq, fd_of(vq, is_error, ring)) == 0;

	vq->n_watch_failures = 0;
	if (!is_error)
		counter_add(&vq->t->q.count.calls, 1);
	else if (is_new)
		vq->trouble |= 1u << ring;
	if (!is_armed) {
		vq->watched &= ~bit_of(is_error, ring);
		watch_fd(vq, is_error, ring);
	}
	if (vq->state != VQ_on)
		return;
	vq_heat(vq);
	worker_dirty(vq->t->w, vq->t);
}

void vq_events_failed(struct vq *vq, bool is_error, enum vhost_ring_idx ring, int code)
{
	struct err e = {0};

	vq->watched &= ~bit_of(is_error, ring);
	if (vq->state != VQ_on || vq->t->w->stopping)
		return; /* watched again when it starts again */
	if (++vq->n_watch_failures > VQ_EVENTS_FAILURES_MAX) {
		err_set(&e, code, "the eventfds of vhost-net cannot be polled: %s",
			strerror(-code));
		vq_switch_give_up(vq, &e);
		return;
	}
	watch_fd(vq, is_error, ring);
	vq_heat(vq); /* what it would have told */
	worker_dirty(vq->t->w, vq->t);
}

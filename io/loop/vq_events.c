/* SPDX-License-Identifier: BSD-2-Clause */
/* What vhost-net tells by its eventfds: watching them, and taking what they say. */
#include "io/loop/vq_events.h"

#include <poll.h>
#include <unistd.h>

#include "io/loop/worker.h"

/* Calls and errors of both rings wake the loop, once each time they are signalled. */
static void watch_fd(struct vq *vq, int fd, enum loop_kind kind, enum vhost_ring_idx ring)
{
	struct loop *l = &vq->t->w->loop;
	uint64_t tag = loop_tag(kind, vq->t->view_idx, ring);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = tag};
	struct io_uring_sqe *sqe;

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

void vq_events_watch(struct vq *vq)
{
	if (vq->is_watched)
		return;
	vq->is_watched = true;
	for (unsigned r = 0; r < VHOST_RINGS; r++) {
		watch_fd(vq, vhost_call_fd(vq->vhost, r), LOOP_vq_call, r);
		watch_fd(vq, vhost_err_fd(vq->vhost, r), LOOP_vq_err, r);
	}
}

/* Empty an eventfd; false: what it said was taken before. */
static bool take_event(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

void vq_events_forget(struct vq *vq, enum vhost_ring_idx ring)
{
	take_event(vhost_err_fd(vq->vhost, ring));
	vq->trouble &= ~(1u << ring);
}

void vq_events_take(struct vq *vq, bool is_error, enum vhost_ring_idx ring, bool is_armed)
{
	int fd =
		is_error ? vhost_err_fd(vq->vhost, ring) : vhost_call_fd(vq->vhost, ring);
	/* one error has several signs: those that came before a rebuild are emptied */
	bool is_new = (is_armed && !is_error) || take_event(fd);

	if (!is_error)
		counter_add(&vq->t->q.count.calls, 1);
	else if (is_new)
		vq->trouble |= 1u << ring;
	if (!is_armed)
		watch_fd(vq, fd, is_error ? LOOP_vq_err : LOOP_vq_call, ring);
	if (vq->state != VQ_on)
		return;
	vq_heat(vq);
	worker_dirty(vq->t->w, vq->t);
}

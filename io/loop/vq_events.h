/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls and errors of vhost-net, as the worker's loop brings them. */
#ifndef IO_LOOP_VQ_EVENTS_H
#define IO_LOOP_VQ_EVENTS_H

#include "io/loop/vq.h"

/*
 * How it works: a call only wakes; its eventfd is emptied only where the loop must be
 * asked again for the next one (oneshot polls, and a multishot poll that has ended).
 * An error has several signs, of which some come when the ring was set up again
 * already; so its eventfd is emptied, also after a stop, and a sign that finds it
 * empty is old. A poll that fails is queued again; vhost-net is given up when it
 * goes on failing, as nothing would tell of packets then.
 */
enum { VQ_EVENTS_FAILURES_MAX = 16 };

/* Let the loop tell of both rings' calls and errors from now on. */
void vq_events_watch(struct vq *vq);

/* A call or an error has come; is_armed: the loop will tell of the next one too. */
void vq_events_take(struct vq *vq, bool is_error, enum vhost_ring_idx ring,
		    bool is_armed);

/* The poll for it has failed; code is a negative errno. */
void vq_events_failed(struct vq *vq, bool is_error, enum vhost_ring_idx ring, int code);

/* The ring is stopped: errors that it had are over. */
void vq_events_forget(struct vq *vq, enum vhost_ring_idx ring);

#endif

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
 *
 * The TAP fd is polled, once, while a queue has been silent for long. That it was
 * deleted comes this way, too: the queue goes back to the TAP fd, which notes it.
 */
enum { VQ_EVENTS_FAILURES_MAX = 16 };

/* Let the loop tell of both rings' calls and errors from now on. */
void vq_events_watch(struct vq *vq);

/* A call or an error has come; is_armed: the loop will tell of the next one too. */
void vq_events_take(struct vq *vq, bool is_error, enum vhost_ring_idx ring,
		    bool is_armed);

/* The poll for it has failed; code is a negative errno. */
void vq_events_failed(struct vq *vq, bool is_error, enum vhost_ring_idx ring, int code);

/*
 * Let the loop tell once of a frame in the TAP, which vhost-net takes: the receive ring
 * need not be looked at before (vq_health.c).
 */
void vq_events_watch_tap(struct vq *vq);

/* No longer; the loop may tell of it all the same. */
void vq_events_unwatch_tap(struct vq *vq);

/* The TAP has a frame, or is gone, or the poll for it has failed or was taken back. */
void vq_events_take_tap(struct vq *vq);

bool vq_events_is_tap_watched(const struct vq *vq);

/* The ring is stopped: errors that it had are over. */
void vq_events_forget(struct vq *vq, enum vhost_ring_idx ring);

#endif

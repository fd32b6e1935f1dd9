/* SPDX-License-Identifier: BSD-2-Clause */
/* Changing a running queue between vhost-net and its TAP fd. */
#ifndef IO_LOOP_VQ_SWITCH_H
#define IO_LOOP_VQ_SWITCH_H

#include "io/loop/vq.h"

/* A queue that leaves vhost-net waits for room in its output for so long, then drops. */
enum { VQ_SWITCH_ROOM_MS = 100 };

/*
 * All in the worker's thread. Nothing is lost and order is kept: what the way
 * that is left has read is forwarded before the new one is read, and what it has
 * not sent is sent by the new one before anything else; meanwhile frames wait in
 * the TAP's own ring.
 */

/* Towards vhost-net, or towards the TAP fd; no effect if it is so or on its way. */
void vq_switch_to(struct vq *vq, bool to_vhost);

/* Trouble that ends the use of vhost-net: told, counted, and on to the TAP fd. */
void vq_switch_give_up(struct vq *vq, const struct err *e);

/*
 * Each turn while vq_switch_is_moving: go on when what was waited for is there. now:
 * CLOCK_MONOTONIC in ns.
 */
void vq_switch_step(struct vq *vq, uint64_t now);

/* Could it go on now? If not, it waits for something that wakes the loop. */
bool vq_switch_can_step(const struct vq *vq);

static inline bool vq_switch_is_moving(const struct vq *vq)
{
	return vq->state == VQ_pausing || vq->state == VQ_draining;
}

/*
 * The TX ring is stopped, with base: what it has not sent goes to again[]. Returns
 * how many packets the device has seen but not finished; they are dropped.
 */
unsigned vq_switch_gather(struct vq *vq, uint16_t base);

/* Trouble with vhost-net, for the control thread to tell; the last one is kept. */
void vq_switch_note(struct vq *vq, enum engine_trouble kind, const struct err *e);

/* From the control thread: what was there since it asked last? */
enum engine_trouble vq_switch_take_note(struct vq *vq, struct err *e);

#endif

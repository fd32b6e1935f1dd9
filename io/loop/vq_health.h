/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching over the rings to vhost-net. */
#ifndef IO_LOOP_VQ_HEALTH_H
#define IO_LOOP_VQ_HEALTH_H

#include "io/loop/vq.h"

/*
 * vhost-net can stop serving a ring: with a sign (the error eventfd: a descriptor
 * it could not use), or without one (it finished with nothing for a while though
 * packets are out). In the second case the kernel's thread is kicked and waited
 * for: if something has moved then, it had only got no CPU, and if the TAP takes
 * nothing for now there is nothing to be healed. Else the ring is stopped; what the
 * device had seen and not finished is dropped by name, the rest is lent again in order in
 * an empty ring. The third time within a minute the queue goes back to its TAP fd.
 */
enum {
	VQ_HEALTH_STALL_MS = 80, /* without progress */
	VQ_HEALTH_LOOK_MS = 20,	 /* between two looks */
	VQ_HEALTH_WINDOW_S = 60, /* of three rebuilds */
};

/* now: CLOCK_MONOTONIC in ns. Cheap when all is well. */
void vq_health_look(struct vq *vq, uint64_t now);

/*
 * Is something being sent, or in trouble, so that another look is needed soon? No
 * call comes from a broken ring.
 */
static inline bool vq_health_is_due(const struct vq *vq)
{
	return vq->state == VQ_on &&
	       (vq->tx.n_out || vq->trouble || vq->rx.is_broken || vq->tx.is_broken);
}

#endif

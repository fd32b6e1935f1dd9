/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching over the rings to vhost-net. */
#ifndef IO_LOOP_VQ_HEALTH_H
#define IO_LOOP_VQ_HEALTH_H

#include "io/loop/vq.h"

/*
 * vhost-net can stop serving a ring: with a sign (the error eventfd: a descriptor
 * it could not use), or without one (it finished with nothing for a while though
 * packets are out). In the second case the kernel's thread is kicked and waited
 * for, twice: if something has moved then, it had only got no CPU, and if the TAP
 * takes nothing for now there is nothing to be healed. Else the ring is stopped; what
 * the device had seen and not finished is dropped by name, the rest is lent again in
 * order in an empty ring. The third time within a minute the queue goes back to its
 * TAP fd.
 *
 * A ring in which all that was seen is finished is stuck at the next frame, without a
 * sign either because of that frame, or because the kernel has no memory to send with
 * (it puts the frame back and waits). The TAP fd, written to once, tells them apart: what
 * it takes is sent, what it refuses for want of memory stays in the ring, and counts
 * as no trouble, but is asked for less and less often. When that lasts, each time
 * counts, so that the TAP fd drops by name what nothing will ever send.
 *
 * The receive ring: frames lie in the TAP, buffers in the ring, and for a second no
 * frame has come. When none comes either while the thread is kicked and waited for, it
 * is stuck. It is looked at once a second, also while the worker has nothing to do,
 * since no call would come; but when there is no frame after a second of silence, the
 * loop watches the TAP for the next one, and the worker sleeps as long as it likes.
 * Nothing is lost, as frames wait in the TAP.
 *
 * The kernel's thread is waited for without a limit (vhost_flush, vhost_stop): a
 * worker stands still as long as that thread gets no CPU.
 */
enum {
	VQ_HEALTH_STALL_MS = 80, /* without progress */
	VQ_HEALTH_LOOK_MS = 20,	 /* between two looks */
	VQ_HEALTH_RX_MS = 1000,	 /* without progress of the receive ring */
	VQ_HEALTH_WINDOW_S = 60, /* of three rebuilds */
	VQ_HEALTH_BACK_OFF = 4,	 /* without memory the stall time doubles so often */
	VQ_HEALTH_SHORT_S = 10,	 /* without memory before that counts */
};

/* now: CLOCK_MONOTONIC in ns. Cheap when all is well. */
void vq_health_look(struct vq *vq, uint64_t now);

/*
 * How long a worker may sleep before the next look, in ns; 0 = as long as it likes. No
 * call comes from a broken ring, nor from one that has no buffers.
 */
uint64_t vq_health_limit(const struct vq *vq);

#endif

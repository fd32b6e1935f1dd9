/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping the rings to vhost-net, and those that cannot be stopped. */
#ifndef IO_LOOP_VQ_STOP_H
#define IO_LOOP_VQ_STOP_H

#include "io/loop/vq.h"

/*
 * How it works: a ring that vhost-net does not stop is a runaway. The device may
 * still write to the buffers and the memory that it was lent, until the vhost-net fd
 * is closed by all who hold it. So they stay lent for the life of the process: no
 * such buffer goes home to the pool, and neither the ring nor the pool is unmapped.
 * The queue goes on by its TAP fd and is never started again. `runaway` is written
 * by the worker and read by the control thread.
 */

/* Stop a ring; *base (may be NULL) as vhost_stop gives it. Fails: it is a runaway. */
int vq_stop_ring(struct vq *vq, enum vhost_ring_idx ring, uint16_t *base, struct err *e);

bool vq_stop_is_runaway(const struct vq *vq, enum vhost_ring_idx ring);

/* Is any of the two? */
bool vq_stop_has_runaway(const struct vq *vq);

/* 0, or -EBUSY: a runaway is not started again. */
int vq_stop_refuse(const struct vq *vq, struct err *e);

#endif

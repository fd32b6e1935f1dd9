/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping the rings to vhost-net, and those that cannot be stopped. */
#include "io/loop/vq_stop.h"

#include <errno.h>

int vq_stop_ring(struct vq *vq, enum vhost_ring_idx ring, uint16_t *base, struct err *e)
{
	int ret = vhost_stop(vq->vhost, ring, base, e);
	unsigned bit = 1u << ring;

	counter_add(&vq->t->q.count.syscalls, base ? 2 : 1);
	if (ret)
		__atomic_or_fetch(&vq->runaway, bit, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(&vq->runaway, ~bit, __ATOMIC_RELAXED);
	return ret;
}

bool vq_stop_is_runaway(const struct vq *vq, enum vhost_ring_idx ring)
{
	return __atomic_load_n(&vq->runaway, __ATOMIC_RELAXED) >> ring & 1;
}

bool vq_stop_has_runaway(const struct vq *vq)
{
	return __atomic_load_n(&vq->runaway, __ATOMIC_RELAXED) != 0;
}

int vq_stop_refuse(const struct vq *vq, struct err *e)
{
	if (!vq_stop_has_runaway(vq))
		return 0;
	return err_set(e, -EBUSY,
		       "vhost-net did not stop a ring of queue %u, which is not used "
		       "again; restart ringway",
		       vq->t->q.queue_idx);
}

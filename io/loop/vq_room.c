/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of what a receive ring has the transmit ring behind it can take. */
#include "io/loop/vq_room.h"

/* The only place that its packets can go to, if that is a ring of the same worker. */
static struct vq *only_out(const struct vq *vq)
{
	const struct queue *q = &vq->t->q;
	struct tapq *out = q->n_out == 1 ? (struct tapq *)q->out[0] : NULL;

	return out && out->tx == TAPQ_TX_vhost ? out->vq : NULL;
}

static unsigned free_places(const struct vq *out)
{
	unsigned most = 2 * out->rx_max;

	return out->tx.n_out < most && !out->tx.is_broken ? most - out->tx.n_out : 0;
}

unsigned vq_room(const struct vq *vq)
{
	struct vq *out = only_out(vq);
	unsigned room;

	if (!out)
		return BURST_MAX;
	vq_reclaim(out);
	room = free_places(out);
	return room < BURST_MAX ? room : BURST_MAX;
}

bool vq_room_is_out(const struct vq *vq)
{
	const struct vq *out = only_out(vq);

	return out && !free_places(out) && !vring_has_used(&out->tx) &&
	       vring_has_used(&vq->rx);
}

bool vq_room_call(const struct vq *vq)
{
	struct vq *out = only_out(vq);
	unsigned n = out->tx.n_out;

	return vring_arm(&out->tx, n < VQ_ROOM_CALL ? n : VQ_ROOM_CALL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of what a receive ring has the transmit ring behind it can take. */
#include "io/loop/vq_room.h"

#include <errno.h>

#include "io/loop/worker.h"

/* The only place that its packets can go to, if that is a ring of the same worker. */
static struct vq *only_out(const struct vq *vq)
{
	const struct queue *q = &vq->t->q;
	struct tapq *out = q->n_out == 1 ? (struct tapq *)q->out[0] : NULL;

	return out && out->tx == TAPQ_TX_vhost ? out->vq : NULL;
}

/* Packets for which there is room; without tables each takes up to so many entries. */
static unsigned free_places(const struct vq *out)
{
	unsigned most = 2 * out->rx_max, n;

	if (out->tx.is_broken || out->tx.n_out >= most)
		return 0;
	n = most - out->tx.n_out;
	if (!out->tx.indirect_max && n > out->tx.n_free / VRING_INDIRECT_MAX)
		n = out->tx.n_free / VRING_INDIRECT_MAX;
	return n;
}

unsigned vq_room(const struct vq *vq)
{
	struct vq *out = only_out(vq);
	unsigned room;

	if (!out || (vq->state != VQ_on && vq->is_hurried))
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

int vq_room_ask(const struct vq *vq)
{
	struct vq *out = only_out(vq);
	unsigned n = out->tx.n_out;

	return vring_arm(&out->tx, n < VQ_ROOM_CALL ? n : VQ_ROOM_CALL) ? 0 : -EAGAIN;
}

void vq_room_taken(struct vq *vq, unsigned n)
{
	vq->n_taken += n;
	if (vq->n_taken >= BURST_MAX) {
		vq->n_taken -= BURST_MAX;
		vq->is_last = true;
	}
	if (!vring_has_used(&vq->rx)) {
		vq->n_taken = 0;
		vq->is_last = true;
	}
}

void vq_room_sort(struct worker *w)
{
	struct vq *vq, *next, *last = NULL, **last_end = &last, **end = &w->hot;

	for (vq = w->hot; vq; vq = next) {
		struct vq ***to = vq->is_last ? &last_end : &end;

		next = vq->next_hot;
		vq->is_last = false;
		**to = vq;
		*to = &vq->next_hot;
	}
	*last_end = NULL;
	*end = last;
}

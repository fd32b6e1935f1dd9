/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ways between vhost-net and the TAP fd. */
#include "io/loop/vq_switch.h"

#include "io/loop/tapq_rx.h"
#include "io/loop/worker.h"

void vq_switch_note(struct vq *vq, const struct err *e)
{
	pthread_mutex_lock(&vq->lock);
	vq->error = *e;
	vq->has_error = true;
	pthread_mutex_unlock(&vq->lock);
}

bool vq_switch_take_note(struct vq *vq, struct err *e)
{
	bool has;

	pthread_mutex_lock(&vq->lock);
	has = vq->has_error;
	if (has)
		*e = vq->error;
	vq->has_error = false;
	pthread_mutex_unlock(&vq->lock);
	return has;
}

unsigned vq_switch_gather(struct vq *vq, uint16_t base)
{
	enum drop why = tapq_is_gone(vq->t) ? DROP_tx_gone : DROP_tx_ring_stuck;
	unsigned n_stuck = 0;
	struct pkt *p;

	vq_reclaim(vq);
	while ((p = vring_take_unseen(&vq->tx, &base)))
		vq->again[vq->n_again++] = p;
	for (; (p = vring_take_any(&vq->tx)); n_stuck++)
		tapq_tx_drop(vq->t, p, why);
	return n_stuck;
}

/* They were counted when they were handed over first. */
static void send_again(struct vq *vq)
{
	struct tapq *t = vq->t;

	for (unsigned i = 0; i < vq->n_again;) {
		struct burst b = {0};

		while (b.n < BURST_MAX && i < vq->n_again)
			burst_add(&b, vq->again[i++]);
		t->ops.tx(&t->q, &b);
	}
	vq->n_again = 0;
}

static void leave_vhost(struct vq *vq)
{
	struct tapq *t = vq->t;
	struct err e = {0};
	uint16_t base = vq->tx.used_idx;

	int rx = vhost_stop(vq->vhost, VHOST_RX, NULL, &e);
	int tx = vhost_stop(vq->vhost, VHOST_TX, &base, &e);

	if (rx || tx)
		vq_switch_note(vq, &e);
	vq_switch_gather(vq, base);
	vq->state = VQ_draining;
	tapq_serve(t, TAPQ_RX_vhost, t->tap_tx);
	send_again(vq);
	forward_ready(&t->w->forward, &t->q);
	t->w->n_moving++;
}

static void enter_vhost(struct vq *vq)
{
	struct tapq *t = vq->t;

	if (t->gone)
		return;
	tapq_rx_pause(t);
	vq->state = VQ_pausing;
	t->w->n_moving++;
}

void vq_switch_to(struct vq *vq, bool to_vhost)
{
	if (to_vhost && vq->state == VQ_off)
		enter_vhost(vq);
	else if (!to_vhost && vq->state == VQ_on)
		leave_vhost(vq);
}

static void back_to_tap(struct vq *vq)
{
	struct tapq *t = vq->t;

	vq->state = VQ_off;
	tapq_serve(t, t->tap_rx, t->tap_tx);
	tapq_rx_resume(t);
}

static void step_pausing(struct vq *vq)
{
	struct tapq *t = vq->t;
	bool is_read_at_once = t->rx == TAPQ_RX_poll || t->rx == TAPQ_RX_epoll;
	struct err e = {0};

	/* a queue that is read at once has nothing in between: the rest stays in the TAP
	 */
	if (tapq_rx_is_pending(t) || t->n_in || t->w->n_writes ||
	    (!is_read_at_once && t->q.is_ready))
		return;
	t->w->n_moving--;
	if (t->w->stopping || vq_start(vq, &e)) {
		if (e.code)
			vq_switch_note(vq, &e);
		back_to_tap(vq);
	}
}

static void step_draining(struct vq *vq)
{
	if (vring_has_used(&vq->rx) && !vq->rx.is_broken)
		return;
	vq->t->w->n_moving--;
	vq_empty_rx(vq);
	back_to_tap(vq);
}

void vq_switch_step(struct vq *vq)
{
	if (vq->state == VQ_pausing)
		step_pausing(vq);
	else if (vq->state == VQ_draining)
		step_draining(vq);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ways between vhost-net and the TAP fd. */
#include "io/loop/vq_switch.h"

#include "io/loop/tapq_rx.h"
#include "io/loop/vq_events.h"
#include "io/loop/vq_stop.h"
#include "io/loop/worker.h"

void vq_switch_note(struct vq *vq, enum engine_trouble kind, const struct err *e)
{
	pthread_mutex_lock(&vq->lock);
	vq->error = *e;
	vq->trouble_kind = kind;
	pthread_mutex_unlock(&vq->lock);
}

enum engine_trouble vq_switch_take_note(struct vq *vq, struct err *e)
{
	enum engine_trouble kind;

	pthread_mutex_lock(&vq->lock);
	kind = vq->trouble_kind;
	if (kind != ENGINE_TROUBLE_none)
		*e = vq->error;
	vq->trouble_kind = ENGINE_TROUBLE_none;
	pthread_mutex_unlock(&vq->lock);
	return kind;
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
	uint16_t base = 0;
	int rx = vq_stop_ring(vq, VHOST_RX, NULL, &e);
	int tx = vq_stop_ring(vq, VHOST_TX, &base, &e);

	if (rx || tx)
		vq_switch_note(vq, ENGINE_TROUBLE_left, &e);
	vq_events_unwatch_tap(vq);
	/* what a runaway has been lent stays with it */
	if (!tx)
		vq_switch_gather(vq, base);
	vq->is_hurried = false;
	vq->drain_until = loop_now() + VQ_SWITCH_ROOM_MS * 1000000ull;
	vq_set_state(vq, VQ_draining);
	tapq_serve(t, TAPQ_RX_vhost, t->tap_tx);
	send_again(vq);
	forward_ready(&t->w->forward, &t->q);
	t->w->n_moving++;
	t->w->is_changed = true;
}

static void enter_vhost(struct vq *vq)
{
	struct tapq *t = vq->t;
	struct err e = {0};

	if (vq_stop_refuse(vq, &e))
		vq_switch_note(vq, ENGINE_TROUBLE_left, &e);
	if (t->gone || e.code)
		return;
	tapq_rx_pause(t);
	vq_set_state(vq, VQ_pausing);
	t->w->n_moving++;
	t->w->is_changed = true;
}

void vq_switch_to(struct vq *vq, bool to_vhost)
{
	if (to_vhost && vq->state == VQ_off)
		enter_vhost(vq);
	else if (!to_vhost && vq->state == VQ_on)
		leave_vhost(vq);
}

void vq_switch_give_up(struct vq *vq, const struct err *e)
{
	vq_switch_note(vq, ENGINE_TROUBLE_left, e);
	counter_add(&vq->t->q.count.fallbacks, 1);
	vq_switch_to(vq, false);
}

static void settled(struct vq *vq)
{
	vq->t->w->n_moving--;
	vq->t->w->is_changed = true;
}

static void back_to_tap(struct vq *vq)
{
	struct tapq *t = vq->t;

	vq_set_state(vq, VQ_off);
	tapq_serve(t, t->tap_rx, t->tap_tx);
	tapq_rx_resume(t);
}

/* Has all that the TAP fd brought, and all that went to it, gone its way? */
static bool is_quiet(const struct vq *vq)
{
	const struct tapq *t = vq->t;
	bool is_read_at_once = t->rx == TAPQ_RX_poll || t->rx == TAPQ_RX_epoll;

	/* a queue that is read at once has nothing in between: the rest stays in the TAP
	 */
	return !tapq_rx_is_pending(t) && !t->n_in && !t->w->n_writes &&
	       (is_read_at_once || !t->q.is_ready);
}

bool vq_switch_can_step(const struct vq *vq)
{
	return vq->state == VQ_draining || (vq->state == VQ_pausing && is_quiet(vq));
}

static void step_pausing(struct vq *vq)
{
	struct err e = {0};

	if (!is_quiet(vq))
		return;
	settled(vq);
	if (vq->t->w->stopping || vq_start(vq, &e)) {
		if (e.code)
			vq_switch_note(vq, ENGINE_TROUBLE_left, &e);
		back_to_tap(vq);
	}
}

static void step_draining(struct vq *vq, uint64_t now)
{
	vq->is_hurried = now >= vq->drain_until;
	if (vring_has_used(&vq->rx) && !vq->rx.is_broken)
		return;
	settled(vq);
	if (!vq_stop_is_runaway(vq, VHOST_RX))
		vq_empty_rx(vq);
	back_to_tap(vq);
}

void vq_switch_step(struct vq *vq, uint64_t now)
{
	if (vq->state == VQ_pausing)
		step_pausing(vq);
	else if (vq->state == VQ_draining)
		step_draining(vq, now);
}

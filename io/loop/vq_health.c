/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop, rebuild and resume of a ring that vhost-net no longer serves. */
#include "io/loop/vq_health.h"

#include <errno.h>
#include <unistd.h>

#include "io/loop/vq_debug.h"
#include "io/loop/vq_events.h"
#include "io/loop/vq_switch.h"
#include "io/loop/worker.h"

#define MS 1000000ull

/* Is this the third time within the window? */
static bool is_hopeless(struct vq *vq, uint64_t now)
{
	uint64_t window = VQ_HEALTH_WINDOW_S * 1000 * MS;
	bool third = vq->rebuilt_at[0] && now - vq->rebuilt_at[0] < window;

	vq->rebuilt_at[0] = vq->rebuilt_at[1];
	vq->rebuilt_at[1] = now;
	return third;
}

static void give_up(struct vq *vq, struct err *e)
{
	vq_switch_note(vq, e);
	counter_add(&vq->t->q.count.fallbacks, 1);
	vq_switch_to(vq, false);
}

/* What was gathered goes back into the empty ring, in order. */
static void lend_again(struct vq *vq)
{
	for (unsigned i = 0; i < vq->n_again; i++) {
		struct vring_seg segs[VRING_INDIRECT_MAX];
		unsigned n = 0;

		for (const struct pkt *p = vq->again[i]; p; p = p->next)
			segs[n++] = (struct vring_seg){(uintptr_t)p->data, p->len};
		vq_debug_spoil(&segs[0], vq->again[i], false);
		vring_add(&vq->tx, segs, n, false, vq->again[i]);
	}
	vq->n_again = 0;
}

/*
 * When all that the device has seen is finished, the descriptor that it cannot get
 * past is the first that it has not.
 */
static void drop_culprit(struct vq *vq)
{
	if (!vq->n_again)
		return;
	tapq_tx_drop(vq->t, vq->again[0], DROP_tx_ring_stuck);
	for (unsigned i = 1; i < vq->n_again; i++)
		vq->again[i - 1] = vq->again[i];
	vq->n_again--;
}

static int resume(struct vq *vq, struct vring *ring, enum vhost_ring_idx idx,
		  struct err *e)
{
	int ret;

	vring_reset(ring);
	vq_events_forget(vq, idx);
	ret = vhost_rebase(vq->vhost, idx, 0, e);
	if (!ret)
		ret = vhost_start(vq->vhost, idx, vq->t->fd, e);
	if (!ret && idx == VHOST_TX)
		lend_again(vq);
	worker_dirty(vq->t->w, vq->t); /* published, and kicked, at the end of the turn */
	return ret;
}

static void rebuilt(struct vq *vq, uint64_t now, const char *what, struct err *e)
{
	counter_add(&vq->t->q.count.rebuilds, 1);
	err_set(e, -EIO, "vhost-net %s", what);
	if (is_hopeless(vq, now)) {
		err_prefix(e, "three times in %u s, so the TAP fd is used from now on",
			   VQ_HEALTH_WINDOW_S);
		give_up(vq, e);
	} else {
		err_prefix(e, "its ring was set up again");
		vq_switch_note(vq, e);
	}
}

/*
 * Nothing has moved for a while. Was the thread only slow, or does the TAP take
 * nothing for now (a limited send buffer)? Kicked again and waited for, it has had
 * its chance, however busy the machine is.
 */
static bool is_only_slow(struct vq *vq)
{
	unsigned out = vq->tx.n_out;
	uint64_t one = 1;

	if (vq->tx.is_broken)
		return false;
	if (write(vhost_kick_fd(vq->vhost, VHOST_TX), &one, sizeof(one)) < 0 ||
	    vhost_flush(vq->vhost, NULL))
		return false;
	vq_reclaim(vq);
	return vq->tx.n_out < out || !tapq_is_writable(vq->t);
}

/* is_error: the error eventfd has fired; else nothing was finished for a while. */
static void heal_tx(struct vq *vq, bool is_error, uint64_t now)
{
	struct err e = {0};
	uint16_t base = 0;
	int ret;

	vq->tx_since = 0;
	if (tapq_is_gone(vq->t)) { /* no fault of vhost-net's */
		vq_switch_to(vq, false);
		return;
	}
	if (!is_error && is_only_slow(vq))
		return;
	ret = vhost_stop(vq->vhost, VHOST_TX, &base, &e);
	if (!ret) {
		if (!vq_switch_gather(vq, base))
			drop_culprit(vq);
		ret = resume(vq, &vq->tx, VHOST_TX, &e);
	}
	if (ret)
		give_up(vq, &e);
	else
		rebuilt(vq, now,
			is_error ? "could not use a descriptor of the transmit ring"
				 : "finished with no frame for a while",
			&e);
}

/* Buffers lent for receiving: nothing is lost, frames wait in the TAP. */
static void heal_rx(struct vq *vq, uint64_t now)
{
	struct err e = {0};
	int ret = vhost_stop(vq->vhost, VHOST_RX, NULL, &e);

	/* what has come is forwarded first: the ring is full then, and this is called
	 * again */
	if (!ret && vring_has_used(&vq->rx) && !vq->rx.is_broken) {
		forward_ready(&vq->t->w->forward, &vq->t->q);
		return;
	}
	vq->trouble &= ~(1u << VHOST_RX);
	if (!ret) {
		vq_empty_rx(vq);
		ret = resume(vq, &vq->rx, VHOST_RX, &e);
	}
	if (ret)
		give_up(vq, &e);
	else
		rebuilt(vq, now, "could not use a descriptor of the receive ring", &e);
}

static bool is_stalled(struct vq *vq, uint64_t now)
{
	uint16_t progress = vring_progress(&vq->tx);

	if (!vq->tx.n_out) {
		vq->tx_since = 0;
		return false;
	}
	if (!vq->tx_since || progress != vq->tx_progress) {
		vq->tx_progress = progress;
		vq->tx_since = now;
		return false;
	}
	return now - vq->tx_since >= VQ_HEALTH_STALL_MS * MS;
}

void vq_health_look(struct vq *vq, uint64_t now)
{
	bool tx_error = vq->trouble & 1u << VHOST_TX || vq->tx.is_broken;

	if (vq->state != VQ_on)
		return;
	if (vq->trouble & 1u << VHOST_RX || vq->rx.is_broken)
		heal_rx(vq, now);
	if (vq->state != VQ_on)
		return;
	vq->trouble &= ~(1u << VHOST_TX);
	vq_reclaim(vq);
	if (tx_error || is_stalled(vq, now))
		heal_tx(vq, tx_error, now);
}

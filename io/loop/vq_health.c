/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop, rebuild and resume of a ring that vhost-net no longer serves. */
#include "io/loop/vq_health.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/loop/tapq_try.h"
#include "io/loop/vq_debug.h"
#include "io/loop/vq_events.h"
#include "io/loop/vq_stop.h"
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

static void count_syscalls(struct vq *vq, unsigned n)
{
	counter_add(&vq->t->q.count.syscalls, n);
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
 * past is the first that it has not. 0, or -EAGAIN: it is not that frame's fault, but
 * the TAP takes none for now.
 */
static int settle_culprit(struct vq *vq, bool is_error)
{
	struct pkt *p = vq->n_again ? vq->again[0] : NULL;
	int code = -EFAULT;

	if (!p)
		return 0;
	if (!is_error) {
		count_syscalls(vq, 1);
		code = tapq_try_send(vq->t, p);
	}
	if (code == -ENOMEM || code == -ENOBUFS || code == -EAGAIN)
		return -EAGAIN;
	if (code == 0)
		pool_put(p);
	else
		tapq_tx_drop(vq->t, p,
			     is_error ? DROP_tx_ring_stuck : drop_of_write(code));
	for (unsigned i = 1; i < vq->n_again; i++)
		vq->again[i - 1] = vq->again[i];
	vq->n_again--;
	return 0;
}

static int resume(struct vq *vq, struct vring *ring, enum vhost_ring_idx idx,
		  struct err *e)
{
	int ret;

	vring_reset(ring);
	vq_events_forget(vq, idx);
	count_syscalls(vq, 4);
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
		vq_switch_give_up(vq, e);
	} else {
		err_prefix(e, "its ring was set up again");
		vq_switch_note(vq, ENGINE_TROUBLE_healed, e);
	}
}

/* Told once, until something moves again. */
static void tell_short(struct vq *vq, uint64_t now)
{
	struct err e = {0};

	if (vq->short_since)
		return;
	vq->short_since = now;
	err_set(&e, -ENOMEM, "the kernel has no memory to send frames with; they wait");
	vq_switch_note(vq, ENGINE_TROUBLE_healed, &e);
}

/* Does it last too long to be waited for? */
static bool is_short_for_long(const struct vq *vq, uint64_t now)
{
	return vq->short_since && now - vq->short_since >= VQ_HEALTH_SHORT_S * 1000 * MS;
}

static void forget_short(struct vq *vq)
{
	vq->short_since = 0;
	vq->n_short = 0;
}

/* Let the kernel's thread do what there is to do, however busy the machine is. */
static int kick_and_flush(struct vq *vq, enum vhost_ring_idx ring)
{
	static const uint64_t one = 1;
	int fd = vhost_kick_fd(vq->vhost, ring);

	counter_add(&vq->t->q.count.kicks, 1);
	count_syscalls(vq, 2);
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		return -errno;
	return vhost_flush(vq->vhost, NULL);
}

/*
 * Nothing has moved for a while. Was the thread only slow, or does the TAP take
 * nothing for now (a limited send buffer)? Twice, as the TAP may have begun to take
 * frames just after the thread had looked. 0, or -ETIMEDOUT: it is stuck.
 */
static int wait_for_tx(struct vq *vq)
{
	for (unsigned i = 0; i < 2 && !vq->tx.is_broken; i++) {
		unsigned out = vq->tx.n_out;

		if (kick_and_flush(vq, VHOST_TX))
			break;
		vq_reclaim(vq);
		count_syscalls(vq, 1);
		if (vq->tx.n_out < out || !tapq_is_writable(vq->t))
			return 0;
	}
	return -ETIMEDOUT;
}

/* The same of the receive ring: is there a frame that does not come? */
static int wait_for_rx(struct vq *vq)
{
	uint16_t before = vring_progress(&vq->rx);

	count_syscalls(vq, 1);
	if (!tapq_is_readable(vq->t)) {
		vq_events_watch_tap(vq);
		return 0;
	}
	if (kick_and_flush(vq, VHOST_RX))
		return 0;
	count_syscalls(vq, 1);
	return vring_progress(&vq->rx) == before && tapq_is_readable(vq->t) ? -ETIMEDOUT
									    : 0;
}

/* is_error: the error eventfd has fired; else nothing was finished for a while. */
static void heal_tx(struct vq *vq, bool is_error, uint64_t now)
{
	struct err e = {0};
	bool is_short = false;
	uint16_t base = 0;
	int ret;

	vq->tx_since = 0;
	count_syscalls(vq, 1);
	if (tapq_is_gone(vq->t)) { /* no fault of vhost-net's */
		vq_switch_to(vq, false);
		return;
	}
	if (!is_error && !wait_for_tx(vq))
		return;
	ret = vq_stop_ring(vq, VHOST_TX, &base, &e);
	if (!ret) {
		is_short = !vq_switch_gather(vq, base) && settle_culprit(vq, is_error);
		if (is_short && vq->n_short < VQ_HEALTH_BACK_OFF)
			vq->n_short++;
		ret = resume(vq, &vq->tx, VHOST_TX, &e);
	}
	if (ret)
		vq_switch_give_up(vq, &e);
	else if (is_short && !is_short_for_long(vq, now))
		tell_short(vq, now);
	else
		rebuilt(vq, now,
			is_error   ? "could not use a descriptor of the transmit ring"
			: is_short ? "has had no memory to send with for long"
				   : "finished with no frame for a while",
			&e);
}

/* Buffers lent for receiving: nothing is lost, frames wait in the TAP. */
static void heal_rx(struct vq *vq, uint64_t now)
{
	struct err e = {0};
	int ret = vq_stop_ring(vq, VHOST_RX, NULL, &e);
	const char *why = vq->rx_why;

	/* what has come is forwarded first: the ring is full then, and this is called
	 * again */
	if (!ret && vring_has_used(&vq->rx) && !vq->rx.is_broken) {
		forward_ready(&vq->t->w->forward, &vq->t->q);
		return;
	}
	vq->trouble &= ~(1u << VHOST_RX);
	vq->rx_why = NULL;
	vq->rx_since = 0;
	if (!ret) {
		vq_empty_rx(vq);
		ret = resume(vq, &vq->rx, VHOST_RX, &e);
	}
	if (ret)
		vq_switch_give_up(vq, &e);
	else
		rebuilt(vq, now, why, &e);
}

static bool is_stalled(struct vq *vq, uint64_t now)
{
	uint16_t progress = vring_progress(&vq->tx);

	if (!vq->tx.n_out) {
		vq->tx_since = 0;
		forget_short(vq);
		return false;
	}
	if (!vq->tx_since || progress != vq->tx_progress) {
		if (vq->tx_since) /* else it was set up again */
			forget_short(vq);
		vq->tx_progress = progress;
		vq->tx_since = now;
		return false;
	}
	return now - vq->tx_since >= (VQ_HEALTH_STALL_MS * MS) << vq->n_short;
}

/* The device has buffers, and has used none for long. */
static bool is_rx_still(struct vq *vq, uint64_t now)
{
	uint16_t progress = vring_progress(&vq->rx);

	if (!vq->rx_since || progress != vq->rx_progress ||
	    progress == vq->rx.published) {
		vq->rx_progress = progress;
		vq->rx_since = now;
		return false;
	}
	return now - vq->rx_since >= VQ_HEALTH_RX_MS * MS;
}

static void look_at_rx(struct vq *vq, uint64_t now)
{
	if (vq->trouble & 1u << VHOST_RX || vq->rx.is_broken) {
		vq->rx_why = "could not use a descriptor of the receive ring";
	} else if (!vq->rx_why && is_rx_still(vq, now)) {
		vq->rx_since = now; /* asked once in that time: no frame is the rule */
		if (wait_for_rx(vq))
			vq->rx_why = "gave no frame for a while though some are there";
	}
	if (vq->rx_why)
		heal_rx(vq, now);
}

uint64_t vq_health_limit(const struct vq *vq)
{
	if (vq->state != VQ_on)
		return 0;
	if (vq->tx.n_out || vq->trouble || vq->rx.is_broken || vq->tx.is_broken ||
	    vq->rx_why || vq->is_starved)
		return VQ_HEALTH_LOOK_MS * MS;
	return vq_events_is_tap_watched(vq) ? 0 : VQ_HEALTH_RX_MS * MS;
}

void vq_health_look(struct vq *vq, uint64_t now)
{
	bool tx_error = vq->trouble & 1u << VHOST_TX || vq->tx.is_broken;

	if (vq->state != VQ_on)
		return;
	look_at_rx(vq, now);
	if (vq->state != VQ_on)
		return;
	vq->trouble &= ~(1u << VHOST_TX);
	vq_reclaim(vq);
	if (tx_error || is_stalled(vq, now))
		heal_tx(vq, tx_error, now);
}

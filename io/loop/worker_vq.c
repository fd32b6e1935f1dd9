/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's side of its vqs: wishes, looks, and sleep. */
#include "io/loop/worker_vq.h"

#include "io/loop/tapq_rx.h"
#include "io/loop/vq_events.h"
#include "io/loop/vq_health.h"
#include "io/loop/vq_stop.h"
#include "io/loop/vq_switch.h"

/* A stream of a worker whose queues are all vhost-net's can be batched by any ring. */
static void count_on(struct worker *w)
{
	bool form_a = w->loop.has_ring && w->loop.form == LOOP_FORM_A;

	w->n_vqs_on = 0;
	for (unsigned i = 0; i < w->n_vqs; i++)
		w->n_vqs_on += w->vqs[i]->state == VQ_on;
	w->wait.can_batch = form_a || (w->loop.has_ring && w->n_vqs_on == w->n_rx);
}

static bool has(const struct worker *w, const struct vq *vq)
{
	for (unsigned i = 0; i < w->n_vqs; i++) {
		if (w->vqs[i] == vq)
			return true;
	}
	return false;
}

/* The next vq with a wish that was not seen yet, or NULL. */
static struct vq *next_wish(struct worker *w, bool *wish)
{
	for (unsigned i = 0; i < w->n_views; i++) {
		/* acquire: pairs with the store of engine_vhost.c */
		struct vq *vq = __atomic_load_n(&w->views[i].vq, __ATOMIC_ACQUIRE);

		/* one that is on its way keeps its wish until it has come there */
		if (!vq || vq_switch_is_moving(vq) ||
		    !__atomic_exchange_n(&vq->has_wish, false, __ATOMIC_ACQUIRE))
			continue;
		*wish = __atomic_load_n(&vq->wish, __ATOMIC_RELAXED);
		if (!has(w, vq))
			w->vqs[w->n_vqs++] = vq;
		w->loop.has_more = vq_has_packets;
		w->loop.more_arg = w;
		return vq;
	}
	return NULL;
}

int worker_vq_start(struct worker *w, struct err *e)
{
	struct vq *vq;
	bool wish;

	while ((vq = next_wish(w, &wish))) {
		struct err why = {0};

		if (!wish)
			continue;
		tapq_rx_pause(vq->t);
		if (!vq_start(vq, &why))
			continue;
		if (vq->must_start) {
			*e = why;
			return e->code;
		}
		vq_switch_note(vq, ENGINE_TROUBLE_left, &why);
		tapq_rx_resume(vq->t);
	}
	count_on(w);
	return 0;
}

void worker_vq_take_wishes(struct worker *w)
{
	struct vq *vq;
	bool wish;

	w->is_changed = false;
	while ((vq = next_wish(w, &wish)))
		vq_switch_to(vq, wish);
	count_on(w);
}

void worker_vq_event(struct worker *w, uint64_t tag, int res, bool is_armed)
{
	struct vq *vq = w->views[loop_tag_view(tag)].vq;
	enum vhost_ring_idx ring = (enum vhost_ring_idx)loop_tag_arg(tag);
	bool is_error = loop_tag_kind(tag) == LOOP_vq_err;
	bool is_tap = loop_tag_kind(tag) == LOOP_vq_tap;

	if (is_tap)
		vq_events_take_tap(vq);
	else if (res < 0)
		vq_events_failed(vq, is_error, ring, res);
	else
		vq_events_take(vq, is_error, ring, is_armed);
	if (is_error || is_tap)
		w->look_at = 0;
}

/* Buffers have come home for those that had too few to lend. */
static void feed(struct worker *w)
{
	w->is_starved = false;
	for (unsigned i = 0; i < w->n_vqs; i++) {
		if (w->vqs[i]->is_starved && w->vqs[i]->state == VQ_on)
			worker_dirty(w, w->vqs[i]->t);
	}
}

void worker_vq_begin(struct worker *w)
{
	uint64_t now = loop_now();

	vq_poll(w);
	for (unsigned i = 0; w->n_moving && i < w->n_vqs; i++)
		vq_switch_step(w->vqs[i], now);
	if (now >= w->look_at) {
		w->look_at = now + VQ_HEALTH_LOOK_MS * 1000000ull;
		for (unsigned i = 0; i < w->n_vqs; i++)
			vq_health_look(w->vqs[i], now);
	}
	if (w->is_starved && w->pool.n_free)
		feed(w);
	if (w->is_changed && !w->stopping)
		worker_vq_take_wishes(w);
}

bool worker_vq_can_step(const struct worker *w)
{
	for (unsigned i = 0; w->n_moving && i < w->n_vqs; i++) {
		if (vq_switch_can_step(w->vqs[i]))
			return true;
	}
	return false;
}

bool worker_vq_has_runaway(const struct worker *w)
{
	for (unsigned i = 0; i < w->n_vqs; i++) {
		if (vq_stop_has_runaway(w->vqs[i]))
			return true;
	}
	return false;
}

void worker_vq_arm(struct worker *w)
{
	for (struct tapq *t = w->dirty; t; t = t->next_dirty) {
		if (t->rx == TAPQ_RX_vhost)
			vq_arm(t->vq);
	}
}

bool worker_vq_can_sleep(struct worker *w, bool was_empty, struct loop_sleep *how)
{
	unsigned ahead = how->batch_ns && !was_empty ? WAIT_BATCH_PACKETS : 1;

	if (vq_cool(w, ahead))
		return false;
	/* calls come for `ahead` packets: after the time of a batch, look without one */
	if (ahead > 1 && w->n_vqs_on) {
		if (w->n_vqs_on < w->n_rx)
			how->want = WAIT_BATCH_PACKETS;
		how->limit_ns = how->batch_ns;
	}
	if (w->n_vqs_on)
		how->batch_ns = 0;
	if (how->limit_ns)
		return true;
	for (unsigned i = 0; i < w->n_vqs; i++) {
		uint64_t limit = vq_health_limit(w->vqs[i]);

		if (limit && (!how->limit_ns || limit < how->limit_ns))
			how->limit_ns = limit;
	}
	return true;
}

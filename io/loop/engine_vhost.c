/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of the engine that vhost-net serves: at start, and while it runs. */
#include "io/loop/engine_vhost.h"

#include <errno.h>

#include "io/loop/vq_switch.h"

/* The view of a queue by the worker that receives from it, or NULL. */
static struct tapq *view_of(const struct engine *g, unsigned port, unsigned queue)
{
	unsigned v = g->first_view[port] + queue;

	return g->placed[v] < 0 ? NULL : &g->workers[g->placed[v]].views[v];
}

unsigned engine_vhost_n_queues(const struct engine *g, unsigned worker)
{
	unsigned n = 0;

	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		const struct port *port = &g->conf.ports[p];

		if (!port->vnet_hdr || vhost_can(NULL))
			continue;
		for (unsigned i = 0; i < port->n_queues; i++)
			n += g->placed[g->first_view[p] + i] == (int)worker;
	}
	return n;
}

static int open_one(struct tapq *t, const struct port *port, struct err *e)
{
	unsigned queue = t->q.queue_idx;
	struct vq *vq;
	int ret;

	if (!t->w->vq_rx_max)
		return err_set(e, -E2BIG,
			       "port '%s': worker %u receives from %u queues, too many "
			       "for vhost-net; use more workers (--workers)",
			       port->spec.id, t->w->idx, t->w->n_rx);
	ret = vq_open(&vq, t, port->vhost[queue], t->w->vq_rx_max, e);

	if (ret) {
		err_prefix(e, "port '%s': queue %u", port->spec.id, queue);
		return ret;
	}
	vq->must_start = port_spec_vhost(&port->spec) == TRI_on;
	/* release: pairs with the worker's acquire in worker_vq.c */
	__atomic_store_n(&t->vq, vq, __ATOMIC_RELEASE);
	return 0;
}

static void wish(struct vq *vq, bool on)
{
	__atomic_store_n(&vq->wish, on, __ATOMIC_RELAXED);
	__atomic_store_n(&vq->has_wish, true, __ATOMIC_RELEASE);
}

int engine_vhost_open(struct engine *g, struct worker *w, struct err *e)
{
	for (unsigned v = 0; v < g->n_views; v++) {
		struct tapq *t = &w->views[v];
		const struct port *port = &g->conf.ports[t->q.port_idx];
		int ret;

		if (t->rx == TAPQ_RX_off || !port->vhost[t->q.queue_idx])
			continue;
		ret = open_one(t, port, e);
		if (ret && port_spec_vhost(&port->spec) == TRI_on)
			return ret;
		if (!ret)
			wish(t->vq, true);
		else if (g->conf.log)
			g->conf.log(e->text);
	}
	return 0;
}

int engine_vhost_switch(struct engine *g, unsigned port, bool on, struct err *e)
{
	const struct port *p = &g->conf.ports[port];

	for (unsigned i = 0; i < p->n_queues; i++) {
		struct tapq *t = view_of(g, port, i);
		int ret = 0;

		if (t && on && !p->vhost[i])
			ret = err_set(e, -EOPNOTSUPP, "port '%s': no vhost-net fd",
				      p->spec.id);
		else if (t && on && !t->vq)
			ret = open_one(t, p, e);
		if (ret)
			return ret;
	}
	for (unsigned i = 0; i < p->n_queues; i++) {
		struct tapq *t = view_of(g, port, i);

		if (!t || !t->vq)
			continue;
		wish(t->vq, on);
		worker_wish(t->w);
	}
	return 0;
}

bool engine_vhost_is_on(const struct engine *g, unsigned port)
{
	for (unsigned i = 0; i < g->conf.ports[port].n_queues; i++) {
		const struct tapq *t = view_of(g, port, i);

		if (t && __atomic_load_n(&t->rx, __ATOMIC_RELAXED) == TAPQ_RX_vhost)
			return true;
	}
	return false;
}

bool engine_vhost_error(const struct engine *g, unsigned port, unsigned queue,
			struct err *e)
{
	struct tapq *t = view_of(g, port, queue);

	return t && t->vq && vq_switch_take_note(t->vq, e);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of the engine that vhost-net serves: at start, and while it runs. */
#include "io/loop/engine_vhost.h"

#include <errno.h>

#include "io/loop/vq_stop.h"
#include "io/loop/vq_switch.h"

/* The view of a queue by the worker that receives from it, or NULL. */
static struct tapq *view_of(const struct engine *g, unsigned port, unsigned queue)
{
	unsigned v = g->first_view[port] + queue;

	return g->placed[v] < 0 ? NULL : &g->workers[g->placed[v]].views[v];
}

/* Queues of a worker: those that have vhost-net fds, or all that could. */
static unsigned count(const struct engine *g, unsigned worker, bool only_attached)
{
	unsigned n = 0;

	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		const struct port *port = &g->conf.ports[p];

		if (!port->vnet_hdr || vhost_can(NULL) ||
		    (only_attached && !port_vhost_is_attached(port)))
			continue;
		for (unsigned i = 0; i < port->n_queues; i++)
			n += g->placed[g->first_view[p] + i] == (int)worker;
	}
	return n;
}

unsigned engine_vhost_n_queues(const struct engine *g, unsigned worker, unsigned n_rx)
{
	unsigned n = count(g, worker, false);

	return worker_has_room(n_rx, n) ? n : count(g, worker, true);
}

static int check_room(const struct worker *w, struct err *e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_views; i++)
		n += w->views[i].vq != NULL;
	if (n < w->vq_room)
		return 0;
	return err_set(e, -E2BIG,
		       "worker %u receives from %u queues and has room for %u with "
		       "vhost-net; use more workers (--workers)",
		       w->idx, w->n_rx, w->vq_room);
}

static int open_one(struct tapq *t, const struct port *port, struct err *e)
{
	unsigned queue = t->q.queue_idx;
	int ret = check_room(t->w, e);
	struct vq *vq;

	if (ret)
		return ret;
	ret = vq_open(&vq, t, port->vhost[queue], t->w->vq_rx_max, e);
	if (ret) {
		err_prefix(e, "queue %u", queue);
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

/* All queues of a port, or none. */
static int open_port(struct engine *g, unsigned port, struct err *e)
{
	const struct port *p = &g->conf.ports[port];
	int ret = 0;

	for (unsigned i = 0; i < p->n_queues && !ret; i++) {
		struct tapq *t = view_of(g, port, i);

		if (t)
			ret = open_one(t, p, e);
		if (t && !ret)
			wish(t->vq, true);
	}
	for (unsigned i = 0; i < p->n_queues && ret; i++) {
		struct tapq *t = view_of(g, port, i);

		if (t)
			vq_close(&t->vq);
	}
	return ret;
}

int engine_vhost_open(struct engine *g, struct err *e)
{
	for (unsigned i = 0; i < g->conf.n_ports; i++) {
		struct port *p = &g->conf.ports[i];
		struct err why = {0};

		if (!port_vhost_is_attached(p) || !open_port(g, i, &why))
			continue;
		if (port_spec_vhost(&p->spec) == TRI_on) {
			err_prefix(&why, "port '%s'", p->spec.id);
			if (e)
				*e = why;
			return why.code;
		}
		port_vhost_give_up(p, why.text);
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
		else if (t && on)
			ret = vq_stop_refuse(t->vq, e);
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

/* A wish that is not taken yet counts, then the way that the queue goes. */
static bool is_wanted(const struct vq *vq)
{
	enum vq_state state = __atomic_load_n(&vq->state, __ATOMIC_RELAXED);

	if (__atomic_load_n(&vq->has_wish, __ATOMIC_RELAXED))
		return __atomic_load_n(&vq->wish, __ATOMIC_RELAXED);
	return state == VQ_on || state == VQ_pausing;
}

bool engine_vhost_is_wanted(const struct engine *g, unsigned port)
{
	for (unsigned i = 0; i < g->conf.ports[port].n_queues; i++) {
		const struct tapq *t = view_of(g, port, i);

		if (t && t->vq && is_wanted(t->vq))
			return true;
	}
	return false;
}

enum engine_trouble engine_vhost_trouble(const struct engine *g, unsigned port,
					 unsigned queue, struct err *e)
{
	struct tapq *t = view_of(g, port, queue);

	return t && t->vq ? vq_switch_take_note(t->vq, e) : ENGINE_TROUBLE_none;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue views of the workers, and what is connected to what.
 *
 * How it works: view v of each worker is queue v of the ports laid end to end
 * (first_view[port] + queue). The attached queues are placed on the workers
 * round robin, the two queues of a cross-connect together where there are
 * enough of them to keep every worker busy; a worker's view of a queue that
 * another one receives only sends.
 */
#include "io/loop/engine_views.h"

#include "core/offload.h"
#include "core/xconnect.h"
#include "io/compat.h"
#include "io/loop/engine_bridge.h"

enum tapq_rx engine_views_rx(enum loop_form form, enum port_io io)
{
	if (io == PORT_IO_epoll)
		return TAPQ_RX_epoll;
	switch (form) {
	case LOOP_FORM_E:
		return TAPQ_RX_epoll;
	case LOOP_FORM_D:
		return TAPQ_RX_poll;
	case LOOP_FORM_C:
		return TAPQ_RX_batch;
	default:
		return TAPQ_RX_mshot;
	}
}

/* What a port's device takes undone; USO is younger than the rest (6.2). */
static unsigned caps_of(const struct port *port)
{
	if (!port->vnet_hdr)
		return 0;
	return port->offloads_can & TUN_F_USO4 ? OFFLOAD_ALL : OFFLOAD_ALL & ~OFFLOAD_USO;
}

static enum tapq_tx tx_kind(const struct engine *g, const struct port *port)
{
	enum loop_form form = g->form;
	const struct port_spec *spec = &port->spec;

	if (spec->io == PORT_IO_epoll || form == LOOP_FORM_E)
		return TAPQ_TX_write;
	if (form != LOOP_FORM_D)
		return TAPQ_TX_skip;
	/* buffers of segments and of flooded copies must come home within the turn */
	if (g->conf.n_bridges || caps_of(port) != OFFLOAD_ALL)
		return TAPQ_TX_write;
	/* a limited send buffer, or one that a giver can limit, may be full */
	return spec->has_sndbuf || port_spec_source(spec) == PORT_SOURCE_fds
		       ? TAPQ_TX_write
		       : TAPQ_TX_cqe;
}

/* Which pair a port is in, or NULL. */
static const struct engine_pair *pair_of(const struct engine *g, unsigned port)
{
	for (unsigned i = 0; i < g->conf.n_pairs; i++) {
		if (g->conf.pairs[i].a == port || g->conf.pairs[i].b == port)
			return &g->conf.pairs[i];
	}
	return NULL;
}

static void put_on(struct engine *g, unsigned port, unsigned queue, unsigned worker,
		   unsigned *n_rx)
{
	const struct port *p = &g->conf.ports[port];

	if (queue >= p->n_queues || !p->enabled[queue])
		return;
	g->placed[g->first_view[port] + queue] = (int)(worker % g->conf.n_workers);
	n_rx[worker % g->conf.n_workers]++;
}

/* Queue i of both ports of a pair on one worker, which so sees both directions. */
static void place_pairs(struct engine *g, unsigned *n_rx)
{
	unsigned next = 0;

	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		const struct engine_pair *pair = pair_of(g, p);
		unsigned n = g->conf.ports[p].n_queues;

		if (pair && pair->b == p)
			continue; /* placed with the other */
		if (pair && g->conf.ports[pair->b].n_queues > n)
			n = g->conf.ports[pair->b].n_queues;
		for (unsigned i = 0; i < n; i++, next++) {
			put_on(g, p, i, next, n_rx);
			if (pair)
				put_on(g, pair->b, i, next, n_rx);
		}
	}
}

/* Each queue on the next worker. */
static void place_singly(struct engine *g, unsigned *n_rx)
{
	unsigned next = 0;

	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		for (unsigned i = 0; i < g->conf.ports[p].n_queues; i++)
			put_on(g, p, i, next++, n_rx);
	}
}

void engine_views_place(struct engine *g, unsigned *n_rx)
{
	unsigned v = 0, n_paired = 0;

	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		g->first_view[p] = v;
		for (unsigned i = 0; i < g->conf.ports[p].n_queues; i++)
			g->placed[v++] = -1;
	}
	for (unsigned i = 0; i < g->conf.n_pairs; i++)
		n_paired += g->conf.ports[g->conf.pairs[i].a].n_queues;
	if (n_paired >= g->conf.n_workers)
		place_pairs(g, n_rx);
	else
		place_singly(g, n_rx);
}

static void fill_views(struct engine *g, struct worker *w)
{
	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		const struct port *port = &g->conf.ports[p];

		for (unsigned i = 0; i < port->n_queues; i++) {
			unsigned v = g->first_view[p] + i;
			struct tapq *t = &w->views[v];
			bool here = g->placed[v] == (int)w->idx;
			enum port_io io = port->spec.io;

			tapq_init(t, w, v, port->fds[i], port->vnet_hdr);
			t->q.caps = caps_of(port);
			t->q.port_idx = (uint16_t)p;
			t->q.queue_idx = (uint16_t)i;
			t->q.flow_seed = g->flow_seed;
			t->is_shared = port_spec_source(&port->spec) == PORT_SOURCE_fds;
			t->tap_rx = here ? engine_views_rx(g->form, io) : TAPQ_RX_off;
			t->tap_tx = port->enabled[i] ? tx_kind(g, port) : TAPQ_TX_off;
			tapq_serve(t, t->tap_rx, t->tap_tx);
		}
	}
}

struct queue *const *engine_views_outputs(struct engine *g, struct worker *w,
					  unsigned port, unsigned *n)
{
	struct queue **outs = g->outs + (size_t)w->idx * g->n_views + g->first_view[port];
	const struct port *p = &g->conf.ports[port];

	*n = 0;
	for (unsigned i = 0; i < p->n_queues; i++) {
		if (p->enabled[i])
			outs[(*n)++] = &w->views[g->first_view[port] + i].q;
	}
	if (!*n)
		outs[(*n)++] = &w->views[g->first_view[port]].q;
	return outs;
}

/* Frames of port a go to port b. */
static void connect_port(struct engine *g, struct worker *w, unsigned a, unsigned b)
{
	const struct port *from = &g->conf.ports[a];
	unsigned n_out, n_in = 0, idx = 0, first;
	struct queue *const *outs = engine_views_outputs(g, w, b, &n_out);

	for (unsigned i = 0; i < from->n_queues; i++)
		n_in += from->enabled[i];
	for (unsigned i = 0; i < from->n_queues; i++) {
		struct tapq *t = &w->views[g->first_view[a] + i];

		if (!from->enabled[i])
			continue;
		t->q.n_out = xconnect_fan_out(idx++, n_in, n_out, &first);
		t->q.out = outs + first;
	}
}

void engine_views_fill(struct engine *g, struct worker *w)
{
	fill_views(g, w);
	for (unsigned i = 0; i < g->conf.n_pairs; i++) {
		connect_port(g, w, g->conf.pairs[i].a, g->conf.pairs[i].b);
		connect_port(g, w, g->conf.pairs[i].b, g->conf.pairs[i].a);
	}
	engine_bridge_fill(g, w);
}

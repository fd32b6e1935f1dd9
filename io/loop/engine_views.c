/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue views of the workers, and what is connected to what.
 *
 * How it works: view v of each worker is queue v of the ports laid end to end
 * (first_view[port] + queue). The attached queues are placed on the workers
 * round robin; a worker's view of a queue that another one receives only sends.
 */
#include "io/loop/engine_views.h"

#include "core/xconnect.h"

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

static enum tapq_tx tx_kind(enum loop_form form, enum port_io io)
{
	if (io == PORT_IO_epoll || form == LOOP_FORM_E)
		return TAPQ_TX_write;
	return form == LOOP_FORM_D ? TAPQ_TX_cqe : TAPQ_TX_skip;
}

void engine_views_place(struct engine *g, unsigned *n_rx)
{
	unsigned next = 0, v = 0;

	for (unsigned p = 0; p < g->conf.n_ports; p++) {
		const struct port *port = &g->conf.ports[p];

		g->first_view[p] = v;
		for (unsigned i = 0; i < port->n_queues; i++, v++) {
			g->placed[v] = -1;
			if (!port->enabled[i])
				continue;
			g->placed[v] = (int)(next++ % g->conf.n_workers);
			n_rx[g->placed[v]]++;
		}
	}
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
			t->q.port_idx = (uint16_t)p;
			t->q.queue_idx = (uint16_t)i;
			t->q.flow_seed = g->flow_seed;
			tapq_serve(t, here ? engine_views_rx(g->form, io) : TAPQ_RX_off,
				   port->enabled[i] ? tx_kind(g->form, io) : TAPQ_TX_off);
		}
	}
}

/*
 * Frames of port a go to port b. outs holds the attached queues of b, in
 * order, at b's place; with none attached, b's first queue counts the drops.
 */
static void connect_port(struct engine *g, struct worker *w, unsigned a, unsigned b)
{
	const struct port *from = &g->conf.ports[a], *to = &g->conf.ports[b];
	struct queue **outs = g->outs + (size_t)w->idx * g->n_views + g->first_view[b];
	unsigned n_out = 0, n_in = 0, idx = 0, first;

	for (unsigned i = 0; i < to->n_queues; i++) {
		if (to->enabled[i])
			outs[n_out++] = &w->views[g->first_view[b] + i].q;
	}
	if (!n_out)
		outs[n_out++] = &w->views[g->first_view[b]].q;
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
}

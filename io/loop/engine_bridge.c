/* SPDX-License-Identifier: BSD-2-Clause */
/* The bridges of an engine. */
#include "io/loop/engine_bridge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "io/compat.h"
#include "io/loop/mem.h"

/* --- start and end ---------------------------------------------------------------- */

static int open_table(struct engine_bridge *b, const struct engine_bridge_conf *c,
		      struct err *e)
{
	struct fdb_conf conf = {
		.n_macs = c->n_macs, .n_ports = c->n_ports, .ageing_ms = c->ageing_ms};
	uint64_t now = loop_now();

	if (getrandom(&conf.seed, sizeof(conf.seed), 0) < 0)
		return err_set(e, -errno, "getrandom: %s", strerror(errno));
	b->fdb_mem = mem_open("MAC table", fdb_mem_len(&conf), e);
	if (!b->fdb_mem)
		return e->code;
	fdb_init(&b->fdb, b->fdb_mem, &conf, now / 1000000);
	b->aged_ns = now;
	b->ageing_ms = c->ageing_ms;
	return 0;
}

static int open_one(struct engine *g, struct engine_bridge *b,
		    const struct engine_bridge_conf *c, struct err *e)
{
	int ret;

	b->br = (struct bridge){
		.fdb = &b->fdb,
		.ports = calloc(c->n_ports, sizeof(*b->br.ports)),
		.n_ports = c->n_ports,
		.vlan_filtering = c->vlan_filtering,
		.vlan_proto = c->vlan_proto,
		.group_fwd_mask = c->group_fwd_mask,
	};
	b->workers = calloc(g->conf.n_workers, sizeof(*b->workers));
	b->outs = calloc((size_t)g->conf.n_workers * c->n_ports, sizeof(*b->outs));
	b->n_down = calloc(c->n_ports, sizeof(*b->n_down));
	if (!b->br.ports || !b->workers || !b->outs || !b->n_down)
		return err_set(e, -ENOMEM, "no memory for %u ports", c->n_ports);
	ret = open_table(b, c, e);
	for (unsigned i = 0; i < c->n_ports && !ret; i++) {
		const struct port_bridge *how = &g->conf.ports[c->ports[i]].spec.bridge;

		port_bridge_apply(how, &b->br.ports[i]);
		fdb_limit(&b->fdb, i, how->mac_limit);
	}
	return ret;
}

int engine_bridge_open(struct engine *g, struct err *e)
{
	g->bridges = calloc(g->conf.n_bridges + 1, sizeof(*g->bridges));
	if (!g->bridges)
		return err_set(e, -ENOMEM, "no memory for %u bridges", g->conf.n_bridges);
	for (unsigned i = 0; i < g->conf.n_bridges; i++) {
		struct err why = {0};
		int ret = open_one(g, &g->bridges[i], &g->conf.bridges[i], &why);

		if (!ret)
			continue;
		err_prefix(&why, "bridge '%s'", g->conf.bridges[i].name);
		if (e)
			*e = why;
		return ret;
	}
	return 0;
}

void engine_bridge_close(struct engine *g)
{
	for (unsigned i = 0; g->bridges && i < g->conf.n_bridges; i++) {
		struct engine_bridge *b = &g->bridges[i];
		const struct engine_bridge_conf *c = &g->conf.bridges[i];
		const struct fdb_conf size = {.n_macs = c->n_macs, .n_ports = c->n_ports};

		if (b->fdb_mem)
			munmap(b->fdb_mem, fdb_mem_len(&size));
		free(b->br.ports);
		free(b->workers);
		free(b->outs);
		free(b->n_down);
	}
	free(g->bridges);
	g->bridges = NULL;
}

/* What the others of its bridge can take, or core/offload can do instead: all but UFO. */
static unsigned offloads_for(const struct engine *g, const struct engine_bridge_conf *c,
			     unsigned member)
{
	unsigned ufo = TUN_F_UFO;

	for (unsigned k = 0; k < c->n_ports; k++) {
		const struct port *p = &g->conf.ports[c->ports[k]];

		if (k != member)
			ufo &= p->vnet_hdr ? p->offloads_can : 0;
	}
	return g->conf.ports[c->ports[member]].offloads_can &
	       (ufo | ~(unsigned)TUN_F_UFO);
}

int engine_bridge_offloads(struct engine *g, struct err *e)
{
	for (unsigned i = 0; i < g->conf.n_bridges; i++) {
		const struct engine_bridge_conf *c = &g->conf.bridges[i];

		for (unsigned to = 0; to < c->n_ports; to++) {
			struct port *p = &g->conf.ports[c->ports[to]];
			int ret = 0;

			if (p->vnet_hdr)
				ret = port_set_offloads(p, offloads_for(g, c, to), e);
			if (ret)
				return ret;
		}
	}
	return 0;
}

void engine_bridge_fill(struct engine *g, struct worker *w)
{
	for (unsigned i = 0; i < g->conf.n_bridges; i++) {
		struct engine_bridge *b = &g->bridges[i];
		const struct engine_bridge_conf *c = &g->conf.bridges[i];
		struct bridge_out *outs = b->outs + (size_t)w->idx * c->n_ports;
		struct bridge_worker *bw = &b->workers[w->idx];

		*bw = (struct bridge_worker){
			.bridge = &b->br,
			.outs = outs,
			.pool = &w->pool,
			.flow_seed = g->flow_seed,
		};
		for (unsigned k = 0; k < c->n_ports; k++) {
			unsigned port = c->ports[k];
			struct tapq *t = &w->views[g->first_view[port]];

			outs[k].queues = engine_views_outputs(g, w, port, &outs[k].n);
			for (unsigned q = 0; q < g->conf.ports[port].n_queues; q++) {
				t[q].q.bridge = bw;
				t[q].q.bridge_port = k;
			}
		}
	}
}

/* --- while it runs ---------------------------------------------------------------- */

/* As much of the table as two rounds in the ageing time make. */
static uint32_t share(const struct engine_bridge *b, uint64_t passed_ms)
{
	uint64_t n_buckets = (uint64_t)b->fdb.mask + 1, n;

	if (!b->ageing_ms)
		return 0;
	if (passed_ms > b->ageing_ms)
		passed_ms = b->ageing_ms;
	n = 2 * n_buckets * passed_ms / b->ageing_ms + 1;
	return (uint32_t)(n < n_buckets ? n : n_buckets);
}

/* Frames that found the link of a port down, or the device gone. */
static uint64_t count_down(const struct engine *g, unsigned port)
{
	struct counters sum = {0};

	for (unsigned i = 0; i < g->conf.ports[port].n_queues; i++)
		engine_queue_counters(g, port, i, &sum);
	return sum.drops[DROP_tx_link_down] + sum.drops[DROP_tx_gone];
}

/*
 * Behind a port whose link is down nobody is: as in Linux its addresses are forgotten,
 * here when a frame to one of them shows it, so that what has moved is found.
 */
static void flush_down(struct engine *g, unsigned bridge)
{
	struct engine_bridge *b = &g->bridges[bridge];

	for (unsigned i = 0; i < b->br.n_ports; i++) {
		const struct fdb_which which = {.port = (int)i, .vid = -1};
		uint64_t n;

		if (!fdb_count(&b->fdb, i))
			continue;
		n = count_down(g, g->conf.bridges[bridge].ports[i]);
		if (n != b->n_down[i])
			b->n_flushed += fdb_flush(&b->fdb, &which);
		b->n_down[i] = n;
	}
}

void engine_bridge_age(struct engine *g)
{
	uint64_t now = loop_now();

	for (unsigned i = 0; i < g->conf.n_bridges; i++) {
		struct engine_bridge *b = &g->bridges[i];
		uint64_t passed_ms = (now - b->aged_ns) / 1000000;

		b->aged_ns = now;
		fdb_age(&b->fdb, fdb_tick(&b->fdb, now / 1000000), share(b, passed_ms));
		flush_down(g, i);
	}
}

unsigned engine_bridge_count(const struct engine *g)
{
	return g->conf.n_bridges;
}

void engine_bridge_stats(const struct engine *g, unsigned bridge,
			 struct engine_bridge_stats *st)
{
	const struct engine_bridge *b = &g->bridges[bridge];

	*st = (struct engine_bridge_stats){.name = g->conf.bridges[bridge].name,
					   .n_ports = b->br.n_ports,
					   .flushed = b->n_flushed};
	for (unsigned i = 0; i < b->br.n_ports; i++) {
		const struct fdb_port *p = &b->fdb.ports[i];

		st->entries += fdb_count(&b->fdb, i);
		st->moves += __atomic_load_n(&p->n_moves, __ATOMIC_RELAXED);
		st->evicted += __atomic_load_n(&p->n_evicted, __ATOMIC_RELAXED);
		st->refused_limit += __atomic_load_n(&p->n_limit, __ATOMIC_RELAXED);
		st->refused_full += __atomic_load_n(&p->n_full, __ATOMIC_RELAXED);
	}
}

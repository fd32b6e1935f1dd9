/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine_lab whose ports have (a stand-in for) vhost-net fds. */
#ifndef TESTS_UNIT_VHOST_LAB_H
#define TESTS_UNIT_VHOST_LAB_H

#include "tests/unit/engine_lab.h"
#include "tests/unit/fake_stage.h"

#include "io/loop/engine_vhost.h"
#include "io/loop/vq.h"

/* Ports of the lab, those in `which` (bits) with a vhost-net fd for each queue. */
static inline void open_vhost(struct engine_lab *l, unsigned way, unsigned which,
			      const char *const *options)
{
	const struct vhost_conf conf = {.fd = -1};

	fake = (struct fake_mode){0};
	open_way(l, way, 2, options);
	for (unsigned p = 0; p < 2; p++) {
		if (!(which & 1u << p))
			continue;
		l->ports[p].spec.vhost = TRI_on;
		for (unsigned q = 0; q < l->ports[p].n_queues; q++)
			vhost_open(&l->ports[p].vhost[q], &conf, NULL);
	}
}

/* The engine first: its workers use what the port has. */
static inline void close_vhost(struct engine_lab *l)
{
	engine_stop(&l->g);
	for (unsigned p = 0; p < l->conf.n_ports; p++) {
		for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
			vhost_close(&l->ports[p].vhost[q]);
	}
	lab_close(l);
}

static inline struct counters both(const struct engine_lab *l)
{
	struct counters a = lab_counters(l, 0), b = lab_counters(l, 1);

	counters_add(&a, &b);
	return a;
}

struct toggling {
	struct engine_lab *l;
	bool stop;
	bool only; /* port 1 alone */
	unsigned n;
};

/* To the other way and back, as soon as the one before has come about. */
static inline void *toggle(void *arg)
{
	struct toggling *t = arg;

	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		unsigned port = t->only || __atomic_load_n(&t->n, __ATOMIC_RELAXED) % 2;
		bool on = !engine_vhost_is_on(t->l->g, port);
		struct err e = {0};

		assert_int_equal(engine_vhost_switch(t->l->g, port, on, &e), 0);
		lab_wait_for(engine_vhost_is_on(t->l->g, port) == on);
		__atomic_add_fetch(&t->n, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* A worker that has nothing to do sleeps. */
static inline void check_idle(const struct engine_lab *l)
{
	struct engine_worker_stats before, after;

	poll(NULL, 0, 100);
	engine_worker_stats(l->g, 0, &before);
	poll(NULL, 0, 200);
	engine_worker_stats(l->g, 0, &after);
	assert_true(after.enters - before.enters < 20);
}

/* The worker's own part of a queue, to be read when the worker does not use it. */
static inline const struct vq *lab_vq(const struct engine_lab *l, unsigned port)
{
	const struct engine *g = l->g;

	return g->workers[0].views[g->first_view[port]].vq;
}

static inline void wait_for_rebuilds(const struct engine_lab *l, unsigned n)
{
	lab_wait_for(both(l).rebuilds >= n);
}

static inline unsigned n_healed(const struct engine_lab *l)
{
	struct counters c = both(l);

	return (unsigned)(c.rebuilds + c.fallbacks);
}

static inline void check_trouble(const struct engine_lab *l, unsigned port,
				 enum engine_trouble want, const char *words)
{
	enum engine_trouble kind;
	struct err e = {0};

	lab_wait_for((kind = engine_vhost_trouble(l->g, port, 0, &e)) !=
		     ENGINE_TROUBLE_none);
	assert_int_equal(kind, want);
	assert_non_null(strstr(e.text, words));
}

static inline const char *lab_begin(void)
{
	const char *no_lab = lab_enter();

	if (no_lab)
		return no_lab;
	warm_up();
	best = lab_best_form();
	return NULL;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine_lab whose ports have (a stand-in for) vhost-net fds. */
#ifndef TESTS_UNIT_VHOST_LAB_H
#define TESTS_UNIT_VHOST_LAB_H

#include "tests/unit/engine_lab.h"
#include "tests/unit/fake_stage.h"

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

#endif

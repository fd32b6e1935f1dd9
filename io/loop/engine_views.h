/* SPDX-License-Identifier: BSD-2-Clause */
/* struct engine, and the laying out of its queue views; for engine.c alone. */
#ifndef IO_LOOP_ENGINE_VIEWS_H
#define IO_LOOP_ENGINE_VIEWS_H

#include <semaphore.h>

#include "io/loop/engine.h"
#include "io/loop/worker.h"

struct engine_bridge;

struct engine {
	struct engine_conf conf;
	enum loop_form form;
	unsigned *first_view; /* of each port */
	unsigned n_views;
	int *placed; /* worker of each view, -1 = detached */
	struct worker *workers;
	struct queue *
		*outs; /* for each worker: n_views pointers, see engine_views_outputs */
	struct engine_bridge *bridges; /* conf.n_bridges, see engine_bridge.h */
	uint64_t flow_seed;
	bool nowait; /* TAPs take RWF_NOWAIT */
	sem_t started;
	bool has_sem;
	bool attach_failed;
};

/* Place the attached queues on the workers, round robin; n_rx[worker] counts them. */
void engine_views_place(struct engine *g, unsigned *n_rx);

/* Fill w->views (worker_open made room), connect the pairs of ports and the bridges. */
void engine_views_fill(struct engine *g, struct worker *w);

/*
 * The worker's views of the attached queues of a port, in order, *n of them; with none
 * attached its first queue, which counts the drops. They stay the engine's.
 */
struct queue *const *engine_views_outputs(struct engine *g, struct worker *w,
					  unsigned port, unsigned *n);

/* How a port with this io= is received in this form. */
enum tapq_rx engine_views_rx(enum loop_form form, enum port_io io);

#endif

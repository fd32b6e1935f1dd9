/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of the engine that vhost-net serves. */
#ifndef IO_LOOP_ENGINE_VHOST_H
#define IO_LOOP_ENGINE_VHOST_H

#include "io/loop/engine_views.h"
#include "io/loop/worker.h"

/* How many queues of a worker may ever be served by vhost-net. */
unsigned engine_vhost_n_queues(const struct engine *g, unsigned worker);

/*
 * Before the worker's thread starts, its views filled: make the rings of each queue
 * that has a vhost-net fd. Fails only if vhost=on asks for it.
 */
int engine_vhost_open(struct engine *g, struct worker *w, struct err *e);

/*
 * From the control thread: let vhost-net serve a port's queues (which have their
 * vhost-net fds), or their TAP fds. The workers do it when they are woken; what
 * fails there is told by engine_vhost_error.
 */
int engine_vhost_switch(struct engine *g, unsigned port, bool on, struct err *e);

/* Does vhost-net serve any queue of the port now? */
bool engine_vhost_is_on(const struct engine *g, unsigned port);

/* From the control thread: the last trouble of a queue that was not asked for yet. */
bool engine_vhost_error(const struct engine *g, unsigned port, unsigned queue,
			struct err *e);

#endif

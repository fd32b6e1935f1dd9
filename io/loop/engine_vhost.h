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

#endif

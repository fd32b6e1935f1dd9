/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of the engine that vhost-net serves. */
#ifndef IO_LOOP_ENGINE_VHOST_H
#define IO_LOOP_ENGINE_VHOST_H

#include "io/loop/engine_views.h"
#include "io/loop/worker.h"

/*
 * For how many queues of a worker that receives from n_rx there is to be room: all
 * that may ever be served by vhost-net, or where those are too many, all that are
 * to be from the start.
 */
unsigned engine_vhost_n_queues(const struct engine *g, unsigned worker, unsigned n_rx);

/*
 * Before any worker's thread starts, their views filled: make the rings of each queue
 * that has a vhost-net fd. Fails only if vhost=on asks for it; else a port of which
 * one queue fails goes on without vhost-net, and p->vhost_why says so.
 */
int engine_vhost_open(struct engine *g, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The bridges of an engine: their tables, what each worker has of them, ageing. */
#ifndef IO_LOOP_ENGINE_BRIDGE_H
#define IO_LOOP_ENGINE_BRIDGE_H

#include "io/loop/engine_views.h"

/*
 * How it works: struct bridge, its ports and its table are one for all workers (see
 * core/bridge.h). Each worker has a struct bridge_worker and, for each port of the
 * bridge, a struct bridge_out that names its views of that port's queues. All of it is
 * laid out before the workers start and stays as it is; the control thread alone ages
 * the table.
 */
struct engine_bridge {
	struct bridge br;
	struct fdb fdb;
	void *fdb_mem;
	struct bridge_worker *workers; /* one each */
	struct bridge_out *outs;       /* n_workers times br.n_ports */
	uint32_t ageing_ms;
	uint64_t aged_ns;   /* when the table was aged last */
	uint64_t *n_down;   /* of each port: frames that found its link down */
	uint64_t n_flushed; /* entries */
};

/* Make g->bridges as g->conf says; engine_bridge_close takes what there is. */
int engine_bridge_open(struct engine *g, struct err *e);
void engine_bridge_close(struct engine *g);

/* Each port may get what the others of its bridge can take, or can be done for them. */
int engine_bridge_offloads(struct engine *g, struct err *e);

/* What comes in at the worker's views of a bridge's ports goes through the bridge. */
void engine_bridge_fill(struct engine *g, struct worker *w);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker's turn does for the queues that vhost-net serves. */
#ifndef IO_LOOP_WORKER_VQ_H
#define IO_LOOP_WORKER_VQ_H

#include "io/loop/worker.h"

/* All in the worker's own thread; only for a worker with n_vqs, but the first two. */

/* Before worker_run: serve what has a vq and the wish for it. Fails if one must_start. */
int worker_vq_start(struct worker *w, struct err *e);

/* Others have asked for vhost-net, or the TAP fd, for some queue. */
void worker_vq_take_wishes(struct worker *w);

/*
 * The poll for an eventfd, or for the TAP, has ended, or told: res is its result; tag is
 * a loop_tag of LOOP_vq_call, LOOP_vq_err or LOOP_vq_tap; is_armed: it will tell of the
 * next one too.
 */
void worker_vq_event(struct worker *w, uint64_t tag, int res, bool is_armed);

/* Begin of a turn: rings with packets, queues on their way, health. */
void worker_vq_begin(struct worker *w);

/* End of a turn: lend, publish, kick, for each view that is dirty. */
void worker_vq_arm(struct worker *w);

/* Is a queue on its way that could go on now, so that the worker must not sleep? */
bool worker_vq_can_step(const struct worker *w);

/* Has any lent buffers to a ring that cannot be stopped? */
bool worker_vq_has_runaway(const struct worker *w);

/*
 * Before a sleep: ask for calls. was_empty: the turn found nothing. Changes how
 * the sleep is to be; false: packets have come meanwhile, do not sleep.
 */
bool worker_vq_can_sleep(struct worker *w, bool was_empty, struct loop_sleep *how);

#endif

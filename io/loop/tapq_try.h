/* SPDX-License-Identifier: BSD-2-Clause */
/* Does a TAP take this frame now? In a file of its own, so that tests can answer. */
#ifndef IO_LOOP_TAPQ_TRY_H
#define IO_LOOP_TAPQ_TRY_H

#include "io/loop/tapq.h"

/* Write it to the TAP fd: 0, sent, or a negative errno. It stays the caller's. */
int tapq_try_send(const struct tapq *t, const struct pkt *p);

#endif

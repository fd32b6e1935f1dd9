/* SPDX-License-Identifier: BSD-2-Clause */
/* Which forms of the loop this kernel allows, found by trying. */
#ifndef IO_LOOP_PROBE_H
#define IO_LOOP_PROBE_H

#include <stdbool.h>

#include "core/err.h"
#include "io/loop/engine.h"

/*
 * The best form there is, at most `best` (LOOP_FORM_auto = A), asked of the
 * kernel with a small ring that is gone again when this returns. tap_fd is any
 * attached TAP queue: one write of one byte, which every TAP refuses, is tried
 * on it. Always a form: E when io_uring is refused, with the reason in *e
 * (e->code is 0 otherwise).
 */
enum loop_form probe_form(enum loop_form best, int tap_fd, struct err *e);

/* Does a TAP take RWF_NOWAIT? tap_fd as above. */
bool probe_nowait(int tap_fd);

#endif

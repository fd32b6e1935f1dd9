/* SPDX-License-Identifier: BSD-2-Clause */
/* break_off: work that is ended by a signal where that is convenient. */
#ifndef BENCH_CLI_BREAK_OFF_H
#define BENCH_CLI_BREAK_OFF_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/err.h"

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP sets what is returned; a second one
 * ends the process as usual. break_off_later lets a system call under way end,
 * break_off_soon wakes who waits in one.
 */
const atomic_bool *break_off_later(void);
const atomic_bool *break_off_soon(void);
bool break_off_is_asked(void);

/* Work that was broken off (code is -EINTR) ends with a shell's status for SIGINT. */
void break_off_status(struct err *e);

/* SIGUSR1 asks for an interim result; is_asked: since the last call. */
void break_off_interim(void);
bool break_off_is_interim_asked(void);

#endif

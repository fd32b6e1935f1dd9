/* SPDX-License-Identifier: BSD-2-Clause */
/* break_off: long work that is ended by a signal where that is convenient. */
#ifndef BENCH_CLI_BREAK_OFF_H
#define BENCH_CLI_BREAK_OFF_H

#include <stdbool.h>

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP is only remembered, and does not
 * interrupt a system call; a second one ends the process as usual.
 */
void break_off_begin(void);
bool break_off_is_asked(void);

#endif

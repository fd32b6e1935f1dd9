/* SPDX-License-Identifier: BSD-2-Clause */
/* `ringway run`: from options to opened ports, workers, signals, and back. */
#ifndef IO_CONTROL_RUN_H
#define IO_CONTROL_RUN_H

#include "core/err.h"

/* Returns after a signal has ended it: 0, or a negative errno with the sentence. */
int run_command(int argc, char **argv, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of `ringway run`: one table that parses and explains itself. */
#ifndef IO_CONTROL_OPTIONS_H
#define IO_CONTROL_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "core/err.h"
#include "io/control/config.h"

/*
 * Read argv (argv[0] = the command's name) into c, files of -c included.
 * *help: -h was given; what stands behind it is not looked at.
 */
int options_parse(struct config *c, int argc, char **argv, bool *help, struct err *e);

/* Explain all of them, the keys of SPEC included. */
void options_help(FILE *f);

#endif

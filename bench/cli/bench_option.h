/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_option: the options of a sub-command: one table that parses and explains itself.
 */
#ifndef BENCH_CLI_BENCH_OPTION_H
#define BENCH_CLI_BENCH_OPTION_H

#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

enum { BENCH_OPTION_MAX = 32 };

struct bench_option {
	const char *name; /* NULL ends the table */
	const char *arg;  /* what stands behind it; NULL: nothing */
	const char *help;
};

/* What to do with one; value is NULL where the option has none. */
typedef int bench_option_take(void *arg, const char *name, const char *value,
			      struct err *e);

/*
 * Walk argv (argv[0] is the sub-command). Returns the index of the first word that is no
 * option (they are moved to the end), or a negative errno with a sentence.
 */
int bench_option_parse(const struct bench_option *table, int argc, char **argv,
		       bench_option_take *take, void *arg, struct err *e);
void bench_option_help(const struct bench_option *table, FILE *f);

/* A whole number as an option's value, min..max. */
int bench_option_number(const char *name, const char *value, unsigned min, unsigned max,
			unsigned *out, struct err *e);
/* A number that may have a fraction, min..max. */
int bench_option_real(const char *name, const char *value, double min, double max,
		      double *out, struct err *e);

#endif

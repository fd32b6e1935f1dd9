/* SPDX-License-Identifier: BSD-2-Clause */
/* trial_options: the options that say what a trial is, of the commands that make trials.
 */
#ifndef BENCH_CLI_TRIAL_OPTIONS_H
#define BENCH_CLI_TRIAL_OPTIONS_H

#include "bench/cli/bench_option.h"
#include "bench/lab/trial.h"

struct trial_options {
	struct trial_wish wish;
	const char *rate; /* as it was written; NULL: was not */
};

/* The rows, of a struct trial_options. */
extern const struct bench_option trial_options_table[];

/* When all have been read: the rate becomes that of the wish, and is the wish possible?
 */
int trial_options_finish(struct trial_options *o, struct err *e);

/*
 * "max", "50kpps", "10%@10Gbit" ... of these frames, as frames per second (0: flat out).
 * name: of the option.
 */
int trial_options_rate(const char *name, const char *arg, const char *frames, double *pps,
		       struct err *e);

#endif

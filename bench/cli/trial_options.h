/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that say what a trial is, for the sub-commands that make trials. */
#ifndef BENCH_CLI_TRIAL_OPTIONS_H
#define BENCH_CLI_TRIAL_OPTIONS_H

#include <getopt.h>
#include <stdio.h>

#include "bench/lab/trial.h"

/* Long options of a trial have these values; those of a sub-command begin behind them. */
enum trial_options_value {
	TRIAL_OPTIONS_frames = 256,
	TRIAL_OPTIONS_rate,
	TRIAL_OPTIONS_seconds,
	TRIAL_OPTIONS_warmup,
	TRIAL_OPTIONS_count,
	TRIAL_OPTIONS_queues,
	TRIAL_OPTIONS_ports,
	TRIAL_OPTIONS_mtu,
	TRIAL_OPTIONS_gen_cpu,
	TRIAL_OPTIONS_fwd_cpu,
	TRIAL_OPTIONS_plain,
	TRIAL_OPTIONS_event,
	TRIAL_OPTIONS_burst,
	TRIAL_OPTIONS_own, /* the first of the sub-command's */
};

#define TRIAL_OPTIONS_LIST                                                               \
	{"frames", 1, NULL, TRIAL_OPTIONS_frames},                                       \
		{"rate", 1, NULL, TRIAL_OPTIONS_rate},                                   \
		{"seconds", 1, NULL, TRIAL_OPTIONS_seconds},                             \
		{"warmup", 1, NULL, TRIAL_OPTIONS_warmup},                               \
		{"count", 1, NULL, TRIAL_OPTIONS_count},                                 \
		{"queues", 1, NULL, TRIAL_OPTIONS_queues},                               \
		{"ports", 1, NULL, TRIAL_OPTIONS_ports},                                 \
		{"mtu", 1, NULL, TRIAL_OPTIONS_mtu},                                     \
		{"gen-cpu", 1, NULL, TRIAL_OPTIONS_gen_cpu},                             \
		{"fwd-cpu", 1, NULL, TRIAL_OPTIONS_fwd_cpu},                             \
		{"plain", 0, NULL, TRIAL_OPTIONS_plain},                                 \
		{"event", 1, NULL, TRIAL_OPTIONS_event},                                 \
	{                                                                                \
		"burst", 1, NULL, TRIAL_OPTIONS_burst                                    \
	}

/*
 * The next option as getopt_long() gives it: one of the list, or "?": an error in e.
 * Returns its value, -1 behind the last one, or -EINVAL. Words that are none stay for the
 * caller.
 */
int trial_options_next(int argc, char **argv, const struct option *list, struct err *e);

/* Take one of ours. 0, or -EINVAL with a sentence that names it. */
int trial_options_take(struct trial_wish *w, int value, const char *arg, struct err *e);

/* A number of an option's; 0 or -EINVAL. */
int trial_options_number(const char *name, const char *arg, double min, double max,
			 double *n, struct err *e);

/* "max", "50kpps", "10%@10Gbit" ... of these frames, as frames per second (0: flat out).
 */
int trial_options_rate(const char *arg, const char *frames, double *pps, struct err *e);

/* The lines of a help text about them. */
void trial_options_help(FILE *f);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The searches of bench/search, each with trials through one forwarder. */
#ifndef BENCH_CLI_SEARCH_RUN_H
#define BENCH_CLI_SEARCH_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/cli/trial_options.h"

/*
 * How it works: one forwarder runs from the first trial to the last one. Each trial is a
 * trial_run() at the search's rate; a disturbed one, or one whose sender was too slow, is
 * bad and the search repeats it. The highest rate that is tried is the sender's own,
 * found by a short trial flat out, unless max says another.
 */
struct search_run {
	struct trial_options trial;
	const char *kind, *max_text, *min_text; /* NULL: not given */
	/* NaN: the standard's */
	double max, min, resolution, loss, repeats, step, time_limit, sum, interval;
	double seconds; /* NaN: the standard's */
	bool keeps_disturbed, is_json;
	struct case_spec spec;
	struct lab *l;
	struct hist *latency; /* of the last trial, or NULL */
	unsigned n_trials;
	json_t *out; /* the result, with is_json */
};

/* Is there such a kind; does it (one there is) heed this option? */
int search_run_check_kind(const char *kind, struct err *e);
int search_run_check_option(const char *kind, const char *option, struct err *e);
/* A line of help for each kind. */
void search_run_help(FILE *f);

/* s->l is open, s->kind is one there is. Progress goes to stderr if that is a terminal.
 */
int search_run(struct search_run *s, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The searches of bench/search, each with trials through one forwarder. */
#ifndef BENCH_CLI_SEARCH_RUN_H
#define BENCH_CLI_SEARCH_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/lab/trial.h"

/*
 * How it works: one forwarder runs from the first trial to the last one. Each trial is a
 * trial_run() at the search's rate; a disturbed one, or one whose sender was too slow, is
 * bad and the search repeats it. The highest rate that is tried is the sender's own,
 * found by a short trial flat out, unless max says another.
 */
struct search_run {
	struct trial_wish wish;
	const char *kind;
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

bool search_run_has_kind(const char *name);

/* s->l is open, s->kind is one there is. Progress goes to stderr. */
int search_run(struct search_run *s, struct err *e);

#endif

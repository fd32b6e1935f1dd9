/* SPDX-License-Identifier: BSD-2-Clause */
/* search_mlr_load: what the trials at one load say about one goal (RFC 9971). */
#ifndef BENCH_SEARCH_SEARCH_MLR_LOAD_H
#define BENCH_SEARCH_SEARCH_MLR_LOAD_H

#include "bench/search/search.h"

/* A goal, or one of the easier targets on the way to it. */
struct search_mlr_target {
	double loss_ratio, exceed_ratio, width;
	double seconds; /* a trial at least as long is full-length */
	double duration_sum;
};

/* Seconds of good trials at a load: full-length or short, with low or high loss. */
struct search_mlr_sums {
	double full_low, full_high, short_low, short_high;
};

enum search_mlr_class {
	SEARCH_MLR_CLASS_undecided,
	SEARCH_MLR_CLASS_lower, /* it meets the goal, whatever comes within the sum */
	SEARCH_MLR_CLASS_upper, /* it fails the goal, whatever comes */
};

struct search_mlr_sums search_mlr_load_sums(const struct search_log *log, double pps,
					    const struct search_mlr_target *t);
enum search_mlr_class search_mlr_load_class(const struct search_mlr_target *t,
					    const struct search_mlr_sums *s);

/* Conditional throughput at a load with at least one trial; frames per second. */
double search_mlr_load_conditional(const struct search_log *log, double pps,
				   const struct search_mlr_target *t);

#endif

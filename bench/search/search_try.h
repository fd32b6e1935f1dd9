/* SPDX-License-Identifier: BSD-2-Clause */
/* search_try: one rate tried, again if disturbed; the log of trials; checks of figures.
 */
#ifndef BENCH_SEARCH_SEARCH_TRY_H
#define BENCH_SEARCH_SEARCH_TRY_H

#include <stddef.h>

#include "bench/search/search.h"

enum {
	SEARCH_TRY_LOG_MAX =
		100000, /* trials of one search: no configuration needs more */
	SEARCH_TRY_REPEATS_MAX = 100,
};

/* How a search makes its trials: the same for all of them. */
struct search_try {
	search_measure *measure;
	void *arg;
	struct search_log *log;
	double time_limit, gap; /* seconds; 0: none */
	unsigned max_repeats;
};

/*
 * Measure until a trial is good, max_repeats more times at most. 1: good, *t points to it
 * (until the next call). 0: no good trial was to be had; *t is the last bad one. Negative
 * errno: of the callback, -ENOMEM, -ENOSPC (log full), or -ETIME: the trial would pass
 * the time limit, and was not made (no sentence: this is no error to a search).
 */
int search_try_rate(const struct search_try *s, double rate_pps, double seconds,
		    const struct search_trial **t, struct err *e);

/* Add a trial; 0, -ENOMEM or -ENOSPC. It marks as bad what makes no sense. */
int search_try_log(struct search_log *log, const struct search_trial *t, double gap,
		   struct err *e);
void search_try_free(struct search_log *log);

/* 0, or -EINVAL and a sentence with name and figure. NaN and infinity are never in. */
int search_try_check(const char *name, double v, double min, double max, struct err *e);
int search_try_check_count(const char *name, uint64_t v, uint64_t min, uint64_t max,
			   struct err *e);
int search_try_check_range(const struct search_range *r, double seconds, struct err *e);

#endif

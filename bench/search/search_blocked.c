/* SPDX-License-Identifier: BSD-2-Clause */
/* search_blocked: how long a reset or a reconfiguration blocks, from the frames lost. */
#include <math.h>

#include "bench/search/search_try.h"
#include "bench/stats/spread.h"

void search_blocked_defaults(struct search_blocked *s)
{
	*s = (struct search_blocked){
		.rate_pps = 10000,
		.seconds = 10,
		.repeats = 3,
		.max_repeats = 3,
	};
}

double search_blocked_time(const struct search_trial *t)
{
	double rate = t->seconds > 0.0 ? (double)t->offered / t->seconds : 0.0;

	if (!(rate > 0.0) || t->received >= t->offered)
		return 0.0;
	return (double)(t->offered - t->received) / rate;
}

static int check(const struct search_blocked *s, struct err *e)
{
	const struct search_range range = {
		.min_pps = s->rate_pps,
		.max_pps = s->rate_pps,
		.max_repeats = s->max_repeats,
	};
	int rc = search_try_check_range(&range, s->seconds, e);

	return rc ? rc
		  : search_try_check_count("the number of repetitions", s->repeats, 1,
					   SEARCH_BLOCKED_REPEATS_MAX, e);
}

int search_blocked(const struct search_blocked *s, search_measure *measure,
		   search_measure *with_event, void *arg, struct search_blocked_result *r,
		   struct err *e)
{
	struct search_try try = {.measure = measure,
				 .arg = arg,
				 .log = &r->log,
				 .max_repeats = s->max_repeats};
	const struct search_trial *t;
	struct spread sum;
	int rc;

	*r = (struct search_blocked_result){
		.min = NAN, .median = NAN, .max = NAN, .quiet_seconds = NAN};
	rc = check(s, e);
	if (rc)
		return rc;
	rc = search_try_rate(&try, s->rate_pps, s->seconds, &t, e);
	if (rc > 0)
		r->quiet_seconds = search_blocked_time(t);
	try.measure = with_event;
	for (unsigned i = 0; rc >= 0 && i < s->repeats; i++) {
		rc = search_try_rate(&try, s->rate_pps, s->seconds, &t, e);
		if (rc > 0)
			r->seconds[r->n++] = search_blocked_time(t);
	}
	sum = spread_of(r->seconds, r->n);
	r->min = sum.min;
	r->median = sum.median;
	r->max = sum.max;
	return rc < 0 ? rc : 0;
}

void search_blocked_fini(struct search_blocked_result *r)
{
	search_try_free(&r->log);
}

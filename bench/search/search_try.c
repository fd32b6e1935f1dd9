/* SPDX-License-Identifier: BSD-2-Clause */
/* search_try: the only caller of the measure callback. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "bench/search/search_try.h"

int search_try_log(struct search_log *log, const struct search_trial *t, double gap,
		   struct err *e)
{
	struct search_trial *more;

	if (log->n == SEARCH_TRY_LOG_MAX)
		return err_set(e, -ENOSPC,
			       "the search came to no end within %d trials; ask for less",
			       SEARCH_TRY_LOG_MAX);
	if (log->n == log->room) {
		unsigned room = log->room ? log->room * 2 : 64;

		more = realloc(log->trial, room * sizeof(*more));
		if (!more)
			return err_set(e, -ENOMEM, "no memory for %u trials", room);
		log->trial = more;
		log->room = room;
	}
	more = &log->trial[log->n++];
	*more = *t;
	if (!t->offered || t->received > t->offered)
		more->is_bad = true;
	log->n_bad += more->is_bad;
	log->seconds += t->seconds + gap;
	return 0;
}

void search_try_free(struct search_log *log)
{
	free(log->trial);
	*log = (struct search_log){0};
}

int search_try_rate(const struct search_try *s, double rate_pps, double seconds,
		    const struct search_trial **t, struct err *e)
{
	for (unsigned i = 0; i <= s->max_repeats; i++) {
		struct search_trial got = {.rate_pps = rate_pps, .seconds = seconds};
		int rc;

		if (s->time_limit > 0.0 &&
		    s->log->seconds + seconds + s->gap > s->time_limit * (1.0 + 1e-9))
			return -ETIME;
		rc = s->measure(s->arg, rate_pps, seconds, &got, e);
		if (rc < 0) /* -ETIME is ours */
			return rc == -ETIME ? -ETIMEDOUT : rc;
		got.rate_pps = rate_pps; /* what was intended, whatever it wrote */
		got.seconds = seconds;
		rc = search_try_log(s->log, &got, s->gap, e);
		if (rc)
			return rc;
		*t = &s->log->trial[s->log->n - 1];
		if (!(*t)->is_bad)
			return 1;
	}
	return 0;
}

int search_try_check(const char *name, double v, double min, double max, struct err *e)
{
	if (v >= min && v <= max)
		return 0;
	return err_usage(e, "%s is %g; it must be from %g to %g", name, v, min, max);
}

int search_try_check_count(const char *name, uint64_t v, uint64_t min, uint64_t max,
			   struct err *e)
{
	if (v >= min && v <= max)
		return 0;
	return err_usage(e, "%s is %" PRIu64 "; it must be from %" PRIu64 " to %" PRIu64,
			 name, v, min, max);
}

int search_try_check_range(const struct search_range *r, double seconds, struct err *e)
{
	int rc = search_try_check("the highest rate", r->max_pps, 1e-3, 1e12, e);

	if (!rc)
		rc = search_try_check("the lowest rate", r->min_pps, 1e-3, 1e12, e);
	if (!rc && r->min_pps > r->max_pps)
		rc = err_usage(e, "the lowest rate, %g, is above the highest, %g",
			       r->min_pps, r->max_pps);
	if (!rc)
		rc = search_try_check("the duration of a trial", seconds, 1e-6, 1e6, e);
	/* one frame at least, so that there is a loss ratio */
	if (!rc && r->min_pps * seconds < 1.0)
		rc = err_usage(e,
			       "the lowest rate, %g, offers no frame in a trial of %g s",
			       r->min_pps, seconds);
	if (!rc)
		rc = search_try_check("the time limit", r->time_limit, 0.0, 1e9, e);
	if (!rc)
		rc = search_try_check("the gap between trials", r->gap, 0.0, 1e6, e);
	if (!rc)
		rc = search_try_check_count("the number of repeats of a bad trial",
					    r->max_repeats, 0, SEARCH_TRY_REPEATS_MAX, e);
	return rc;
}

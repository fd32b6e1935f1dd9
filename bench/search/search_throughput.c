/* SPDX-License-Identifier: BSD-2-Clause */
/* search_throughput: RFC 2544 26.1, the highest rate that is forwarded without loss. */
#include <errno.h>

#include "bench/search/search_try.h"

/*
 * How it works: max_pps first, as a device that does it all needs no search; then halving
 * between the lowest rate that did not pass and the highest that did (at first min_pps,
 * not yet tried). A rate without any good trial bounds the search like one that failed,
 * but is remembered as what it is. A device whose loss is not monotonic has more than one
 * answer: the search finds one where the lower bound passed and the upper did not.
 */
struct state {
	const struct search_throughput *s;
	struct search_try try;
	struct search_throughput_result *r;
	double floor, ceiling;	  /* passed (or min_pps); did not pass */
	bool is_ceiling_unusable; /* it did not fail: no good trial */
};

void search_throughput_defaults(struct search_throughput *s)
{
	*s = (struct search_throughput){
		.range = {.min_pps = 1000, .max_pps = 1e7, .max_repeats = 3},
		.seconds = 60, /* RFC 2544 24 */
		.resolution = 0.005,
		.loss_ratio = 0,
	};
}

static int check(const struct search_throughput *s, struct err *e)
{
	int rc = search_try_check_range(&s->range, s->seconds, e);

	if (!rc)
		rc = search_try_check("the resolution", s->resolution, 1e-6, 0.5, e);
	if (!rc)
		rc = search_try_check("the loss ratio", s->loss_ratio, 0.0, 0.999, e);
	return rc;
}

/* 1: passed, 0: did not, negative: errno. The bounds move with it. */
static int try_rate(struct state *st, double rate, struct err *e)
{
	const struct search_trial *t;
	int rc = search_try_rate(&st->try, rate, st->s->seconds, &t, e);

	if (rc < 0)
		return rc;
	if (rc && search_loss_ratio(t) <= st->s->loss_ratio) {
		st->floor = st->r->lower_pps = rate;
		return 1;
	}
	st->ceiling = rate;
	st->is_ceiling_unusable = !rc;
	if (rc)
		st->r->upper_pps = rate;
	return 0;
}

static int bisect(struct state *st, struct err *e)
{
	while (st->ceiling - st->floor > st->s->resolution * st->ceiling) {
		double middle = st->floor + (st->ceiling - st->floor) / 2;
		int rc;

		/* too close for a double, or the floor is min_pps and not tried yet */
		if (middle <= st->floor || middle >= st->ceiling)
			break;
		rc = try_rate(st, middle, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int run(struct state *st, struct err *e)
{
	const struct search_range *range = &st->s->range;
	int rc = try_rate(st, range->max_pps, e);

	if (rc)
		return rc < 0 ? rc : SEARCH_END_max;
	rc = bisect(st, e);
	/* all failed down to the resolution: the floor itself is to be tried */
	if (!rc && !st->r->lower_pps && st->ceiling > range->min_pps) {
		rc = try_rate(st, range->min_pps, e);
		if (rc > 0)
			rc = 0;
	}
	if (rc < 0)
		return rc;
	if (st->is_ceiling_unusable)
		return SEARCH_END_unusable;
	return st->r->lower_pps > 0.0 ? SEARCH_END_found : SEARCH_END_min;
}

int search_throughput(const struct search_throughput *s, search_measure *measure,
		      void *arg, struct search_throughput_result *r, struct err *e)
{
	struct state st = {
		.s = s,
		.r = r,
		.try = {measure, arg, &r->log, s->range.time_limit, s->range.gap,
			s->range.max_repeats},
		.floor = s->range.min_pps,
	};
	int rc;

	*r = (struct search_throughput_result){.end = SEARCH_END_undefined};
	rc = check(s, e);
	if (rc)
		return rc;
	rc = run(&st, e);
	r->pps = r->lower_pps;
	if (rc < 0 && rc != -ETIME)
		return rc;
	r->end = rc < 0 ? SEARCH_END_time : (enum search_end)rc;
	return 0;
}

void search_throughput_fini(struct search_throughput_result *r)
{
	search_try_free(&r->log);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* search_loss: RFC 2544 26.3, the loss rate from the highest rate downward. */
#include <errno.h>
#include <math.h>

#include "bench/search/search_try.h"

void search_loss_defaults(struct search_loss *s)
{
	*s = (struct search_loss){
		.range = {.min_pps = 1000, .max_pps = 1e7, .max_repeats = 3},
		.seconds = 60,
		.step = 0.1,
	};
}

static int check(const struct search_loss *s, struct err *e)
{
	int rc = search_try_check_range(&s->range, s->seconds, e);

	/* RFC 2544 26.3: "the maximum granularity" is 10 % */
	return rc ? rc
		  : search_try_check("the step", s->step, 1.0 / SEARCH_LOSS_ROWS, 0.1, e);
}

/* One row; 1: without loss, 0: with, or not known. */
static int add_row(const struct search_try *try, double max_pps, double share,
		   double seconds, struct search_loss_result *r, struct err *e)
{
	const struct search_trial *t;
	int rc = search_try_rate(try, share * max_pps, seconds, &t, e);
	struct search_loss_row *row = &r->row[r->n_rows];

	if (rc < 0)
		return rc;
	*row = (struct search_loss_row){share, rc ? search_loss_ratio(t) : NAN,
					r->log.n - 1};
	r->n_rows++;
	return rc && t->received == t->offered;
}

static int run(const struct search_loss *s, const struct search_try *try,
	       struct search_loss_result *r, struct err *e)
{
	unsigned clean = 0;

	for (unsigned i = 0; i < SEARCH_LOSS_ROWS && clean < 2; i++) {
		/* rounded: 0.1, not 0.09999999999999998 */
		double share = round((1.0 - i * s->step) * 1e9) / 1e9;
		int rc;

		/* the share of a thousandth part that sums up to nothing is no rate */
		if (share < s->step / 2 || share * s->range.max_pps < s->range.min_pps)
			return SEARCH_END_min;
		rc = add_row(try, s->range.max_pps, share, s->seconds, r, e);
		if (rc < 0)
			return rc;
		clean = rc ? clean + 1 : 0;
	}
	return clean == 2 ? SEARCH_END_found : SEARCH_END_min;
}

int search_loss(const struct search_loss *s, search_measure *measure, void *arg,
		struct search_loss_result *r, struct err *e)
{
	struct search_try try = {measure,      arg,
				 &r->log,      s->range.time_limit,
				 s->range.gap, s->range.max_repeats};
	int rc;

	r->end = SEARCH_END_undefined;
	r->n_rows = 0;
	r->log = (struct search_log){0};
	rc = check(s, e);
	if (rc)
		return rc;
	rc = run(s, &try, r, e);
	if (rc < 0 && rc != -ETIME)
		return rc;
	r->end = rc < 0 ? SEARCH_END_time : (enum search_end)rc;
	return 0;
}

void search_loss_fini(struct search_loss_result *r)
{
	search_try_free(&r->log);
}

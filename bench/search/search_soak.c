/* SPDX-License-Identifier: BSD-2-Clause */
/* search_soak: one rate for long, its loss per interval, and whether that grows. */
#include <math.h>

#include "bench/search/search_try.h"

/* Sums for the line through (hours, loss ratio), by differences from the running means.
 */
struct line {
	unsigned n;
	double x, y, xx, xy, yy; /* means, and sums of products of differences */
};

void search_soak_defaults(struct search_soak *s)
{
	*s = (struct search_soak){
		.rate_pps = 10000,
		.interval = 10,
		.intervals = 180,
		.max_repeats = 0, /* time goes on: a bad interval is left out */
	};
}

static int check(const struct search_soak *s, struct err *e)
{
	const struct search_range range = {
		.min_pps = s->rate_pps,
		.max_pps = s->rate_pps,
		.max_repeats = s->max_repeats,
	};
	int rc = search_try_check_range(&range, s->interval, e);

	return rc ? rc
		  : search_try_check_count("the number of intervals", s->intervals, 1,
					   SEARCH_TRY_LOG_MAX / (1 + s->max_repeats), e);
}

static void line_add(struct line *l, double x, double y)
{
	double dx = x - l->x, dy = y - l->y;

	l->n++;
	l->x += dx / l->n;
	l->y += dy / l->n;
	l->xx += dx * (x - l->x);
	l->yy += dy * (y - l->y);
	l->xy += dx * (y - l->y);
}

static void fit(const struct line *l, struct search_soak_result *r)
{
	double rest;

	if (l->n < 3 || !(l->xx > 0.0))
		return;
	r->drift = l->xy / l->xx;
	rest = fmax(0.0, l->yy - r->drift * l->xy);
	r->drift_error = sqrt(rest / (l->n - 2) / l->xx);
}

int search_soak(const struct search_soak *s, search_measure *measure, void *arg,
		struct search_soak_result *r, struct err *e)
{
	struct search_try try = {.measure = measure,
				 .arg = arg,
				 .log = &r->log,
				 .max_repeats = s->max_repeats};
	struct line line = {0};
	uint64_t offered = 0;
	int rc;

	*r = (struct search_soak_result){0};
	rc = check(s, e);
	for (unsigned i = 0; rc >= 0 && i < s->intervals; i++) {
		const struct search_trial *t;
		double loss;

		rc = search_try_rate(&try, s->rate_pps, s->interval, &t, e);
		if (rc <= 0)
			continue;
		loss = search_loss_ratio(t);
		if (!r->n++ || loss > r->worst_ratio) {
			r->worst_ratio = loss;
			r->worst = r->log.n - 1;
		}
		r->n_lossy += loss > 0.0;
		r->lost += t->offered - t->received;
		offered += t->offered;
		line_add(&line, (r->log.seconds - s->interval / 2) / 3600.0, loss);
	}
	if (offered)
		r->loss_ratio = (double)r->lost / (double)offered;
	fit(&line, r);
	return rc < 0 ? rc : 0;
}

void search_soak_fini(struct search_soak_result *r)
{
	search_try_free(&r->log);
}

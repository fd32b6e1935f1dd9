/* SPDX-License-Identifier: BSD-2-Clause */
/* search_mlr_load: load classification and conditional throughput, as RFC 9971 defines.
 */
#include <math.h>

#include "bench/search/search_mlr_load.h"

/* Sums of durations such as 0.1 s are not exact: a billionth of a second is no time. */
#define NO_TIME 1e-9

static bool is_at(const struct search_trial *t, double pps)
{
	return !t->is_bad && t->rate_pps == pps;
}

static bool is_full_length(const struct search_trial *t,
			   const struct search_mlr_target *g)
{
	return t->seconds >= g->seconds - NO_TIME;
}

struct search_mlr_sums search_mlr_load_sums(const struct search_log *log, double pps,
					    const struct search_mlr_target *t)
{
	struct search_mlr_sums s = {0};

	for (unsigned i = 0; i < log->n; i++) {
		const struct search_trial *at = &log->trial[i];
		bool is_high;

		if (!is_at(at, pps))
			continue;
		is_high = search_loss_ratio(at) > t->loss_ratio;
		if (is_full_length(at, t))
			*(is_high ? &s.full_high : &s.full_low) += at->seconds;
		else
			*(is_high ? &s.short_high : &s.short_low) += at->seconds;
	}
	return s;
}

/*
 * RFC 9971, load classification: suppose all trials that the sum still lacks have low
 * loss, and suppose all have high loss; when both give the same answer, it stands. Short
 * trials cannot prove a load good: those of low loss only balance those of high loss.
 */
enum search_mlr_class search_mlr_load_class(const struct search_mlr_target *t,
					    const struct search_mlr_sums *s)
{
	double balancing = s->short_low * t->exceed_ratio / (1.0 - t->exceed_ratio);
	double high = s->full_high + fmax(0.0, s->short_high - balancing);
	double whole = fmax(s->full_low + high, t->duration_sum);
	double allowed = whole * t->exceed_ratio + NO_TIME;

	if (whole - s->full_low <= allowed)
		return SEARCH_MLR_CLASS_lower;
	return high <= allowed ? SEARCH_MLR_CLASS_undecided : SEARCH_MLR_CLASS_upper;
}

/* The smallest loss ratio above last of full-length trials, and their seconds; or 2. */
static double next_loss(const struct search_log *log, double pps,
			const struct search_mlr_target *t, double last, double *seconds)
{
	double next = 2.0;

	for (unsigned i = 0; i < log->n; i++) {
		const struct search_trial *at = &log->trial[i];
		double loss = search_loss_ratio(at);

		if (!is_at(at, pps) || !is_full_length(at, t) || loss <= last ||
		    loss > next)
			continue;
		*seconds = at->seconds + (loss < next ? 0.0 : *seconds);
		next = loss;
	}
	return next;
}

/*
 * RFC 9971, conditional throughput: of all full-length trials, best first, the loss of
 * the one at which the share that may not exceed the goal is full; what is missing lost
 * all.
 */
double search_mlr_load_conditional(const struct search_log *log, double pps,
				   const struct search_mlr_target *t)
{
	struct search_mlr_sums s = search_mlr_load_sums(log, pps, t);
	double whole = fmax(t->duration_sum, s.full_low + s.full_high);
	double left = whole * (1.0 - t->exceed_ratio), loss = -1.0, seconds = 0.0;

	while (loss < 0.0 || left > NO_TIME) {
		double next = next_loss(log, pps, t, loss, &seconds);

		if (next > 1.0)
			return 0.0;
		loss = next;
		left -= seconds;
	}
	return pps * (1.0 - loss);
}

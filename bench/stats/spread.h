/* SPDX-License-Identifier: BSD-2-Clause */
/* spread: what repeated rounds of one figure say: their spread, ratios, and whether a
 * difference is real. */
#ifndef BENCH_STATS_SPREAD_H
#define BENCH_STATS_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How it works: a round measures every case once, one after the other, so that what
 * drifts meets all of them alike. Ratios are therefore made within a round, and then
 * summed up. One value that is not finite (a failed round must be left out before), or
 * none at all, makes a result without figures: n is 0 and the rest NaN.
 */
struct spread {
	double min, median, max;
	unsigned n; /* values in it; 0: no figures */
};

/* Where the median of the paired ratios lies, with the confidence asked for. */
struct spread_interval {
	double low, mid, high; /* all NaN: no figures */
};

/* The spread of v[0..n-1]; v is left as it is. */
struct spread spread_of(const double *v, unsigned n);

/*
 * The spread of v[i] / base[i], each pair being of one round. No figures when one base is
 * 0.
 */
struct spread spread_ratio(const double *v, const double *base, unsigned n);

/* The ratios themselves, for spread_bootstrap; false when one is not finite. */
bool spread_has_ratios(const double *v, const double *base, unsigned n, double *ratio);

/*
 * Whether the ranges min..max share a point. A difference is real only if they do not;
 * true, too, when one of them has no figures, or less than two values: nothing is proven.
 */
bool spread_is_overlapping(const struct spread *a, const struct spread *b);

/*
 * The bootstrap interval (percentile method, 10000 resamples) of the median of n paired
 * ratios. The same seed gives the same interval. confidence: between 0 and 1, 0.95 say;
 * others give no figures. With one ratio the interval is that point.
 */
struct spread_interval spread_bootstrap(const double *ratio, unsigned n, uint64_t seed,
					double confidence);

/* Whether the interval has figures and leaves out 1.0: NEW and OLD differ. */
bool spread_is_changed(const struct spread_interval *i);

#endif

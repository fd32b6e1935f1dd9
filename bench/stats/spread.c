/* SPDX-License-Identifier: BSD-2-Clause */
/* spread: medians, paired ratios and the bootstrap of their median. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/spread.h"

enum { RESAMPLES = 10000 };

static const struct spread no_spread = {NAN, NAN, NAN, 0};
static const struct spread_interval no_interval = {NAN, NAN, NAN};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of_sorted(const double *v, unsigned n)
{
	/* halves first: the sum of two large values may have no double */
	return n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
}

static bool is_all_finite(const double *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

/* A sorted copy, to be freed; NULL: no figures, or no memory. */
static double *sorted_copy(const double *v, unsigned n)
{
	double *copy;

	if (!n || !is_all_finite(v, n))
		return NULL;
	copy = malloc(n * sizeof(*copy));
	if (!copy)
		return NULL;
	memcpy(copy, v, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_value);
	return copy;
}

struct spread spread_of(const double *v, unsigned n)
{
	double *sorted = sorted_copy(v, n);
	struct spread s = no_spread;

	if (sorted)
		s = (struct spread){sorted[0], median_of_sorted(sorted, n), sorted[n - 1],
				    n};
	free(sorted);
	return s;
}

bool spread_has_ratios(const double *v, const double *base, unsigned n, double *ratio)
{
	for (unsigned i = 0; i < n; i++)
		ratio[i] = v[i] / base[i];
	return n && is_all_finite(v, n) && is_all_finite(base, n) &&
	       is_all_finite(ratio, n);
}

struct spread spread_ratio(const double *v, const double *base, unsigned n)
{
	double *ratio = n ? malloc(n * sizeof(*ratio)) : NULL;
	struct spread s = no_spread;

	if (ratio && spread_has_ratios(v, base, n, ratio))
		s = spread_of(ratio, n);
	free(ratio);
	return s;
}

bool spread_is_overlapping(const struct spread *a, const struct spread *b)
{
	if (a->n < 2 || b->n < 2)
		return true;
	return a->min <= b->max && b->min <= a->max;
}

/* splitmix64: any seed will do, 0 too */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0..n-1, each as likely up to 2^-32 * n */
static unsigned below(uint64_t *state, unsigned n)
{
	return (unsigned)((next_random(state) >> 32) * n >> 32);
}

static void resample(const double *v, unsigned n, uint64_t *state, double *draw,
		     double *median)
{
	for (unsigned r = 0; r < RESAMPLES; r++) {
		for (unsigned i = 0; i < n; i++)
			draw[i] = v[below(state, n)];
		qsort(draw, n, sizeof(*draw), by_value);
		median[r] = median_of_sorted(draw, n);
	}
	qsort(median, RESAMPLES, sizeof(*median), by_value);
}

struct spread_interval spread_bootstrap(const double *ratio, unsigned n, uint64_t seed,
					double confidence)
{
	struct spread_interval i = no_interval;
	double *sorted, *draw, *median;
	unsigned tail;

	if (!(confidence > 0.0 && confidence < 1.0))
		return i;
	sorted = sorted_copy(ratio, n);
	draw = malloc((n ? n : 1) * sizeof(*draw));
	median = malloc(RESAMPLES * sizeof(*median));
	if (sorted && draw && median) {
		/* drawn from the sorted values: the order of the rounds says nothing */
		resample(sorted, n, &seed, draw, median);
		tail = (unsigned)((1.0 - confidence) / 2.0 * RESAMPLES);
		i.mid = median_of_sorted(sorted, n);
		i.low = fmin(median[tail], i.mid);
		i.high = fmax(median[RESAMPLES - 1 - tail], i.mid);
	}
	free(sorted);
	free(draw);
	free(median);
	return i;
}

bool spread_is_changed(const struct spread_interval *i)
{
	return i->low > 1.0 || i->high < 1.0;
}

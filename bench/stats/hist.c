/* SPDX-License-Identifier: BSD-2-Clause */
/* hist: the bins, what is summed up from them, and the .hgrm form. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench/stats/hist.h"

enum { SUB_BITS = 11, HALF_BITS = 10, STEPS_PER_HALVING = 5 };
_Static_assert(HIST_SUB == 1 << SUB_BITS && HIST_HALF == 1 << HALF_BITS, "bits");
_Static_assert(SUB_BITS + HIST_OCTAVES == HIST_TOP_BITS, "the last bin ends at the top");

/* ns <= HIST_TOP. Above the exact part a bin holds what is equal in the first 11 bits. */
static unsigned bin_of(uint64_t ns)
{
	unsigned shift;

	if (ns < HIST_SUB)
		return (unsigned)ns;
	shift = 63 - (unsigned)__builtin_clzll(ns) - HALF_BITS;
	return HIST_SUB + (shift - 1) * HIST_HALF + (unsigned)((ns >> shift) - HIST_HALF);
}

static uint64_t bin_low(unsigned bin)
{
	unsigned octave;

	if (bin < HIST_SUB)
		return bin;
	octave = (bin - HIST_SUB) / HIST_HALF;
	return (uint64_t)(HIST_HALF + (bin - HIST_SUB) % HIST_HALF) << (octave + 1);
}

static uint64_t bin_high(unsigned bin)
{
	return bin + 1 < HIST_BINS ? bin_low(bin + 1) - 1 : HIST_TOP;
}

/* As HdrHistogram: the lower middle, so that exact bins are their value. */
static double bin_middle(unsigned bin)
{
	return (double)(bin_low(bin) + (bin_high(bin) - bin_low(bin) + 1) / 2);
}

void hist_init(struct hist *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void hist_add_n(struct hist *h, uint64_t ns, uint64_t n)
{
	if (!n)
		return;
	if (ns > HIST_TOP) {
		ns = HIST_TOP;
		h->n_clipped += n;
	}
	h->bin[bin_of(ns)] += n;
	h->count += n;
	if (ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
}

void hist_add(struct hist *h, uint64_t ns)
{
	hist_add_n(h, ns, 1);
}

void hist_merge(struct hist *into, const struct hist *from)
{
	for (unsigned i = 0; i < HIST_BINS; i++)
		into->bin[i] += from->bin[i];
	into->count += from->count;
	into->n_clipped += from->n_clipped;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
}

uint64_t hist_count(const struct hist *h)
{
	return h->count;
}

uint64_t hist_min(const struct hist *h)
{
	return h->count ? h->min : 0;
}

uint64_t hist_max(const struct hist *h)
{
	return h->max;
}

/*
 * How many values lie at or below the one that percent names: at least one. The step down
 * keeps a percent that has no exact double (99.9) from asking for one value too many.
 */
static uint64_t rank_of(const struct hist *h, double percent)
{
	double rank;

	if (!(percent > 0.0))
		return 1;
	if (percent >= 100.0)
		return h->count;
	rank = ceil(nextafter(percent, 0.0) / 100.0 * (double)h->count);
	if (rank < 1.0)
		return 1;
	return rank < (double)h->count ? (uint64_t)rank : h->count;
}

/* Go on from *bin, with *sum values in the bins before it, to the bin of that rank. */
static void seek_rank(const struct hist *h, uint64_t rank, unsigned *bin, uint64_t *sum)
{
	while (*sum + h->bin[*bin] < rank && *bin + 1 < HIST_BINS)
		*sum += h->bin[(*bin)++];
}

uint64_t hist_percentile(const struct hist *h, double percent)
{
	unsigned bin = 0;
	uint64_t sum = 0;

	if (!h->count)
		return 0;
	seek_rank(h, rank_of(h, percent), &bin, &sum);
	return bin_high(bin);
}

double hist_mean(const struct hist *h)
{
	double sum = 0.0;

	if (!h->count)
		return 0.0;
	for (unsigned i = 0; i < HIST_BINS; i++)
		if (h->bin[i])
			sum += bin_middle(i) * (double)h->bin[i];
	return sum / (double)h->count;
}

double hist_stddev(const struct hist *h)
{
	double mean = hist_mean(h), sum = 0.0;

	if (!h->count)
		return 0.0;
	for (unsigned i = 0; i < HIST_BINS; i++) {
		double off = bin_middle(i) - mean;

		if (h->bin[i])
			sum += off * off * (double)h->bin[i];
	}
	return sqrt(sum / (double)h->count);
}

/* The next level of percent: a fifth of the way to half the distance that is left to 100.
 */
static double next_level(double percent)
{
	double halvings = floor(log2(100.0 / (100.0 - percent))) + 1.0;

	return percent + 100.0 / (STEPS_PER_HALVING * exp2(halvings));
}

static void write_rows(const struct hist *h, FILE *f, double unit_ns)
{
	unsigned bin = 0;
	uint64_t sum = 0, upto = 0;
	double level = 0.0, last = -1.0;

	/* more values than a double tells apart: the level stands still short of the end
	 */
	for (; upto < h->count && level > last; level = next_level(level)) {
		seek_rank(h, rank_of(h, level), &bin, &sum);
		upto = sum + h->bin[bin];
		fprintf(f, "%12.3f %2.12f %10llu %14.2f\n",
			(double)bin_high(bin) / unit_ns, level / 100.0,
			(unsigned long long)upto, 1.0 / (1.0 - level / 100.0));
		last = level;
	}
	if (!h->count)
		return;
	/* 100 % has no fourth column: plotters skip it, as it has no place on their axis
	 */
	seek_rank(h, h->count, &bin, &sum);
	fprintf(f, "%12.3f %2.12f %10llu\n", (double)bin_high(bin) / unit_ns, 1.0,
		(unsigned long long)h->count);
}

int hist_write_hgrm(const struct hist *h, FILE *f, double unit_ns)
{
	if (!(unit_ns > 0.0) || isinf(unit_ns))
		return -EINVAL;
	fprintf(f, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	write_rows(h, f, unit_ns);
	fprintf(f, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
		hist_mean(h) / unit_ns, hist_stddev(h) / unit_ns);
	fprintf(f, "#[Max     = %12.3f, Total count    = %12llu]\n",
		(double)hist_percentile(h, 100.0) / unit_ns,
		(unsigned long long)h->count);
	fprintf(f, "#[Buckets = %12d, SubBuckets     = %12d]\n", HIST_OCTAVES + 1,
		HIST_SUB);
	return fflush(f) || ferror(f) ? -EIO : 0;
}

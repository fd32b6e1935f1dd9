/* SPDX-License-Identifier: BSD-2-Clause */
/* hist: a histogram of latencies in nanoseconds, log-linear, to 3 significant digits. */
#ifndef BENCH_STATS_HIST_H
#define BENCH_STATS_HIST_H

#include <stdint.h>
#include <stdio.h>

/*
 * How it works: the bins are HdrHistogram's for 3 digits. Values below 2048 ns have a bin
 * each; above, each doubling is cut into 1024 bins of equal width, so that a bin is never
 * wider than 1/1024 of its values. What is larger than HIST_TOP counts as HIST_TOP, and
 * in n_clipped too. A histogram is plain memory of a fixed size (about 270 kB: not for
 * the stack of a thread); it has one writer, and merging two gives what adding all values
 * to one would have given, bit by bit.
 */
enum {
	HIST_SUB = 2048,    /* bins of the first, exact part */
	HIST_HALF = 1024,   /* bins of each doubling after it */
	HIST_OCTAVES = 31,  /* doublings after the first part */
	HIST_TOP_BITS = 42, /* 2^42 ns = 73 minutes */
	HIST_BINS = HIST_SUB + HIST_OCTAVES * HIST_HALF,
};
#define HIST_TOP ((UINT64_C(1) << HIST_TOP_BITS) - 1)

struct hist {
	uint64_t count, n_clipped;
	uint64_t min, max; /* as they were added, after clipping; min > max: empty */
	uint64_t bin[HIST_BINS];
};

void hist_init(struct hist *h);
void hist_add(struct hist *h, uint64_t ns);
void hist_add_n(struct hist *h, uint64_t ns, uint64_t n);
void hist_merge(struct hist *into, const struct hist *from);

/*
 * The value that percent of all values do not exceed, as the highest value of its bin.
 * percent: 0 (the lowest value) .. 100 (the highest); others are cut to these. 0 when
 * empty.
 */
uint64_t hist_percentile(const struct hist *h, double percent);

/* All 0 when empty. min and max are exact; mean and deviation (of the whole, not of a
 * sample) take each value as the middle of its bin, as HdrHistogram does. */
uint64_t hist_count(const struct hist *h);
uint64_t hist_min(const struct hist *h);
uint64_t hist_max(const struct hist *h);
double hist_mean(const struct hist *h);
double hist_stddev(const struct hist *h);

/*
 * Write the percentile distribution (.hgrm) that HdrHistogram's plotters read: 5 steps
 * per halving of the distance to 100 %. unit_ns: nanoseconds of one unit of the Value
 * column (1000: microseconds). Returns 0, or -EINVAL (unit_ns) or -EIO (f took not all).
 */
int hist_write_hgrm(const struct hist *h, FILE *f, double unit_ns);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* pairs: OLD against NEW from paired rounds: better, worse, or no difference shown. */
#ifndef BENCH_REPORT_PAIRS_H
#define BENCH_REPORT_PAIRS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/report/doc.h"
#include "bench/stats/spread.h"

/*
 * How it works: each round measures both, so NEW / OLD of a round is free of what drifts
 * between rounds. The median of these ratios has a bootstrap interval; a difference is
 * shown if 1 is outside of it. An interval of a few rounds is too bold: all of n ratios
 * lie on the same side of 1 by chance in 2 of 2^n cases, so below pairs_min_rounds()
 * nothing is shown, whatever the figures are (sign test).
 */
enum pairs_verdict {
	PAIRS_VERDICT_NONE, /* no difference shown */
	PAIRS_VERDICT_BETTER,
	PAIRS_VERDICT_WORSE,
	PAIRS_VERDICT_CHANGED, /* of a metric that is neither */
	PAIRS_VERDICT_FEW,     /* too few rounds to show anything */
};

struct pairs {
	unsigned n;
	struct spread old_values, new_values;
	struct spread_interval ratio;
	enum pairs_verdict verdict;
	double percent_worse; /* how much the median is worse: 0 or more */
};

unsigned pairs_min_rounds(double confidence);

/* Judge v (NEW) against base (OLD), n rounds. */
struct pairs pairs_of(const double *v, const double *base, unsigned n,
		      enum doc_better better, double confidence);

/* Of a leading metric in a document: the cases NEW and OLD. */
struct pairs pairs_of_metric(const json_t *job, const json_t *metric,
			     const char *new_name, const char *old_name,
			     double confidence);

const char *pairs_say(const struct pairs *p);

/*
 * All leading metrics as a table. Returns how many are shown to be worse, by more than
 * limit_percent in their median.
 */
unsigned pairs_print(const json_t *doc, const char *new_name, const char *old_name,
		     double confidence, double limit_percent, FILE *f);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* summary: what the rounds of a job say: spreads, ratios within rounds, what is real. */
#ifndef BENCH_REPORT_SUMMARY_H
#define BENCH_REPORT_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/stats/spread.h"

/*
 * How it works: ratios are taken within a round, between samples that were measured one
 * after the other, and then their median, lowest and highest are shown. A ratio whose two
 * cases have spreads (lowest to highest value) that share a point is marked: whatever its
 * median says, such a difference is not shown to be real. With one round nothing is.
 */
enum { SUMMARY_MAX_BASES = 4 };

struct summary_ratio {
	struct spread r; /* n = 0: there is none */
	bool is_doubtful;
};

struct summary_row {
	const char *name;     /* of the case */
	struct spread values; /* n = 0: it has no figure */
	struct summary_ratio ratio[SUMMARY_MAX_BASES];
	unsigned n_failed, n_warned;
	const char *failed, *warned; /* the first sentence of each; NULL: none */
};

/* A document's baselines that have samples of this metric, at most SUMMARY_MAX_BASES. */
unsigned summary_bases(const json_t *doc, const json_t *job, const char *metric,
		       const char **bases);

/* One case of a job and one metric; ratio[i] to bases[i]. */
struct summary_row summary_of(const json_t *job, const char *metric, const char *name,
			      const char *const *bases, unsigned n_bases);

/* The spread of a metric alone. */
struct spread summary_spread(const json_t *job, const char *metric, const char *name);

/*
 * The pairs of one round each of the two cases into v and base, which have room for
 * DOC_MAX_ROUNDS: how many there are. Rounds where one failed are left out.
 */
unsigned summary_pairs(const json_t *job, const char *metric, const char *name,
		       const char *base_name, double *v, double *base);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* summary: what the rounds of a job say: spreads, ratios within rounds, what is real. */
#include "bench/report/summary.h"

#include <math.h>
#include <string.h>

#include "bench/report/doc.h"

static const json_t *samples_of(const json_t *job, const char *name)
{
	return json_object_get(json_object_get(job, "samples"), name);
}

/* NaN: that round has no such figure. */
static double value_at(const json_t *samples, size_t round, const char *metric)
{
	const json_t *s = json_array_get(samples, round);
	const json_t *v = json_object_get(s, metric);

	return json_is_number(v) && !json_object_get(s, "error") ? json_number_value(v)
								 : NAN;
}

static size_t n_rounds(const json_t *samples)
{
	size_t n = json_array_size(samples);

	return n < DOC_MAX_ROUNDS ? n : DOC_MAX_ROUNDS;
}

struct spread summary_spread(const json_t *job, const char *metric, const char *name)
{
	const json_t *samples = samples_of(job, name);
	double v[DOC_MAX_ROUNDS];
	unsigned n = 0;

	for (size_t i = 0; i < n_rounds(samples); i++) {
		v[n] = value_at(samples, i, metric);
		n += !isnan(v[n]);
	}
	return spread_of(v, n);
}

unsigned summary_pairs(const json_t *job, const char *metric, const char *name,
		       const char *base_name, double *v, double *base)
{
	const json_t *mine = samples_of(job, name), *theirs = samples_of(job, base_name);
	unsigned n = 0;

	for (size_t i = 0; i < n_rounds(mine); i++) {
		v[n] = value_at(mine, i, metric);
		base[n] = value_at(theirs, i, metric);
		n += !isnan(v[n]) && !isnan(base[n]) && base[n] != 0;
	}
	return n;
}

static struct summary_ratio ratio_to(const json_t *job, const char *metric,
				     const struct summary_row *row, const char *base_name)
{
	double v[DOC_MAX_ROUNDS], base[DOC_MAX_ROUNDS];
	struct spread theirs = summary_spread(job, metric, base_name);
	struct summary_ratio ratio = {.is_doubtful = true};
	unsigned n;

	if (strcmp(row->name, base_name) == 0)
		return ratio;
	n = summary_pairs(job, metric, row->name, base_name, v, base);
	ratio.r = spread_ratio(v, base, n);
	ratio.is_doubtful = spread_is_overlapping(&row->values, &theirs);
	return ratio;
}

static void take_words(struct summary_row *row, const json_t *samples)
{
	for (size_t i = 0; i < n_rounds(samples); i++) {
		const json_t *s = json_array_get(samples, i);
		const char *error = json_string_value(json_object_get(s, "error"));
		const char *warning = json_string_value(json_object_get(s, "warning"));

		row->n_failed += error != NULL;
		row->n_warned += warning != NULL;
		row->failed = row->failed ? row->failed : error;
		row->warned = row->warned ? row->warned : warning;
	}
}

struct summary_row summary_of(const json_t *job, const char *metric, const char *name,
			      const char *const *bases, unsigned n_bases)
{
	struct summary_row row = {.name = name};

	row.values = summary_spread(job, metric, name);
	for (unsigned i = 0; i < n_bases; i++)
		row.ratio[i] = ratio_to(job, metric, &row, bases[i]);
	take_words(&row, samples_of(job, name));
	return row;
}

unsigned summary_bases(const json_t *doc, const json_t *job, const char *metric,
		       const char **bases)
{
	json_t *all = json_object_get(doc, "baselines"), *b;
	unsigned n = 0;
	size_t i;

	json_array_foreach(all, i, b)
	{
		const char *name = json_string_value(b);
		struct spread s = summary_spread(job, metric, name);

		if (n < SUMMARY_MAX_BASES && s.n && s.median != 0)
			bases[n++] = name;
	}
	return n;
}

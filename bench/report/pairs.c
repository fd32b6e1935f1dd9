/* SPDX-License-Identifier: BSD-2-Clause */
/* pairs: OLD against NEW from paired rounds: better, worse, or no difference shown. */
#include "bench/report/pairs.h"

#include <math.h>
#include <string.h>

#include "bench/report/cells.h"
#include "bench/report/summary.h"

enum { SEED = 20261124 }; /* any; the same samples always give the same verdict */

unsigned pairs_min_rounds(double confidence)
{
	unsigned n = 1;

	while (n < DOC_MAX_ROUNDS && ldexp(2.0, -(int)n) > 1 - confidence + 1e-12)
		n++;
	return n;
}

static enum pairs_verdict judge(const struct pairs *p, enum doc_better better,
				double confidence)
{
	if (p->n < pairs_min_rounds(confidence))
		return PAIRS_VERDICT_FEW;
	if (!spread_is_changed(&p->ratio))
		return PAIRS_VERDICT_NONE;
	if (better == DOC_BETTER_NONE)
		return PAIRS_VERDICT_CHANGED;
	return (p->ratio.mid > 1) == (better == DOC_BETTER_MORE) ? PAIRS_VERDICT_BETTER
								 : PAIRS_VERDICT_WORSE;
}

struct pairs pairs_of(const double *v, const double *base, unsigned n,
		      enum doc_better better, double confidence)
{
	struct pairs p = {.n = n, .verdict = PAIRS_VERDICT_FEW};
	double ratio[DOC_MAX_ROUNDS];

	p.old_values = spread_of(base, n);
	p.new_values = spread_of(v, n);
	if (!spread_has_ratios(v, base, n, ratio)) {
		p.ratio = (struct spread_interval){NAN, NAN, NAN};
		return p;
	}
	p.ratio = spread_bootstrap(ratio, n, SEED, confidence);
	p.verdict = judge(&p, better, confidence);
	if (p.verdict == PAIRS_VERDICT_WORSE)
		p.percent_worse = 100 * fabs(p.ratio.mid - 1);
	return p;
}

static enum doc_better better_of(const json_t *metric)
{
	const char *word = json_string_value(json_object_get(metric, "better"));

	if (!word)
		return DOC_BETTER_NONE;
	return strcmp(word, "more") == 0 ? DOC_BETTER_MORE : DOC_BETTER_LESS;
}

struct pairs pairs_of_metric(const json_t *job, const json_t *metric,
			     const char *new_name, const char *old_name,
			     double confidence)
{
	const char *name = json_string_value(json_object_get(metric, "name"));
	double v[DOC_MAX_ROUNDS], base[DOC_MAX_ROUNDS];
	unsigned n = summary_pairs(job, name, new_name, old_name, v, base);

	return pairs_of(v, base, n, better_of(metric), confidence);
}

const char *pairs_say(const struct pairs *p)
{
	static const char *const words[] = {
		[PAIRS_VERDICT_NONE] = "no difference shown",
		[PAIRS_VERDICT_BETTER] = "better",
		[PAIRS_VERDICT_WORSE] = "worse",
		[PAIRS_VERDICT_CHANGED] = "changed",
		[PAIRS_VERDICT_FEW] = "too few rounds to show a difference",
	};

	return words[p->verdict];
}

static void add_row(struct cells *c, const json_t *job, const json_t *metric,
		    const struct pairs *p)
{
	const char *unit = json_string_value(json_object_get(metric, "unit"));

	cells_add(c, "%s: %s, %s", json_string_value(json_object_get(job, "title")),
		  json_string_value(json_object_get(metric, "title")), unit);
	cells_add(c, "%u", p->n);
	cells_add(c, "%s", cells_number(p->old_values.median).text);
	cells_add(c, "%s", cells_number(p->new_values.median).text);
	if (isnan(p->ratio.mid))
		cells_add(c, "-");
	else
		cells_add(c, "%.3f [%.3f..%.3f]", p->ratio.mid, p->ratio.low,
			  p->ratio.high);
	cells_add(c, "%s", pairs_say(p));
}

static void add_job(struct cells *c, const json_t *job, const char *new_name,
		    const char *old_name, double confidence, double limit_percent,
		    unsigned *n_worse)
{
	json_t *metric;
	size_t i;

	json_array_foreach(json_object_get(job, "metrics"), i, metric)
	{
		struct pairs p;

		if (!doc_is_leading(metric))
			continue;
		p = pairs_of_metric(job, metric, new_name, old_name, confidence);
		if (p.n == 0)
			continue;
		add_row(c, job, metric, &p);
		*n_worse += p.verdict == PAIRS_VERDICT_WORSE &&
			    p.percent_worse > limit_percent;
	}
}

unsigned pairs_print(const json_t *doc, const char *new_name, const char *old_name,
		     double confidence, double limit_percent, FILE *f)
{
	static const char *const head[] = {"", "rounds", "old", "new", "new / old", ""};
	unsigned n_worse = 0;
	struct cells c;
	json_t *job;
	size_t i;

	cells_init(&c, sizeof(head) / sizeof(head[0]));
	for (i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		cells_add(&c, "%s", head[i]);
	json_array_foreach(json_object_get(doc, "jobs"), i, job)
	{
		add_job(&c, job, new_name, old_name, confidence, limit_percent, &n_worse);
	}
	cells_print_text(&c, f, 0);
	fprintf(f,
		"\nnew / old: median of the ratios of each round [its bootstrap "
		"interval, "
		"%g %%]; without 1 in it, and with at least %u rounds, a difference is "
		"shown.\n",
		confidence * 100, pairs_min_rounds(confidence));
	cells_fini(&c);
	return n_worse;
}

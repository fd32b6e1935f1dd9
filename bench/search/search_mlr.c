/* SPDX-License-Identifier: BSD-2-Clause */
/* search_mlr: NDR, PDR and the like by multiple loss ratio search: which load is next. */
#include <errno.h>
#include <math.h>

#include "bench/search/search_mlr_load.h"
#include "bench/search/search_try.h"

/*
 * How it works: every goal is reached over easier targets (shorter sums, doubled widths),
 * whose bounds are the first guesses of the next. The state of the search is the log of
 * trials and nothing else: bounds are classified anew from it for each decision, so that
 * trials made for one goal count for all, and a bound that is no longer one is noticed.
 *
 * Relevant upper bound: the lowest load classified as upper. Relevant lower bound: the
 * highest load classified as lower below it. A load without any good trial is a ceiling:
 * it takes the place of an upper bound in the choice of loads, never in a result.
 *
 * It ends: a load is measured until it is classified, which its duration sum bounds;
 * loads are doubled steps away from a bound, and then halvings of what lies between two
 * bounds.
 */
enum { LOADS_MAX = 4096, PRECEDING_MAX = 8 };

struct bounds {
	double lower, upper; /* 0: none */
	bool is_ceiling;     /* upper is no bound, but a load without good trials */
};

struct state {
	const struct search_mlr *s;
	struct search_try try;
	double load[LOADS_MAX]; /* each load once */
	unsigned n_loads;
	double ceiling;		    /* the lowest load without good trials; 0: none */
	double hint_low, hint_high; /* guesses for the target at hand; 0: none */
	double stretch;		    /* widths of the next step away from a bound */
};

void search_mlr_defaults(struct search_mlr *s)
{
	static const struct search_goal csit = {
		.exceed_ratio = 0.5,
		.width = 0.005,
		.initial_seconds = 1,
		.final_seconds = 1,
		.duration_sum = 21,
		.preceding = 2,
	};

	*s = (struct search_mlr){
		.range = {.min_pps = 1000,
			  .max_pps = 1e7,
			  .time_limit = 1200,
			  .max_repeats = 3},
		.goal = {csit, csit},
		.n_goals = 2,
	};
	s->goal[0].name = "NDR";
	s->goal[1].name = "PDR";
	s->goal[1].loss_ratio = 0.005;
}

static int check_goal(const struct search_goal *g, const struct search_range *range,
		      struct err *e)
{
	int rc = search_try_check_range(range, g->initial_seconds, e);

	if (!rc)
		rc = search_try_check("the loss ratio", g->loss_ratio, 0.0, 0.999, e);
	if (!rc)
		rc = search_try_check("the exceed ratio", g->exceed_ratio, 0.0, 0.999, e);
	if (!rc)
		rc = search_try_check("the width", g->width, 1e-6, 0.5, e);
	if (!rc)
		rc = search_try_check("the final trial duration", g->final_seconds,
				      g->initial_seconds, 1e6, e);
	if (!rc) /* RFC 9971 advises against a shorter sum */
		rc = search_try_check("the duration sum", g->duration_sum,
				      g->final_seconds, 1e4 * g->final_seconds, e);
	if (!rc)
		rc = search_try_check_count("the number of preceding targets",
					    g->preceding, 0, PRECEDING_MAX, e);
	return rc;
}

static int check(const struct search_mlr *s, struct err *e)
{
	int rc = search_try_check_count("the number of goals", s->n_goals, 1,
					SEARCH_GOALS_MAX, e);

	for (unsigned i = 0; !rc && i < s->n_goals; i++) {
		rc = check_goal(&s->goal[i], &s->range, e);
		if (rc)
			err_prefix(e, "goal %s", s->goal[i].name ? s->goal[i].name : "");
	}
	return rc;
}

/* The target with so many more after it: 0 is the goal itself. */
static struct search_mlr_target target_of(const struct search_goal *g, unsigned after)
{
	double part = g->preceding ? (double)after / g->preceding : 0.0;

	return (struct search_mlr_target){
		.loss_ratio = g->loss_ratio,
		.exceed_ratio = g->exceed_ratio,
		.width = fmin(0.5, ldexp(g->width, (int)after)),
		.seconds = g->final_seconds *
			   pow(g->initial_seconds / g->final_seconds, part),
		.duration_sum =
			g->duration_sum * pow(g->initial_seconds / g->duration_sum, part),
	};
}

static enum search_mlr_class class_of(const struct state *st, double pps,
				      const struct search_mlr_target *t)
{
	struct search_mlr_sums sums = search_mlr_load_sums(st->try.log, pps, t);

	return search_mlr_load_class(t, &sums);
}

static struct bounds bounds_of(const struct state *st, const struct search_mlr_target *t)
{
	struct bounds b = {.upper = st->ceiling, .is_ceiling = st->ceiling > 0.0};
	enum search_mlr_class class[LOADS_MAX];

	for (unsigned i = 0; i < st->n_loads; i++) {
		class[i] = class_of(st, st->load[i], t);
		if (class[i] == SEARCH_MLR_CLASS_upper &&
		    (b.upper == 0.0 || st->load[i] < b.upper)) {
			b.upper = st->load[i];
			b.is_ceiling = false;
		}
	}
	for (unsigned i = 0; i < st->n_loads; i++)
		if (class[i] == SEARCH_MLR_CLASS_lower && st->load[i] > b.lower &&
		    (b.upper == 0.0 || st->load[i] < b.upper))
			b.lower = st->load[i];
	return b;
}

/* Whether these bounds end the search for a target of this width, and how. */
static enum search_end end_of(const struct state *st, const struct bounds *b,
			      double width)
{
	const struct search_range *range = &st->s->range;
	double middle = b->lower + (b->upper - b->lower) / 2;

	if (b->upper == 0.0)
		return b->lower >= range->max_pps ? SEARCH_END_max : SEARCH_END_undefined;
	if (b->lower > 0.0 ? b->upper - b->lower <= width * b->upper * (1.0 + 1e-12) ||
				     middle <= b->lower || middle >= b->upper
			   : b->upper <= range->min_pps) {
		if (b->is_ceiling)
			return SEARCH_END_unusable;
		return b->lower > 0.0 ? SEARCH_END_found : SEARCH_END_min;
	}
	return SEARCH_END_undefined;
}

/* A guess is used once, and only where it tells something new. */
static double take_hint(double *hint, const struct bounds *b)
{
	double h = *hint;

	*hint = 0.0;
	return h > b->lower && (b->upper == 0.0 || h < b->upper) ? h : 0.0;
}

/* The next load to measure, for bounds that do not end the target yet. */
static double next_load(struct state *st, const struct bounds *b, double width)
{
	const struct search_range *range = &st->s->range;
	double load = take_hint(&st->hint_low, b), step = fmin(0.9, width * st->stretch);

	if (load == 0.0)
		load = take_hint(&st->hint_high, b);
	if (load > 0.0)
		return load;
	if (b->lower > 0.0 && b->upper > 0.0)
		return b->lower + (b->upper - b->lower) / 2;
	if (b->lower == 0.0 && b->upper == 0.0)
		return range->max_pps;
	st->stretch *= 2;
	if (b->lower > 0.0)
		return fmin(range->max_pps, b->lower / (1.0 - step));
	return fmax(range->min_pps, b->upper * (1.0 - step));
}

static int add_load(struct state *st, double pps, struct err *e)
{
	for (unsigned i = 0; i < st->n_loads; i++)
		if (st->load[i] == pps)
			return 0;
	if (st->n_loads == LOADS_MAX)
		return err_set(e, -ENOSPC,
			       "the search came to no end within %d loads; ask for less",
			       LOADS_MAX);
	st->load[st->n_loads++] = pps;
	return 0;
}

/* Trials at one load until it is classified; or it becomes the ceiling. 0 or errno. */
static int measure_load(struct state *st, double pps, const struct search_mlr_target *t,
			struct err *e)
{
	const struct search_trial *got;
	int rc = add_load(st, pps, e);

	while (!rc && class_of(st, pps, t) == SEARCH_MLR_CLASS_undecided) {
		rc = search_try_rate(&st->try, pps, t->seconds, &got, e);
		if (rc == 0) {
			if (st->ceiling == 0.0 || pps < st->ceiling)
				st->ceiling = pps;
			return 0;
		}
		/* what came through at the highest load is a good guess of what can */
		if (rc > 0 && st->try.log->n - st->try.log->n_bad == 1)
			st->hint_low = fmax(st->s->range.min_pps,
					    pps * (1.0 - search_loss_ratio(got)) /
						    (1.0 - t->loss_ratio));
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

static int reach_target(struct state *st, const struct search_mlr_target *t,
			struct err *e)
{
	st->stretch = 1;
	for (;;) {
		struct bounds b = bounds_of(st, t);
		int rc;

		if (end_of(st, &b, t->width) != SEARCH_END_undefined) {
			st->hint_low = b.lower;
			st->hint_high = b.is_ceiling ? 0.0 : b.upper;
			return 0;
		}
		rc = measure_load(st, next_load(st, &b, t->width), t, e);
		if (rc)
			return rc;
	}
}

/* Goal after goal, until none needs another trial: those of one may move another's
 * bounds. */
static int reach_goals(struct state *st, struct err *e)
{
	const struct search_mlr *s = st->s;
	unsigned n_before;
	bool is_first = true;

	do {
		n_before = st->try.log->n;
		for (unsigned i = 0; i < s->n_goals; i++) {
			unsigned after = is_first ? s->goal[i].preceding + 1 : 1;

			while (after--) {
				struct search_mlr_target t =
					target_of(&s->goal[i], after);
				int rc = reach_target(st, &t, e);

				if (rc)
					return rc;
			}
		}
		is_first = false;
	} while (st->try.log->n != n_before);
	return 0;
}

static void fill_result(const struct state *st, struct search_mlr_result *r, int rc)
{
	for (unsigned i = 0; i < st->s->n_goals; i++) {
		struct search_mlr_target t = target_of(&st->s->goal[i], 0);
		struct bounds b = bounds_of(st, &t);
		struct search_goal_result *g = &r->goal[i];

		g->end = end_of(st, &b, t.width);
		if (g->end == SEARCH_END_undefined && rc == -ETIME)
			g->end = SEARCH_END_time;
		g->lower_pps = b.lower;
		g->upper_pps = b.is_ceiling ? 0.0 : b.upper;
		if (b.lower > 0.0)
			g->conditional_pps =
				search_mlr_load_conditional(&r->log, b.lower, &t);
	}
}

int search_mlr(const struct search_mlr *s, search_measure *measure, void *arg,
	       struct search_mlr_result *r, struct err *e)
{
	struct state st = {
		.s = s,
		.try = {measure, arg, &r->log, s->range.time_limit, s->range.gap,
			s->range.max_repeats},
	};
	int rc;

	*r = (struct search_mlr_result){0};
	for (unsigned i = 0; i < SEARCH_GOALS_MAX; i++)
		r->goal[i].end = SEARCH_END_undefined;
	rc = check(s, e);
	if (rc)
		return rc;
	r->n_goals = s->n_goals;
	rc = reach_goals(&st, e);
	fill_result(&st, r, rc);
	return rc == -ETIME ? 0 : rc;
}

void search_mlr_fini(struct search_mlr_result *r)
{
	search_try_free(&r->log);
}

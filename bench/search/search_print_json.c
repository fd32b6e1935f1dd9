/* SPDX-License-Identifier: BSD-2-Clause */
/* search_print_json: the results of the searches as JSON, with every trial. */
#include <math.h>

#include "bench/search/search_print.h"

/* What has no figure is null. */
static json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* A rate of 0 is none. */
static json_t *rate(double pps)
{
	return pps > 0.0 ? real(pps) : json_null();
}

/* 0, or -1 and *object is gone: jansson takes v in either case. */
static int put(json_t **object, const char *key, json_t *v)
{
	if (*object && json_object_set_new(*object, key, v) == 0)
		return 0;
	if (!*object)
		json_decref(v);
	json_decref(*object);
	*object = NULL;
	return -1;
}

static int append(json_t **array, json_t *v)
{
	if (v && *array && json_array_append_new(*array, v) == 0)
		return 0;
	if (!*array)
		json_decref(v);
	json_decref(*array);
	*array = NULL;
	return -1;
}

static json_t *trial_json(const struct search_trial *t)
{
	json_t *o = json_object();

	put(&o, "rate_pps", real(t->rate_pps));
	put(&o, "seconds", real(t->seconds));
	put(&o, "offered", json_integer((json_int_t)t->offered));
	put(&o, "received", json_integer((json_int_t)t->received));
	put(&o, "bad", json_boolean(t->is_bad));
	return o;
}

static void put_log(json_t **o, const struct search_log *log)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < log->n && !append(&a, trial_json(&log->trial[i])); i++)
		;
	put(o, "seconds", real(log->seconds));
	put(o, "bad_trials", json_integer(log->n_bad));
	put(o, "trials", a);
}

static void put_end(json_t **o, enum search_end end)
{
	put(o, "end", json_string(search_end_text(end)));
	put(o, "regular", json_boolean(end == SEARCH_END_found));
}

json_t *search_print_json_throughput(const struct search_throughput_result *r)
{
	json_t *o = json_object();

	put(&o, "search", json_string("throughput"));
	put_end(&o, r->end);
	put(&o, "throughput_pps", rate(r->pps));
	put(&o, "lower_pps", rate(r->lower_pps));
	put(&o, "upper_pps", rate(r->upper_pps));
	put_log(&o, &r->log);
	return o;
}

static json_t *goal_json(const struct search_goal *g, const struct search_goal_result *r)
{
	json_t *o = json_object();

	put(&o, "goal", json_string(g->name ? g->name : ""));
	put(&o, "loss_ratio", real(g->loss_ratio));
	put(&o, "exceed_ratio", real(g->exceed_ratio));
	put(&o, "width", real(g->width));
	put(&o, "initial_seconds", real(g->initial_seconds));
	put(&o, "final_seconds", real(g->final_seconds));
	put(&o, "duration_sum", real(g->duration_sum));
	put_end(&o, r->end);
	put(&o, "lower_pps", rate(r->lower_pps));
	put(&o, "upper_pps", rate(r->upper_pps));
	put(&o, "conditional_pps", rate(r->conditional_pps));
	return o;
}

json_t *search_print_json_mlr(const struct search_mlr *s,
			      const struct search_mlr_result *r)
{
	json_t *o = json_object(), *goals = json_array();

	for (unsigned i = 0; i < r->n_goals; i++)
		append(&goals, goal_json(&s->goal[i], &r->goal[i]));
	put(&o, "search", json_string("mlr"));
	put(&o, "goals", goals);
	put_log(&o, &r->log);
	return o;
}

json_t *search_print_json_loss(const struct search_loss_result *r)
{
	json_t *o = json_object(), *rows = json_array();

	for (unsigned i = 0; i < r->n_rows; i++) {
		json_t *row = json_object();

		put(&row, "share", real(r->row[i].share));
		put(&row, "rate_pps", real(r->log.trial[r->row[i].trial].rate_pps));
		put(&row, "loss_ratio", real(r->row[i].loss_ratio));
		append(&rows, row);
	}
	put(&o, "search", json_string("loss"));
	put_end(&o, r->end);
	put(&o, "rows", rows);
	put_log(&o, &r->log);
	return o;
}

json_t *search_print_json_burst(const struct search_burst_result *r)
{
	json_t *o = json_object(), *frames = json_array();

	for (unsigned i = 0; i < r->n; i++)
		append(&frames, json_integer((json_int_t)r->frames[i]));
	put(&o, "search", json_string("burst"));
	put_end(&o, r->end);
	put(&o, "frames", frames);
	put(&o, "average", real(r->n ? r->average : NAN));
	put(&o, "min", real(r->n ? r->min : NAN));
	put(&o, "max", real(r->n ? r->max : NAN));
	put(&o, "stddev", real(r->n ? r->stddev : NAN));
	put(&o, "implied_seconds", real(r->n ? r->implied_seconds : NAN));
	put(&o, "corrected_seconds", real(r->corrected_seconds));
	put_log(&o, &r->log);
	return o;
}

json_t *search_print_json_blocked(const struct search_blocked_result *r)
{
	json_t *o = json_object(), *each = json_array();

	for (unsigned i = 0; i < r->n; i++)
		append(&each, real(r->seconds[i]));
	put(&o, "search", json_string("blocked"));
	put(&o, "events", each);
	put(&o, "min_seconds", real(r->min));
	put(&o, "median_seconds", real(r->median));
	put(&o, "max_seconds", real(r->max));
	put(&o, "quiet_seconds", real(r->quiet_seconds));
	put_log(&o, &r->log);
	return o;
}

json_t *search_print_json_soak(const struct search_soak_result *r)
{
	json_t *o = json_object();

	put(&o, "search", json_string("soak"));
	put(&o, "intervals", json_integer(r->n));
	put(&o, "lossy_intervals", json_integer(r->n_lossy));
	put(&o, "lost", json_integer((json_int_t)r->lost));
	put(&o, "loss_ratio", real(r->n ? r->loss_ratio : NAN));
	put(&o, "worst_ratio", real(r->n ? r->worst_ratio : NAN));
	put(&o, "worst_trial", r->n ? json_integer(r->worst) : json_null());
	put(&o, "drift_per_hour", real(r->n < 3 ? NAN : r->drift));
	put(&o, "drift_error", real(r->n < 3 ? NAN : r->drift_error));
	put_log(&o, &r->log);
	return o;
}

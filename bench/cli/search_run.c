/* SPDX-License-Identifier: BSD-2-Clause */
/* The searches of bench/search, each with trials through one forwarder. */
#include "bench/cli/search_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/search_through.h"
#include "bench/cli/told.h"
#include "bench/search/search.h"
#include "bench/search/search_print.h"

enum { IDLE_PPS = 100 }; /* what stands for 0 % in a latency trial */

/* --- kinds --------------------------------------------------------------------- */

static void set(double *to, double from)
{
	if (!isnan(from))
		*to = from;
}

static void set_range(const struct search_run *s, struct search_range *r)
{
	set(&r->max_pps, s->max);
	set(&r->min_pps, s->min);
	set(&r->time_limit, s->time_limit);
}

static int do_throughput(struct search_run *s, struct err *e)
{
	struct search_throughput c;
	struct search_throughput_result r;
	int rc;

	search_throughput_defaults(&c);
	set_range(s, &c.range);
	set(&c.seconds, s->seconds);
	set(&c.resolution, s->resolution);
	set(&c.loss_ratio, s->loss);
	rc = search_throughput(&c, search_through_steady, s, &r, e);
	if (!rc && s->is_json)
		s->out = search_print_json_throughput(&r);
	else if (!rc)
		search_print_throughput(stdout, &r);
	search_throughput_fini(&r);
	return rc;
}

static int do_ndrpdr(struct search_run *s, struct search_mlr *c,
		     struct search_mlr_result *r, struct err *e)
{
	search_mlr_defaults(c);
	set_range(s, &c->range);
	for (unsigned i = 0; i < c->n_goals; i++) {
		set(&c->goal[i].final_seconds, s->seconds);
		set(&c->goal[i].initial_seconds, s->seconds);
		set(&c->goal[i].duration_sum, s->sum);
		set(&c->goal[i].width, s->resolution);
		if (c->goal[i].loss_ratio > 0)
			set(&c->goal[i].loss_ratio, s->loss);
	}
	return search_mlr(c, search_through_steady, s, r, e);
}

static int do_mlr(struct search_run *s, struct err *e)
{
	struct search_mlr c;
	struct search_mlr_result r;
	int rc = do_ndrpdr(s, &c, &r, e);

	if (!rc && s->is_json)
		s->out = search_print_json_mlr(&c, &r);
	else if (!rc)
		search_print_mlr(stdout, &c, &r);
	search_mlr_fini(&r);
	return rc;
}

static int do_loss(struct search_run *s, struct err *e)
{
	struct search_loss c;
	struct search_loss_result *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_set(e, -ENOMEM, "not enough memory for a search");
	search_loss_defaults(&c);
	set_range(s, &c.range);
	set(&c.seconds, s->seconds);
	set(&c.step, s->step);
	rc = search_loss(&c, search_through_steady, s, r, e);
	if (!rc && s->is_json)
		s->out = search_print_json_loss(r);
	else if (!rc)
		search_print_loss(stdout, r);
	search_loss_fini(r);
	free(r);
	return rc;
}

static int do_burst(struct search_run *s, struct err *e)
{
	struct search_burst c;
	struct search_burst_result *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_set(e, -ENOMEM, "not enough memory for a search");
	search_burst_defaults(&c);
	if (!isnan(s->max))
		c.max_frames = (uint64_t)s->max;
	if (!isnan(s->min))
		c.min_frames = (uint64_t)s->min;
	if (!isnan(s->resolution))
		c.resolution = (uint64_t)s->resolution;
	if (!isnan(s->repeats))
		c.repeats = (unsigned)s->repeats;
	s->max = NAN;
	rc = search_through_max(s, e);
	c.max_pps = s->max;
	if (!rc)
		rc = search_burst(&c, search_through_burst, s, r, e);
	if (!rc && s->is_json)
		s->out = search_print_json_burst(r);
	else if (!rc)
		search_print_burst(stdout, r);
	search_burst_fini(r);
	free(r);
	return rc;
}

/* One step's latencies, or that there are none. */
static void tell_latency(struct search_run *s, const struct search_latency_step *step)
{
	static const double percents[] = {50, 90, 99, 99.9, 100};
	static const char *const names[] = {"p50", "p90", "p99", "p99.9", "max"};
	bool is_there = s->latency && hist_count(s->latency) > 0;
	json_t *row = json_pack("{s:f, s:f, s:f}", "share", step->share, "rate_pps",
				step->rate_pps, "seconds", step->seconds);

	if (!s->is_json)
		printf("at %3.0f %% of PDR, %.4g kpps:", 100 * step->share,
		       step->rate_pps / 1e3);
	for (unsigned i = 0; i < 5; i++) {
		double ns =
			is_there ? (double)told_percentile(s->latency, percents[i]) : NAN;

		json_object_set_new(row, names[i],
				    is_there ? json_integer((json_int_t)ns)
					     : json_null());
		if (!s->is_json && is_there)
			printf("  %s %.1f us", names[i], ns / 1e3);
	}
	if (!s->is_json)
		printf("%s\n", is_there ? "" : "  no figure");
	json_array_append_new(json_object_get(s->out, "latency_ns"), row);
}

static int do_latency(struct search_run *s, struct err *e)
{
	struct search_latency_step step[SEARCH_LATENCY_STEPS];
	double pdr, seconds = isnan(s->seconds) ? 60 : s->seconds;
	struct search_mlr_result mlr;
	struct search_mlr c;
	int rc;

	s->seconds = NAN; /* the search for PDR has its own */
	rc = do_ndrpdr(s, &c, &mlr, e);
	pdr = rc ? 0 : mlr.goal[mlr.n_goals - 1].lower_pps;
	if (!rc && s->is_json)
		s->out = search_print_json_mlr(&c, &mlr);
	else if (!rc)
		search_print_mlr(stdout, &c, &mlr);
	search_mlr_fini(&mlr);
	json_object_set_new(s->out, "latency_ns", json_array());
	if (!rc)
		rc = search_latency_plan(pdr, IDLE_PPS, seconds, step, e);
	s->trial.wish.receive = TRIAL_COUNT_check;
	for (unsigned i = 0; i < SEARCH_LATENCY_STEPS && !rc; i++) {
		struct search_trial t = {.rate_pps = step[i].rate_pps};

		rc = search_through_steady(s, step[i].rate_pps, step[i].seconds, &t, e);
		if (!rc)
			tell_latency(s, &step[i]);
	}
	return rc;
}

static int do_reset(struct search_run *s, struct err *e)
{
	struct search_blocked c;
	struct search_blocked_result r;
	int rc;

	if (!s->trial.wish.event)
		return err_usage(e,
				 "reset: --event CMD says what happens to the forwarder");
	search_blocked_defaults(&c);
	set(&c.seconds, s->seconds);
	if (s->trial.wish.rate_pps > 0)
		c.rate_pps = s->trial.wish.rate_pps;
	if (!isnan(s->repeats))
		c.repeats = (unsigned)s->repeats;
	rc = search_blocked(&c, search_through_steady, search_through_event, s, &r, e);
	if (!rc && s->is_json)
		s->out = search_print_json_blocked(&r);
	else if (!rc)
		search_print_blocked(stdout, &r);
	search_blocked_fini(&r);
	return rc;
}

static int do_soak(struct search_run *s, struct err *e)
{
	struct search_soak c;
	struct search_soak_result r;
	int rc;

	if (s->trial.wish.rate_pps <= 0)
		return err_usage(e, "soak: --rate says at which rate");
	search_soak_defaults(&c);
	c.rate_pps = s->trial.wish.rate_pps;
	set(&c.interval, s->interval);
	if (!isnan(s->seconds))
		c.intervals = (unsigned)fmax(1, ceil(s->seconds / c.interval));
	rc = search_soak(&c, search_through_steady, s, &r, e);
	if (!rc && s->is_json)
		s->out = search_print_json_soak(&r);
	else if (!rc)
		search_print_soak(stdout, &r);
	search_soak_fini(&r);
	return rc;
}

static const struct kind {
	const char *name, *help;
	int (*run)(struct search_run *s, struct err *e);
	bool needs_max;
	const char *takes; /* options, with a blank around each */
} kinds[] = {
	{"throughput", "the highest rate without loss (RFC 2544 26.1)", do_throughput,
	 true, " max min seconds resolution loss-ratio time-limit "},
	{"ndrpdr", "non-drop and partial-drop rate (MLRsearch, RFC 9971)", do_mlr, true,
	 " max min seconds resolution loss-ratio duration-sum time-limit "},
	{"loss", "frame loss at 100 %, 90 %, ... (RFC 2544 26.3)", do_loss, true,
	 " max min seconds step time-limit "},
	{"back-to-back", "the longest burst without loss (RFC 2544 26.4, RFC 9004)",
	 do_burst, false, " max min resolution repeats "},
	{"latency", "at 0, 10, 50 and 90 % of the partial-drop rate (RFC 2544 26.2)",
	 do_latency, true,
	 " max min seconds resolution loss-ratio duration-sum time-limit "},
	{"reset", "how long --event CMD blocks (RFC 6201: lost frames / rate)", do_reset,
	 false, " seconds repeats rate event "},
	{"soak", "one --rate for long", do_soak, false, " seconds interval rate "},
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct kind *find(const char *name)
{
	for (unsigned i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

int search_run_check_kind(const char *kind, struct err *e)
{
	return find(kind) ? 0
			  : err_usage(e,
				      "'%.40s' is no kind of search; there are "
				      "throughput, ndrpdr, loss, back-to-back, latency, "
				      "reset and soak",
				      kind);
}

static bool takes(const struct kind *k, const char *option)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", option);
	return strstr(k->takes, word);
}

int search_run_check_option(const char *kind, const char *option, struct err *e)
{
	char all[128] = "";
	size_t len = 0;

	if (takes(find(kind), option))
		return 0;
	for (unsigned i = 0; i < N_KINDS; i++)
		if (takes(&kinds[i], option))
			len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
						len ? ", " : "", kinds[i].name);
	return err_usage(e, "--%s: a search for %s has no use for it; it is for %s",
			 option, kind, all);
}

void search_run_help(FILE *f)
{
	for (unsigned i = 0; i < N_KINDS; i++)
		fprintf(f, "  %-13s %s\n", kinds[i].name, kinds[i].help);
}

int search_run(struct search_run *s, struct err *e)
{
	const struct kind *k = find(s->kind);
	int rc = k->needs_max ? search_through_max(s, e) : 0;

	return rc ? rc : k->run(s, e);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The searches of bench/search, each with trials through one forwarder. */
#include "bench/cli/search_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/search/search.h"
#include "bench/search/search_print.h"

enum { IDLE_PPS = 100 }; /* what stands for 0 % in a latency trial */

/* --- trials -------------------------------------------------------------------- */

static int run_trial(struct search_run *s, struct trial_wish *w, struct search_trial *out,
		     struct err *e)
{
	struct trial_result r;
	int rc = trial_run(s->l, w, &r, e);

	if (!rc) {
		out->offered = r.sent;
		out->received = r.received;
		out->is_bad = (r.is_disturbed && !s->keeps_disturbed) ||
			      (w->rate_pps > 0 && r.is_sender_slow);
		s->n_trials++;
		fprintf(stderr, "trial %u: %.4g kpps for %.3g s: lost %llu of %llu%s%s\n",
			s->n_trials, r.offered_pps / 1e3, r.seconds,
			(unsigned long long)r.lost, (unsigned long long)r.sent,
			out->is_bad ? " - not used: " : "",
			!out->is_bad	   ? ""
			: r.is_sender_slow ? "the sender was too slow"
					   : r.disturbed);
		free(s->latency);
		s->latency = r.latency;
		r.latency = NULL;
	}
	trial_fini(&r);
	return rc;
}

static int measure(void *arg, double rate_pps, double seconds, struct search_trial *out,
		   struct err *e)
{
	struct search_run *s = arg;
	struct trial_wish w = s->wish;

	w.rate_pps = rate_pps;
	w.seconds = seconds;
	w.event = NULL;
	w.warmup = s->n_trials ? 0 : w.warmup; /* the forwarder is the same all along */
	return run_trial(s, &w, out, e);
}

static int measure_event(void *arg, double rate_pps, double seconds,
			 struct search_trial *out, struct err *e)
{
	struct search_run *s = arg;
	struct trial_wish w = s->wish;

	w.rate_pps = rate_pps;
	w.seconds = seconds;
	w.warmup = 0;
	return run_trial(s, &w, out, e);
}

static int measure_burst(void *arg, uint64_t frames, struct search_trial *out,
			 struct err *e)
{
	struct search_run *s = arg;
	struct trial_wish w = s->wish;
	struct trial_result r;
	int rc;

	w.rate_pps = 0;
	w.seconds = 0;
	w.count = frames;
	w.warmup = s->n_trials++ ? 0 : w.warmup;
	rc = trial_run(s->l, &w, &r, e);
	out->offered = r.sent;
	out->received = r.received;
	out->rate_pps = r.offered_pps;
	out->seconds = r.seconds;
	out->is_bad = r.is_disturbed && !s->keeps_disturbed;
	trial_fini(&r);
	return rc;
}

/* The sender's own rate through this forwarder: nothing above it can be tried. */
static int find_max(struct search_run *s, struct err *e)
{
	struct trial_wish w = s->wish;
	struct trial_result r;
	int rc;

	if (!isnan(s->max))
		return 0;
	w.rate_pps = 0;
	w.seconds = 1;
	w.event = NULL;
	rc = trial_run(s->l, &w, &r, e);
	if (!rc) {
		/* of one pair, and a little below, so that it can be kept up */
		s->max = 0.95 * r.offered_pps / (s->wish.n_ports / 2);
		fprintf(stderr, "highest rate: %.4g kpps, 95 %% of the sender flat out\n",
			s->max / 1e3);
	}
	trial_fini(&r);
	return rc;
}

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
	rc = search_throughput(&c, measure, s, &r, e);
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
	return search_mlr(c, measure, s, r, e);
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
	rc = search_loss(&c, measure, s, r, e);
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
	rc = find_max(s, e);
	c.max_pps = s->max;
	if (!rc)
		rc = search_burst(&c, measure_burst, s, r, e);
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
			is_there ? (double)hist_percentile(s->latency, percents[i]) : NAN;

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
	s->wish.receive = TRIAL_COUNT_check;
	for (unsigned i = 0; i < SEARCH_LATENCY_STEPS && !rc; i++) {
		struct search_trial t = {.rate_pps = step[i].rate_pps};

		rc = measure(s, step[i].rate_pps, step[i].seconds, &t, e);
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

	if (!s->wish.event)
		return err_usage(e,
				 "reset: --event CMD says what happens to the forwarder");
	search_blocked_defaults(&c);
	set(&c.seconds, s->seconds);
	if (s->wish.rate_pps > 0)
		c.rate_pps = s->wish.rate_pps;
	if (!isnan(s->repeats))
		c.repeats = (unsigned)s->repeats;
	rc = search_blocked(&c, measure, measure_event, s, &r, e);
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

	if (s->wish.rate_pps <= 0)
		return err_usage(e, "soak: --rate says at which rate");
	search_soak_defaults(&c);
	c.rate_pps = s->wish.rate_pps;
	set(&c.interval, s->interval);
	if (!isnan(s->seconds))
		c.intervals = (unsigned)fmax(1, ceil(s->seconds / c.interval));
	rc = search_soak(&c, measure, s, &r, e);
	if (!rc && s->is_json)
		s->out = search_print_json_soak(&r);
	else if (!rc)
		search_print_soak(stdout, &r);
	search_soak_fini(&r);
	return rc;
}

static const struct kind {
	const char *name;
	int (*run)(struct search_run *s, struct err *e);
	bool needs_max;
} kinds[] = {
	{"throughput", do_throughput, true},
	{"ndrpdr", do_mlr, true},
	{"loss", do_loss, true},
	{"back-to-back", do_burst, false},
	{"latency", do_latency, true},
	{"reset", do_reset, false},
	{"soak", do_soak, false},
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct kind *find(const char *name)
{
	for (unsigned i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

bool search_run_has_kind(const char *name)
{
	return find(name) != NULL;
}

int search_run(struct search_run *s, struct err *e)
{
	const struct kind *k = find(s->kind);
	int rc = k->needs_max ? find_max(s, e) : 0;

	return rc ? rc : k->run(s, e);
}

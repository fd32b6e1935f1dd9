/* SPDX-License-Identifier: BSD-2-Clause */
/* search_through: what the searches of bench/search measure: trials through one
 * forwarder.
 */
#include "bench/cli/search_through.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Each stays to be read, but on a terminal only: the result has them all. */
static void tell_trial(const struct search_run *s, const struct trial_result *r,
		       bool is_bad)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "trial %u: %.4g kpps for %.3g s: lost %llu of %llu%s%s\n",
		s->n_trials, r->offered_pps / 1e3, r->seconds,
		(unsigned long long)r->lost, (unsigned long long)r->sent,
		is_bad ? " - not used: " : "",
		!is_bad		    ? ""
		: r->is_sender_slow ? "the sender was too slow"
				    : r->disturbed);
}

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
		tell_trial(s, &r, out->is_bad);
		free(s->latency);
		s->latency = r.latency;
		r.latency = NULL;
	}
	trial_fini(&r);
	return rc;
}

int search_through_steady(void *arg, double rate_pps, double seconds,
			  struct search_trial *out, struct err *e)
{
	struct search_run *s = arg;
	struct trial_wish w = s->trial.wish;

	w.rate_pps = rate_pps;
	w.seconds = seconds;
	w.event = NULL;
	w.warmup = s->n_trials ? 0 : w.warmup; /* the forwarder is the same all along */
	return run_trial(s, &w, out, e);
}

int search_through_event(void *arg, double rate_pps, double seconds,
			 struct search_trial *out, struct err *e)
{
	struct search_run *s = arg;
	struct trial_wish w = s->trial.wish;

	w.rate_pps = rate_pps;
	w.seconds = seconds;
	w.warmup = 0;
	return run_trial(s, &w, out, e);
}

int search_through_burst(void *arg, uint64_t frames, struct search_trial *out,
			 struct err *e)
{
	struct search_run *s = arg;
	struct trial_wish w = s->trial.wish;
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

int search_through_max(struct search_run *s, struct err *e)
{
	struct trial_wish w = s->trial.wish;
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
		s->max = 0.95 * r.offered_pps / (s->trial.wish.n_ports / 2);
		if (isatty(STDERR_FILENO))
			fprintf(stderr,
				"highest rate: %.4g kpps, 95 %% of the sender flat out\n",
				s->max / 1e3);
	}
	trial_fini(&r);
	return rc;
}

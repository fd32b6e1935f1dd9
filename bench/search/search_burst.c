/* SPDX-License-Identifier: BSD-2-Clause */
/* search_burst: back-to-back frames, RFC 2544 26.4 with the calculations of RFC 9004. */
#include <errno.h>
#include <math.h>

#include "bench/search/search_try.h"

struct state {
	const struct search_burst *s;
	search_burst_measure *measure;
	void *arg;
	struct search_burst_result *r;
	bool is_unusable, is_min, is_below_max; /* how one of the searches ended */
};

void search_burst_defaults(struct search_burst *s)
{
	*s = (struct search_burst){
		.min_frames = 1,
		.max_frames = 1000000,
		.resolution = 1,
		.repeats = 50, /* RFC 2544 26.4 */
		.max_repeats = 3,
		.max_pps = 1e6,
	};
}

static int check(const struct search_burst *s, struct err *e)
{
	const uint64_t most = UINT64_C(1) << 40;
	int rc = search_try_check_count("the longest burst", s->max_frames, 1, most, e);

	if (!rc)
		rc = search_try_check_count("the shortest burst", s->min_frames, 1, most,
					    e);
	if (!rc && s->min_frames > s->max_frames)
		rc = err_usage(e, "the shortest burst, %llu, is above the longest, %llu",
			       (unsigned long long)s->min_frames,
			       (unsigned long long)s->max_frames);
	if (!rc)
		rc = search_try_check_count("the resolution", s->resolution, 1, most, e);
	if (!rc)
		rc = search_try_check_count("the number of repetitions", s->repeats, 1,
					    SEARCH_BURST_REPEATS_MAX, e);
	if (!rc)
		rc = search_try_check_count("the number of repeats of a bad trial",
					    s->max_repeats, 0, SEARCH_TRY_REPEATS_MAX, e);
	if (!rc)
		rc = search_try_check("the highest frame rate", s->max_pps, 1e-3, 1e12,
				      e);
	if (!rc)
		rc = search_try_check("the throughput", s->throughput_pps, 0.0, 1e12, e);
	return rc;
}

/* 1: without loss, 0: with, 2: no good trial; or negative errno. */
static int try_burst(struct state *st, uint64_t frames, struct err *e)
{
	struct search_log *log = &st->r->log;

	for (unsigned i = 0; i <= st->s->max_repeats; i++) {
		struct search_trial t = {
			.rate_pps = st->s->max_pps,
			.seconds = (double)frames / st->s->max_pps,
		};
		int rc = st->measure(st->arg, frames, &t, e);

		if (rc < 0)
			return rc;
		t.is_bad |= t.offered != frames; /* that was another burst */
		rc = search_try_log(log, &t, 0.0, e);
		if (rc)
			return rc;
		if (!log->trial[log->n - 1].is_bad)
			return t.received == t.offered;
	}
	return 2;
}

/* The longest burst that passed, 0 if none did; binary search as for throughput. */
static int search_once(struct state *st, uint64_t *longest, struct err *e)
{
	uint64_t low = st->s->min_frames - 1, high = st->s->max_frames;
	bool is_unusable;
	int rc = try_burst(st, high, e);

	*longest = rc == 1 ? high : 0;
	if (rc < 0 || rc == 1)
		return rc < 0 ? rc : 0;
	st->is_below_max = true;
	is_unusable = rc == 2;
	/* never below min_frames; to one frame while none has passed */
	while (high - low > (*longest ? st->s->resolution : 1)) {
		uint64_t middle = low + (high - low) / 2;

		rc = try_burst(st, middle, e);
		if (rc < 0)
			return rc;
		if (rc == 1) {
			low = *longest = middle;
		} else {
			high = middle;
			is_unusable = rc == 2;
		}
	}
	st->is_unusable |= is_unusable;
	st->is_min |= !*longest;
	return 0;
}

/* RFC 9004 6.4: what passed, and the time the buffer that this implies can hold. */
static void sum_up(const struct search_burst *s, struct search_burst_result *r)
{
	double sum = 0.0, off = 0.0;

	r->min = INFINITY;
	for (unsigned i = 0; i < r->n; i++) {
		sum += (double)r->frames[i];
		r->min = fmin(r->min, (double)r->frames[i]);
		r->max = fmax(r->max, (double)r->frames[i]);
	}
	r->average = sum / r->n;
	for (unsigned i = 0; i < r->n; i++)
		off += pow((double)r->frames[i] - r->average, 2);
	r->stddev = r->n > 1 ? sqrt(off / (r->n - 1)) : 0.0;
	r->implied_seconds = r->average / s->max_pps;
	/* while the burst came in, frames left at the rate of the throughput */
	if (s->throughput_pps > 0.0)
		r->corrected_seconds = r->implied_seconds *
				       (1.0 - fmin(1.0, s->throughput_pps / s->max_pps));
}

int search_burst(const struct search_burst *s, search_burst_measure *measure, void *arg,
		 struct search_burst_result *r, struct err *e)
{
	struct state st = {s, measure, arg, r, false, false, false};
	int rc;

	*r = (struct search_burst_result){.end = SEARCH_END_undefined,
					  .corrected_seconds = NAN};
	rc = check(s, e);
	while (!rc && r->n < s->repeats) {
		rc = search_once(&st, &r->frames[r->n], e);
		r->n += !rc;
	}
	if (r->n)
		sum_up(s, r);
	if (rc)
		return rc;
	if (st.is_unusable)
		r->end = SEARCH_END_unusable;
	else if (st.is_min)
		r->end = SEARCH_END_min;
	else
		r->end = st.is_below_max ? SEARCH_END_found : SEARCH_END_max;
	return 0;
}

void search_burst_fini(struct search_burst_result *r)
{
	search_try_free(&r->log);
}

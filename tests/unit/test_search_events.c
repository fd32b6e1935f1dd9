/* SPDX-License-Identifier: BSD-2-Clause */
/* search: bursts, the latency plan, blocked time and soak against simulated devices. */
#include "tests/unit/search_device.h"

/* --- bursts ------------------------------------------------------------------------ */

/* Empties its buffer at one rate while the burst fills it at another. */
struct buffer {
	double frames, drain_pps, noise;
	uint64_t seed, shortest;
	unsigned calls, fail_at;
	bool is_disturbed, is_cut;
};

static int burst(void *arg, uint64_t frames, struct search_trial *out, struct err *e)
{
	struct buffer *b = arg;
	double off = b->noise * (2.0 * make_below(&b->seed, 1000001) / 1e6 - 1.0);
	double can = b->frames * (1 + off) + out->seconds * b->drain_pps;

	if (++b->calls == b->fail_at)
		return err_set(e, -EIO, "the cable was pulled");
	if (b->calls == 1 || frames < b->shortest)
		b->shortest = frames;
	assert_true(fabs(out->seconds * out->rate_pps - (double)frames) < 0.5);
	out->offered = frames - b->is_cut;
	out->received = fmin((double)out->offered, can);
	if (b->is_disturbed && b->calls % 3) {
		out->received = make_below(&b->seed, 2) ? frames : 0;
		out->is_bad = true;
	}
	return 0;
}

static struct search_burst c;
static struct search_burst_result r;

static void bursts(struct buffer *b, enum search_end end)
{
	struct err e;

	b->calls = 0;
	search_burst_fini(&r);
	assert_int_equal(search_burst(&c, burst, b, &r, &e), 0);
	assert_int_equal(r.end, end);
	assert_int_equal(r.n, c.repeats);
	assert_int_equal(r.log.n, b->calls);
	assert_true(b->shortest >= c.min_frames);
}

static void test_burst_is_found(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct buffer b = {.seed = 3, .is_disturbed = round % 2};
		double longest;

		search_burst_defaults(&c);
		c.repeats = 1 + make_below(&seed, 5);
		c.resolution = 1 + make_below(&seed, 2) * 100;
		c.throughput_pps = b.drain_pps = device_log_uniform(&seed, 1e3, 9e5);
		b.frames = device_log_uniform(&seed, 1000, 50000);
		longest = b.frames / (1 - b.drain_pps / c.max_pps);
		bursts(&b, SEARCH_END_found);
		assert_true(r.average <= longest + 1);
		assert_true(r.average >= longest - 1 - (double)c.resolution);
		assert_true(r.min == r.average && r.max == r.average && r.stddev == 0);
		/* RFC 9004: what the correction finds is the buffer alone */
		assert_true(fabs(r.implied_seconds * c.max_pps - r.average) < 1e-6);
		assert_true(fabs(r.corrected_seconds * c.max_pps - b.frames) <=
			    (double)c.resolution + 1);
		assert_true(r.log.n <= r.n * 23 * 3);
	}
}

static void test_burst_sums_up(void **state)
{
	struct buffer b = {.frames = 1000, .noise = 0.2, .seed = 7};
	double sum = 0, off = 0;

	(void)state;
	search_burst_defaults(&c);
	bursts(&b, SEARCH_END_found);
	assert_int_equal(r.n, 50);
	assert_true(isnan(r.corrected_seconds)); /* no throughput is known */
	for (unsigned i = 0; i < r.n; i++) {
		sum += (double)r.frames[i];
		assert_true((double)r.frames[i] >= r.min && (double)r.frames[i] <= r.max);
	}
	for (unsigned i = 0; i < r.n; i++)
		off += pow((double)r.frames[i] - sum / 50, 2);
	assert_true(fabs(r.average - sum / 50) < 1e-6 && r.min < r.max);
	assert_true(fabs(r.stddev - sqrt(off / 49)) < 1e-6);
}

static void test_burst_ends(void **state)
{
	struct buffer all = {.frames = 1e9, .seed = 1}, none = {.seed = 1},
		      one = {.frames = 1, .seed = 1},
		      cut = {.frames = 1e9, .seed = 1, .is_cut = true},
		      fails = {.frames = 500, .seed = 1, .fail_at = 30};
	struct err e;

	(void)state;
	search_burst_defaults(&c);
	c.repeats = 2;
	bursts(&all, SEARCH_END_max);
	assert_true(r.average == 1e6 && r.log.n == 2);
	c.throughput_pps = 2 * c.max_pps;
	bursts(&all, SEARCH_END_max);
	assert_true(r.corrected_seconds == 0);
	bursts(&none, SEARCH_END_min);
	assert_true(r.average == 0 && none.shortest == 1);
	c.resolution = 1000;
	bursts(&one, SEARCH_END_found);
	assert_true(r.average == 1);
	c.min_frames = 100;
	bursts(&one, SEARCH_END_min);
	assert_true(one.shortest == 100);
	bursts(&cut, SEARCH_END_unusable);
	assert_true(r.average == 0 && r.log.n_bad == r.log.n);
	fails.calls = 0;
	search_burst_fini(&r);
	c.resolution = 1;
	assert_int_equal(search_burst(&c, burst, &fails, &r, &e), -EIO);
	assert_int_equal(r.end, SEARCH_END_undefined);
	assert_int_equal(r.log.n, 29);
	assert_int_equal(r.n, 1);
	assert_true(r.average == 500);
	search_burst_fini(&r);
}

static void burst_refused(const char *word)
{
	struct err e;

	is_refused(search_burst(&c, NULL, NULL, &r, &e), &e, word);
	search_burst_defaults(&c);
}

static void test_burst_refuses(void **state)
{
	(void)state;
	search_burst_defaults(&c);
	c.min_frames = 0;
	burst_refused("shortest");
	c.max_frames = 0;
	burst_refused("longest");
	c.max_frames = UINT64_MAX;
	burst_refused("longest");
	c.min_frames = c.max_frames + 1;
	burst_refused("above the longest");
	c.resolution = 0;
	burst_refused("resolution");
	c.repeats = 0;
	burst_refused("repetitions");
	c.repeats = SEARCH_BURST_REPEATS_MAX + 1;
	burst_refused("repetitions");
	c.max_pps = NAN;
	burst_refused("frame rate");
	c.max_pps = 0;
	burst_refused("frame rate");
	c.throughput_pps = -1;
	burst_refused("throughput");
	c.max_repeats = 101;
	burst_refused("repeats");
}

/* --- latency ---------------------------------------------------------------------------
 */

static void test_latency_plan(void **state)
{
	struct search_latency_step p[SEARCH_LATENCY_STEPS];
	struct err e;

	(void)state;
	assert_int_equal(search_latency_plan(1e6, 1000, 120, p, &e), 0);
	assert_true(p[0].share == 0 && p[0].rate_pps == 1000 && p[0].seconds == 120);
	assert_true(p[1].share == 0.1 && p[1].rate_pps == 1e5);
	assert_true(p[2].share == 0.5 && p[2].rate_pps == 5e5);
	assert_true(p[3].share == 0.9 && p[3].rate_pps == 9e5 && p[3].seconds == 120);
	assert_int_equal(search_latency_plan(5000, 1000, 1, p, &e), 0);
	assert_true(p[1].rate_pps == 1000); /* never below idle */
	is_refused(search_latency_plan(0, 1000, 1, p, &e), &e, "PDR");
	is_refused(search_latency_plan(NAN, 1000, 1, p, &e), &e, "PDR");
	is_refused(search_latency_plan(1e6, 1e7, 1, p, &e), &e, "idle");
	is_refused(search_latency_plan(1e6, 0, 1, p, &e), &e, "idle");
	is_refused(search_latency_plan(1e6, 10, 0.01, p, &e), &e, "no frame");
	is_refused(search_latency_plan(1e6, 10, NAN, p, &e), &e, "duration");
}

/* --- blocked time ----------------------------------------------------------------------
 */

static void test_blocked(void **state)
{
	struct device d = {.capacity = 1e6, .event_seconds = 1.25, .seed = 1},
		      bad = {.capacity = 1e6, .disturbed_of_100 = 100, .seed = 1},
		      fails = {.capacity = 1e6, .fail_at = 3, .seed = 1},
		      leaky = {.capacity = 1e6, .floor_loss = 0.001, .seed = 1};
	const struct search_trial none = {1000, 10, 0, 0, false},
				  more = {1000, 10, 10, 11, false},
				  slow = {1000, 10, 5000, 2500, false};
	struct search_blocked_result b;
	struct search_blocked w;
	struct err e;

	(void)state;
	search_blocked_defaults(&w);
	assert_int_equal(
		search_blocked(&w, device_measure, device_measure_event, &d, &b, &e), 0);
	assert_int_equal(b.n, 3);
	assert_true(b.quiet_seconds == 0);
	assert_true(b.min == 1.25 && b.median == 1.25 && b.max == 1.25);
	assert_int_equal(b.log.n, 4);
	search_blocked_fini(&b);
	assert_int_equal(
		search_blocked(&w, device_measure, device_measure_event, &bad, &b, &e),
		0);
	assert_int_equal(b.n, 0);
	assert_true(isnan(b.quiet_seconds) && isnan(b.median));
	assert_int_equal(b.log.n_bad, 16);
	search_blocked_fini(&b);
	assert_int_equal(
		search_blocked(&w, device_measure, device_measure_event, &fails, &b, &e),
		-EIO);
	assert_int_equal(b.n, 1);
	search_blocked_fini(&b);
	search_blocked_fini(&b);
	assert_int_equal(
		search_blocked(&w, device_measure, device_measure_event, &leaky, &b, &e),
		0);
	assert_true(fabs(b.quiet_seconds - 0.01) < 1e-9);
	search_blocked_fini(&b);
	assert_true(search_blocked_time(&none) == 0 && search_blocked_time(&more) == 0);
	assert_true(search_blocked_time(&slow) == 5); /* at the rate that was sent */
	w.repeats = 0;
	is_refused(search_blocked(&w, device_measure, device_measure, &d, &b, &e), &e,
		   "repetitions");
	search_blocked_defaults(&w);
	w.rate_pps = NAN;
	is_refused(search_blocked(&w, device_measure, device_measure, &d, &b, &e), &e,
		   "rate");
}

/* --- soak
 * -------------------------------------------------------------------------------- */

/* The line once more, by two passes. */
static void check_line(const struct search_soak_result *k, double interval)
{
	double n = k->log.n, x = 0, y = 0, xx = 0, xy = 0, rest = 0, slope;

	for (unsigned i = 0; i < k->log.n; i++) {
		x += (i + 0.5) * interval / 3600 / n;
		y += search_loss_ratio(&k->log.trial[i]) / n;
	}
	for (unsigned i = 0; i < k->log.n; i++) {
		double dx = (i + 0.5) * interval / 3600 - x;

		xx += dx * dx;
		xy += dx * (search_loss_ratio(&k->log.trial[i]) - y);
	}
	slope = xy / xx;
	for (unsigned i = 0; i < k->log.n; i++)
		rest += pow(search_loss_ratio(&k->log.trial[i]) - y -
				    slope * ((i + 0.5) * interval / 3600 - x),
			    2);
	assert_true(fabs(k->drift - slope) <= 1e-9);
	assert_true(fabs(k->drift_error - sqrt(rest / (n - 2) / xx)) <= 1e-9);
}

static void soak(const struct search_soak *w, struct device *d,
		 struct search_soak_result *out)
{
	struct err e;

	assert_int_equal(search_soak(w, device_measure, d, out, &e), 0);
	log_is_sane(&out->log, d);
	if (!out->log.n_bad)
		check_line(out, w->interval);
	search_soak_fini(out);
}

static void test_soak(void **state)
{
	struct device clean = {.capacity = 1e6, .seed = 1},
		      drifts = {.capacity = 1e4, .drift = -1e-4, .seed = 1},
		      noisy = {.capacity = 9900, .noise = 0.005, .seed = 1},
		      disturbed = {.capacity = 1e6, .disturbed_of_100 = 50, .seed = 1};
	struct search_soak_result k;
	struct search_soak w;

	(void)state;
	search_soak_defaults(&w);
	soak(&w, &clean, &k);
	assert_int_equal(k.n, 180);
	assert_true(!k.n_lossy && !k.lost && k.loss_ratio == 0 && k.worst_ratio == 0);
	assert_true(k.drift == 0 && k.drift_error == 0);
	soak(&w, &drifts, &k);
	assert_int_equal(k.n_lossy, 179); /* the first was right at the capacity */
	assert_int_equal(k.worst, 179);
	/* 1e-4 each 10 s, less what compounds: about 0.036 an hour */
	assert_true(fabs(k.drift - 0.0357) < 0.0003);
	assert_true(k.drift_error < k.drift / 50);
	assert_true(k.worst_ratio > 0.0177 && k.worst_ratio < 0.018);
	assert_true(fabs(k.loss_ratio - 0.0089) < 0.0002);
	soak(&w, &noisy, &k);
	assert_true(fabs(k.drift) < 3 * k.drift_error && k.drift_error > 0);
	soak(&w, &disturbed, &k);
	assert_true(k.n > 60 && k.n < 120 && k.lost == 0);
}

static void test_soak_refuses(void **state)
{
	struct device fails = {.capacity = 1e4, .fail_at = 5, .seed = 1};
	struct search_soak_result k;
	struct search_soak w;
	struct err e;

	(void)state;
	search_soak_defaults(&w);
	assert_int_equal(search_soak(&w, device_measure, &fails, &k, &e), -EIO);
	assert_int_equal(k.n, 4);
	search_soak_fini(&k);
	w.intervals = 0;
	is_refused(search_soak(&w, NULL, NULL, &k, &e), &e, "intervals");
	w.intervals = UINT32_MAX;
	is_refused(search_soak(&w, NULL, NULL, &k, &e), &e, "intervals");
	search_soak_defaults(&w);
	w.max_repeats = UINT32_MAX; /* one more is 0 */
	is_refused(search_soak(&w, NULL, NULL, &k, &e), &e, "repeats");
	w.max_repeats = 0;
	w.interval = NAN;
	is_refused(search_soak(&w, NULL, NULL, &k, &e), &e, "duration");
	w.interval = 10;
	w.rate_pps = -1;
	is_refused(search_soak(&w, NULL, NULL, &k, &e), &e, "rate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_is_found),
		cmocka_unit_test(test_burst_sums_up),
		cmocka_unit_test(test_burst_ends),
		cmocka_unit_test(test_burst_refuses),
		cmocka_unit_test(test_latency_plan),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_soak),
		cmocka_unit_test(test_soak_refuses),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	search_burst_fini(&r);
	return rc;
}

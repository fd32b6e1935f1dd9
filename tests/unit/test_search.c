/* SPDX-License-Identifier: BSD-2-Clause */
/* search: throughput and frame loss rate against simulated devices. */
#include "tests/unit/search_device.h"

static struct search_throughput s;
static struct search_throughput_result r, r2;

static void run(struct device *d)
{
	struct err e;

	d->calls = 0;
	d->highest = 0;
	search_throughput_fini(&r);
	assert_int_equal(search_throughput(&s, device_measure, d, &r, &e), 0);
	log_is_sane(&r.log, d);
	assert_true(d->highest <= s.range.max_pps && d->lowest >= s.range.min_pps);
	assert_true(r.pps == r.lower_pps);
}

static void test_defaults(void **state)
{
	struct search_loss l;

	(void)state;
	search_throughput_defaults(&s);
	assert_true(s.seconds == 60 && s.loss_ratio == 0); /* RFC 2544 24, 26.1 */
	search_loss_defaults(&l);
	assert_true(l.step == 0.1);
}

static void test_step(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct device d = {.seed = 5};
		double widths;

		search_throughput_defaults(&s);
		s.resolution = device_log_uniform(&seed, 1e-4, 0.1);
		d.capacity = device_log_uniform(&seed, 2000, 9e6);
		run(&d);
		assert_int_equal(r.end, SEARCH_END_found);
		assert_true(r.lower_pps <= d.capacity + 1 && d.capacity <= r.upper_pps);
		assert_true(r.upper_pps - r.lower_pps <= s.resolution * r.upper_pps);
		widths = s.range.max_pps / (s.resolution * d.capacity);
		assert_true(r.log.n <= log2(widths) + 4);
		assert_int_equal(r.log.seconds, r.log.n * 60);
	}
}

static void test_ends(void **state)
{
	struct device can_all = {.capacity = 1e9, .seed = 1},
		      loses = {.capacity = 1e9, .floor_loss = 1e-3, .seed = 1},
		      at_floor = {.capacity = 1001, .seed = 1};

	(void)state;
	search_throughput_defaults(&s);
	run(&can_all);
	assert_int_equal(r.end, SEARCH_END_max);
	assert_int_equal(r.log.n, 1);
	assert_true(r.pps == s.range.max_pps && r.upper_pps == 0);
	run(&loses);
	assert_int_equal(r.end, SEARCH_END_min);
	assert_true(r.pps == 0 && r.upper_pps == s.range.min_pps);
	s.loss_ratio = 1e-3; /* allowed now, exactly */
	run(&loses);
	assert_int_equal(r.end, SEARCH_END_max);
	s.loss_ratio = 0;
	run(&at_floor);
	assert_int_equal(r.end, SEARCH_END_found);
	assert_true(r.pps == s.range.min_pps);
	s.range.max_pps = s.range.min_pps; /* one rate only */
	run(&at_floor);
	assert_int_equal(r.end, SEARCH_END_max);
	run(&loses);
	assert_int_equal(r.end, SEARCH_END_min);
}

static void test_not_monotonic(void **state)
{
	uint64_t seed = 8;

	(void)state;
	search_throughput_defaults(&s);
	for (int round = 0; round < 200; round++) {
		struct device d = {.capacity = 4e6, .noise = 0.02, .seed = seed};

		d.dip_from = device_log_uniform(&seed, 2000, 3e6);
		d.dip_to = d.dip_from * 1.3;
		run(&d);
		assert_int_equal(r.end, SEARCH_END_found);
		/* at the capacity, or at the lower edge of the dip: never inside */
		if (r.pps > d.dip_from * 1.005)
			assert_true(fabs(r.pps / 4e6 - 1) < 0.03);
		else
			assert_true(r.pps >= d.dip_from * 0.994);
		assert_true(r.lower_pps < r.upper_pps);
	}
}

static void test_disturbed(void **state)
{
	uint64_t seed = 3;
	int found = 0;

	(void)state;
	search_throughput_defaults(&s);
	s.range.max_repeats = 10;
	for (int round = 0; round < 200; round++) {
		struct device d = {.disturbed_of_100 = 30, .seed = seed};

		d.capacity = device_log_uniform(&seed, 1e4, 9e6);
		run(&d);
		if (r.end == SEARCH_END_unusable)
			continue; /* eleven bad ones in a row, and said so */
		found++;
		assert_true(r.lower_pps <= d.capacity && d.capacity <= r.upper_pps);
		assert_true(r.log.n_bad <= r.log.n * 10 / 11);
	}
	assert_true(found >= 199);
}

static void test_sender_too_slow(void **state)
{
	struct device d = {.capacity = 1e9, .sender_max = 2e6, .seed = 1},
		      never = {.capacity = 1e9, .disturbed_of_100 = 100, .seed = 1};

	(void)state;
	search_throughput_defaults(&s);
	run(&d);
	assert_int_equal(r.end, SEARCH_END_unusable);
	assert_true(r.pps <= 2e6 && r.pps >= 2e6 * 0.994);
	assert_true(r.upper_pps == 0); /* nothing was lost */
	d.capacity = 1.5e6; /* the device is slower than the sender: an ordinary figure */
	run(&d);
	assert_int_equal(r.end, SEARCH_END_found);
	assert_true(r.lower_pps <= 1.5e6 && r.upper_pps >= 1.5e6);
	run(&never);
	assert_int_equal(r.end, SEARCH_END_unusable);
	assert_true(r.pps == 0);
	assert_int_equal(r.log.n_bad, r.log.n);
	assert_int_equal(r.log.n % (s.range.max_repeats + 1), 0);
}

static void test_time_and_errors(void **state)
{
	struct device d = {.capacity = 12345, .seed = 1};
	struct err e = {0};

	(void)state;
	search_throughput_defaults(&s);
	s.range.gap = 2;
	s.range.time_limit = 10 * 62;
	run(&d);
	assert_int_equal(r.end, SEARCH_END_time);
	assert_int_equal(r.log.n, 10);
	assert_true(r.log.seconds == 620);
	assert_true(r.lower_pps <= 12345 && r.upper_pps >= 12345);
	s.range.time_limit = 30;
	run(&d);
	assert_int_equal(r.end, SEARCH_END_time);
	assert_int_equal(r.log.n, 0);
	s.range.time_limit = 0;
	d.calls = 0;
	d.fail_at = 4;
	search_throughput_fini(&r);
	assert_int_equal(search_throughput(&s, device_measure, &d, &r, &e), -EIO);
	assert_string_equal(e.text, "the cable was pulled");
	assert_int_equal(r.end, SEARCH_END_undefined);
	log_is_sane(&r.log, &d);
	search_throughput_fini(&r);
	search_throughput_fini(&r);
}

static void test_repeatable(void **state)
{
	struct device d = {.capacity = 1e6, .noise = 0.1, .drift = 0.001}, d2;
	struct err e;

	(void)state;
	search_throughput_defaults(&s);
	for (uint64_t seed = 1; seed < 30; seed++) {
		d.capacity = 1e6;
		d.seed = seed;
		d2 = d;
		run(&d);
		assert_int_equal(search_throughput(&s, device_measure, &d2, &r2, &e), 0);
		assert_int_equal(r.log.n, r2.log.n);
		assert_true(r.pps == r2.pps && r.upper_pps == r2.upper_pps);
		search_throughput_fini(&r2);
		assert_true(r.lower_pps < r.upper_pps);
		assert_true(r.pps > 8.5e5 && r.pps < 1.2e6);
	}
}

static int claims_more(void *arg, double rate, double seconds, struct search_trial *out,
		       struct err *e)
{
	int rc = device_measure(arg, rate, seconds, out, e);

	out->received = out->offered + 1;
	return rc;
}

static int offers_nothing(void *arg, double rate, double seconds,
			  struct search_trial *out, struct err *e)
{
	int rc = device_measure(arg, rate, seconds, out, e);

	out->offered = out->received = 0;
	return rc;
}

static void test_impossible_trials(void **state)
{
	struct device d = {.capacity = 1e6, .seed = 1};
	struct err e;

	(void)state;
	search_throughput_defaults(&s);
	search_throughput_fini(&r);
	assert_int_equal(search_throughput(&s, claims_more, &d, &r, &e), 0);
	assert_int_equal(r.end, SEARCH_END_unusable);
	search_throughput_fini(&r);
	assert_int_equal(search_throughput(&s, offers_nothing, &d, &r, &e), 0);
	assert_int_equal(r.end, SEARCH_END_unusable);
	assert_true(r.pps == 0);
	search_throughput_fini(&r);
}

/* One figure made hostile: refused before the first trial. */
static void refused(double *figure, double v, const char *word)
{
	struct device d = {.capacity = 1e6, .seed = 1};
	double keep = *figure;
	struct err e = {0};

	*figure = v;
	search_throughput_fini(&r);
	is_refused(search_throughput(&s, device_measure, &d, &r, &e), &e, word);
	assert_int_equal(d.calls, 0);
	search_throughput_fini(&r);
	*figure = keep;
}

static void test_hostile(void **state)
{
	static const double bad[] = {NAN, INFINITY, -INFINITY, -1, 1e300};

	(void)state;
	search_throughput_defaults(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refused(&s.range.min_pps, bad[i], "lowest rate");
		refused(&s.range.max_pps, bad[i], "highest");
		refused(&s.range.time_limit, bad[i], "time limit");
		refused(&s.range.gap, bad[i], "gap");
		refused(&s.seconds, bad[i], "duration");
		refused(&s.resolution, bad[i], "resolution");
		refused(&s.loss_ratio, bad[i], "loss ratio");
	}
	refused(&s.range.min_pps, 0, "lowest rate");
	refused(&s.range.max_pps, 0, "highest rate");
	refused(&s.range.min_pps, 1e8, "above the highest");
	refused(&s.range.min_pps, 0.01, "no frame");
	refused(&s.seconds, 0, "duration");
	refused(&s.resolution, 0, "resolution");
	refused(&s.loss_ratio, 1, "loss ratio");
	s.range.max_repeats = 1000;
	refused(&s.seconds, 60, "repeats");
}

static struct search_loss_result l;

static void loss(const struct search_loss *c, struct device *d, enum search_end end)
{
	struct err e;

	search_loss_fini(&l);
	d->calls = 0;
	assert_int_equal(search_loss(c, device_measure, d, &l, &e), 0);
	assert_int_equal(l.end, end);
	log_is_sane(&l.log, d);
}

static void test_loss_rate(void **state)
{
	struct search_loss c;
	struct device d = {.capacity = 650000, .seed = 1},
		      loses = {.capacity = 1e9, .floor_loss = 0.5, .seed = 1},
		      slow = {.capacity = 1e9, .sender_max = 750000, .seed = 1};

	(void)state;
	search_loss_defaults(&c);
	c.range.max_pps = 1e6;
	loss(&c, &d, SEARCH_END_found);
	assert_int_equal(l.n_rows, 6); /* 100 90 80 70, and 60 50 without loss */
	for (unsigned i = 0; i < 6; i++) {
		assert_true(fabs(l.row[i].share - (1 - 0.1 * i)) < 1e-12);
		assert_true(fabs(l.row[i].loss_ratio -
				 fmax(0, 1 - 0.65 / (1 - 0.1 * i))) < 1e-6);
		assert_int_equal(l.row[i].trial, i);
	}
	d.dip_from = 550000; /* one without loss, one with: not two in a row */
	d.dip_to = 610000;
	d.capacity = 750000;
	loss(&c, &d, SEARCH_END_found);
	assert_int_equal(l.n_rows, 7); /* 70 is clean, 60 is not, 50 and 40 are */
	loss(&c, &loses, SEARCH_END_min);
	assert_int_equal(l.n_rows, 10);
	assert_true(l.row[9].share == 0.1 && l.row[9].loss_ratio == 0.5);
	loss(&c, &slow, SEARCH_END_found);
	assert_int_equal(l.n_rows, 5);
	assert_true(isnan(l.row[0].loss_ratio) && isnan(l.row[2].loss_ratio));
	assert_true(l.row[3].loss_ratio == 0 && l.log.n_bad == 12);
	c.step = 0.001;
	loss(&c, &loses, SEARCH_END_min);
	assert_int_equal(l.n_rows, 1000);
	c.range.time_limit = 179;
	loss(&c, &loses, SEARCH_END_time);
	assert_int_equal(l.n_rows, 2);
	search_loss_fini(&l);
}

static void test_loss_refuses(void **state)
{
	static const double bad[] = {0, 0.0009, 0.11, -0.1, NAN, INFINITY};
	struct device d = {.capacity = 1, .seed = 1};
	struct search_loss c;
	struct err e;

	(void)state;
	search_loss_defaults(&c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c.step = bad[i];
		is_refused(search_loss(&c, device_measure, &d, &l, &e), &e, "step");
		assert_int_equal(d.calls, 0);
	}
	search_loss_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_not_monotonic),
		cmocka_unit_test(test_disturbed),
		cmocka_unit_test(test_sender_too_slow),
		cmocka_unit_test(test_time_and_errors),
		cmocka_unit_test(test_repeatable),
		cmocka_unit_test(test_impossible_trials),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_loss_rate),
		cmocka_unit_test(test_loss_refuses),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	search_throughput_fini(&r);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* search_mlr: NDR and PDR of simulated devices. */
#include "tests/unit/search_device.h"

static struct search_mlr s;
static struct search_mlr_result r, r2;

static void run(struct device *d)
{
	struct err e;

	d->calls = 0;
	d->highest = 0;
	search_mlr_fini(&r);
	assert_int_equal(search_mlr(&s, device_measure, d, &r, &e), 0);
	log_is_sane(&r.log, d);
	assert_int_equal(r.n_goals, s.n_goals);
	assert_true(!d->calls || (d->highest <= s.range.max_pps * (1 + 1e-12) &&
				  d->lowest >= s.range.min_pps * (1 - 1e-12)));
	for (unsigned i = 0; i < s.n_goals; i++) {
		struct search_goal_result *g = &r.goal[i];

		if (g->end == SEARCH_END_found) {
			assert_true(g->lower_pps > 0 && g->lower_pps < g->upper_pps);
			assert_true(g->upper_pps - g->lower_pps <=
				    s.goal[i].width * g->upper_pps * (1 + 1e-9));
		}
		assert_true(g->conditional_pps <= g->lower_pps);
		assert_true(g->conditional_pps >=
			    g->lower_pps * (1 - s.goal[i].loss_ratio) - 1e-6);
	}
}

static void test_defaults(void **state)
{
	(void)state;
	search_mlr_defaults(&s);
	assert_int_equal(s.n_goals, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(s.goal[i].name, i ? "PDR" : "NDR");
		assert_true(s.goal[i].loss_ratio == (i ? 0.005 : 0));
		assert_true(s.goal[i].exceed_ratio == 0.5 && s.goal[i].width == 0.005);
		assert_true(s.goal[i].initial_seconds == 1 &&
			    s.goal[i].final_seconds == 1);
		assert_true(s.goal[i].duration_sum == 21);
	}
	assert_true(s.range.time_limit == 1200);
}

static void test_step(void **state)
{
	uint64_t seed = 1;
	unsigned most = 0;

	(void)state;
	search_mlr_defaults(&s);
	for (int round = 0; round < 300; round++) {
		struct device d = {.seed = 5};
		double pdr;

		d.capacity = device_log_uniform(&seed, 2000, 9e6);
		pdr = d.capacity / 0.995;
		run(&d);
		assert_int_equal(r.goal[0].end, SEARCH_END_found);
		assert_int_equal(r.goal[1].end, SEARCH_END_found);
		/* a second of frames: one more or less is within rounding */
		assert_true(r.goal[0].lower_pps <= d.capacity + 1);
		assert_true(r.goal[0].upper_pps >= d.capacity);
		assert_true(r.goal[1].lower_pps <= pdr + 2 &&
			    r.goal[1].upper_pps >= pdr - 2);
		assert_true(r.goal[0].conditional_pps == r.goal[0].lower_pps);
		most = r.log.n > most ? r.log.n : most;
	}
	/* two bounds of 11 trials for each goal, and some on the way */
	assert_in_range(most, 44, 120);
}

static void test_shorter_first_trials(void **state)
{
	uint64_t seed = 2;

	(void)state;
	search_mlr_defaults(&s);
	s.range.time_limit = 0;
	for (int round = 0; round < 100; round++) {
		struct device d = {.seed = 5, .noise = 0.002};

		for (int i = 0; i < 2; i++) {
			s.goal[i].preceding = make_below(&seed, 9);
			s.goal[i].initial_seconds = 0.1;
			s.goal[i].final_seconds = 1 + make_below(&seed, 60);
			s.goal[i].duration_sum =
				s.goal[i].final_seconds * (1 + make_below(&seed, 5));
			s.goal[i].exceed_ratio = make_below(&seed, 2) ? 0 : 0.5;
		}
		d.capacity = device_log_uniform(&seed, 20000, 9e6);
		run(&d);
		assert_int_equal(r.goal[0].end, SEARCH_END_found);
		assert_int_equal(r.goal[1].end, SEARCH_END_found);
		assert_true(fabs(r.goal[0].lower_pps / d.capacity - 1) < 0.012);
		assert_true(fabs(r.goal[1].lower_pps / d.capacity - 1.005) < 0.012);
		assert_true(r.log.n < 2000);
	}
}

static void test_ends(void **state)
{
	struct device can_all = {.capacity = 1e9, .seed = 1},
		      loses = {.capacity = 1e9, .floor_loss = 0.1, .seed = 1},
		      between = {.capacity = 1e9, .floor_loss = 0.004, .seed = 1};

	(void)state;
	search_mlr_defaults(&s);
	run(&can_all);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r.goal[i].end, SEARCH_END_max);
		assert_true(r.goal[i].lower_pps == 1e7 && r.goal[i].upper_pps == 0);
		assert_true(r.goal[i].conditional_pps == 1e7);
	}
	assert_int_equal(r.log.n, 11); /* the twelfth could change nothing */
	run(&loses);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r.goal[i].end, SEARCH_END_min);
		assert_true(r.goal[i].lower_pps == 0 && r.goal[i].conditional_pps == 0);
		assert_true(r.goal[i].upper_pps == s.range.min_pps);
	}
	assert_true(r.log.n < 80);
	run(&between);
	assert_int_equal(r.goal[0].end, SEARCH_END_min);
	assert_int_equal(r.goal[1].end, SEARCH_END_max);
	assert_true(fabs(r.goal[1].conditional_pps / 1e7 - 0.996) < 1e-6);
	s.range.min_pps = s.range.max_pps;
	run(&between);
	assert_int_equal(r.goal[0].end, SEARCH_END_min);
	assert_int_equal(r.goal[1].end, SEARCH_END_max);
}

/* The truth of a noisy device: the load at which half of the trials lose. */
static void test_noise(void **state)
{
	uint64_t seed = 4;
	unsigned near = 0, rounds = 100;

	(void)state;
	search_mlr_defaults(&s);
	for (unsigned round = 0; round < rounds; round++) {
		double capacity = device_log_uniform(&seed, 20000, 8e6);
		struct device d = {.noise = 0.05, .seed = seed, .capacity = capacity};

		run(&d);
		assert_int_equal(r.goal[0].end, SEARCH_END_found);
		assert_int_equal(r.goal[1].end, SEARCH_END_found);
		near += fabs(r.goal[0].lower_pps / capacity - 1) < 0.025;
		assert_true(fabs(r.goal[0].lower_pps / capacity - 1) < 0.05);
		assert_true(r.log.n < 500);
	}
	assert_true(near > rounds * 8 / 10);
}

/* Near the highest load bounds come and go, but no load is above it. */
static void test_noise_at_the_top(void **state)
{
	uint64_t seed = 12;

	(void)state;
	search_mlr_defaults(&s);
	for (int round = 0; round < 200; round++) {
		struct device d = {.noise = 0.03, .seed = seed};

		d.capacity = 9.8e6 + make_below(&seed, 400000);
		run(&d);
		for (int i = 0; i < 2; i++) {
			assert_true(r.goal[i].end == SEARCH_END_found ||
				    r.goal[i].end == SEARCH_END_max);
			assert_true(r.goal[i].lower_pps > 9.4e6);
		}
	}
}

static void test_not_monotonic_and_drifting(void **state)
{
	uint64_t seed = 6;

	(void)state;
	search_mlr_defaults(&s);
	for (int round = 0; round < 200; round++) {
		struct device d = {.capacity = 4e6, .noise = 0.01, .seed = seed};

		if (round % 2)
			d.drift = round % 4 == 1 ? 2e-4 : -2e-4;
		d.dip_from = device_log_uniform(&seed, 2000, 3e6);
		d.dip_to = d.dip_from * 1.5;
		run(&d);
		for (int i = 0; i < 2; i++) {
			double low = r.goal[i].lower_pps;

			assert_int_equal(r.goal[i].end, SEARCH_END_found);
			/* never inside the dip, and at one of the two places */
			assert_true(low <= d.dip_from || low >= d.dip_to);
			assert_true(fabs(low / 4e6 - 1) < 0.15 ||
				    fabs(low / d.dip_from - 1) < 0.006);
		}
		assert_true(r.log.n < 500);
	}
}

static void test_disturbed(void **state)
{
	uint64_t seed = 3;

	(void)state;
	search_mlr_defaults(&s);
	s.range.max_repeats = 20;
	for (int round = 0; round < 100; round++) {
		struct device d = {.disturbed_of_100 = 30, .seed = seed};

		d.capacity = device_log_uniform(&seed, 1e4, 9e6);
		run(&d);
		assert_int_equal(r.goal[0].end, SEARCH_END_found);
		assert_true(r.goal[0].lower_pps <= d.capacity + 1 &&
			    r.goal[0].upper_pps >= d.capacity);
		assert_true(r.log.n_bad > 0);
	}
}

static void test_sender_too_slow(void **state)
{
	struct device d = {.capacity = 1e9, .sender_max = 2e6, .seed = 1},
		      never = {.capacity = 1e9, .disturbed_of_100 = 100, .seed = 1},
		      slower = {.capacity = 1.99e6, .sender_max = 2e6, .seed = 1};

	(void)state;
	search_mlr_defaults(&s);
	run(&d);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r.goal[i].end, SEARCH_END_unusable);
		assert_true(r.goal[i].lower_pps <= 2e6 && r.goal[i].lower_pps > 1.98e6);
		assert_true(r.goal[i].upper_pps == 0);
	}
	run(&slower);
	assert_int_equal(r.goal[0].end, SEARCH_END_found);
	assert_true(r.goal[0].lower_pps <= 1.99e6 && r.goal[0].upper_pps >= 1.99e6);
	run(&never);
	assert_int_equal(r.goal[0].end, SEARCH_END_unusable);
	assert_true(r.goal[0].lower_pps == 0);
	assert_int_equal(r.log.n, r.log.n_bad);
	assert_true(r.log.n < 100);
}

static void test_time_and_errors(void **state)
{
	struct device d = {.capacity = 123456, .seed = 1};
	struct err e = {0};

	(void)state;
	search_mlr_defaults(&s);
	for (unsigned limit = 0; limit < 60; limit += 3) {
		s.range.time_limit = limit + 0.5;
		s.range.gap = 0.5;
		run(&d);
		assert_true(r.log.seconds <= limit + 0.5);
		assert_true(r.goal[1].end == SEARCH_END_time);
		assert_true(r.goal[0].end == SEARCH_END_time ||
			    r.goal[0].end == SEARCH_END_found);
		assert_true(r.goal[0].lower_pps <= d.capacity + 1);
	}
	s.range.time_limit = 0;
	for (unsigned at = 1; at < 40; at++) {
		d.fail_at = at;
		d.calls = 0;
		search_mlr_fini(&r);
		assert_int_equal(search_mlr(&s, device_measure, &d, &r, &e), -EIO);
		assert_string_equal(e.text, "the cable was pulled");
		assert_int_equal(r.goal[1].end, SEARCH_END_undefined);
		log_is_sane(&r.log, &d);
	}
	search_mlr_fini(&r);
	search_mlr_fini(&r);
}

static void test_repeatable(void **state)
{
	struct err e;

	(void)state;
	search_mlr_defaults(&s);
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct device d = {.capacity = 1e6, .noise = 0.1, .seed = seed}, d2 = d;

		run(&d);
		assert_int_equal(search_mlr(&s, device_measure, &d2, &r2, &e), 0);
		assert_int_equal(r.log.n, r2.log.n);
		assert_memory_equal(r.goal, r2.goal, sizeof(r.goal));
		search_mlr_fini(&r2);
	}
}

static void refused(double *figure, double v, const char *word)
{
	struct device d = {.capacity = 1e6, .seed = 1};
	double keep = *figure;
	struct err e = {0};

	*figure = v;
	search_mlr_fini(&r);
	is_refused(search_mlr(&s, device_measure, &d, &r, &e), &e, word);
	assert_int_equal(d.calls, 0);
	search_mlr_fini(&r);
	*figure = keep;
}

static void test_hostile(void **state)
{
	static const double bad[] = {NAN, INFINITY, -INFINITY, -1, 1e300};
	struct search_goal *g = &s.goal[1];
	struct err e;

	(void)state;
	search_mlr_defaults(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refused(&s.range.min_pps, bad[i], "lowest rate");
		refused(&s.range.max_pps, bad[i], "highest");
		refused(&g->loss_ratio, bad[i], "goal PDR: the loss ratio");
		refused(&g->exceed_ratio, bad[i], "exceed");
		refused(&g->width, bad[i], "width");
		refused(&g->initial_seconds, bad[i], "duration");
		refused(&g->final_seconds, bad[i], "final");
		refused(&g->duration_sum, bad[i], "sum");
	}
	refused(&g->width, 0, "width");
	refused(&g->final_seconds, 0.5, "final");
	refused(&g->duration_sum, 0.5, "sum");
	refused(&g->exceed_ratio, 1, "exceed");
	refused(&s.range.min_pps, 1e8, "above the highest");
	refused(&s.range.min_pps, 0.5, "no frame");
	g->preceding = 9;
	is_refused(search_mlr(&s, device_measure, NULL, &r, &e), &e, "preceding");
	s.n_goals = 0;
	is_refused(search_mlr(&s, device_measure, NULL, &r, &e), &e, "goals");
	s.n_goals = SEARCH_GOALS_MAX + 1;
	is_refused(search_mlr(&s, device_measure, NULL, &r, &e), &e, "goals");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_shorter_first_trials),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_noise_at_the_top),
		cmocka_unit_test(test_not_monotonic_and_drifting),
		cmocka_unit_test(test_disturbed),
		cmocka_unit_test(test_sender_too_slow),
		cmocka_unit_test(test_time_and_errors),
		cmocka_unit_test(test_repeatable),
		cmocka_unit_test(test_hostile),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	search_mlr_fini(&r);
	return rc;
}
